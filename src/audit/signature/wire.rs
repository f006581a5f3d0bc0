//! SSH's own encoding: numbers of 32 bits, and strings behind their length (RFC 4251, section 5).

/// Reads from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// Writes at the end.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// From behind a private key's cipher: its one secret part, whose check numbers must agree.
    pub(super) fn secret_part(&mut self) -> Option<Self> {
        let (_kdf, _options) = (self.string()?, self.string()?);
        if self.number()? != 1 {
            return None;
        }
        let _public = self.string()?;
        let mut secret = Self(self.string()?);
        (secret.number()? == secret.number()?).then_some(secret)
    }
}

impl Writer {
    pub(super) fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn string(&mut self, string: &[u8]) {
        // Nothing that is signed comes near the limit.
        self.number(u32::try_from(string.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(string);
    }
}
