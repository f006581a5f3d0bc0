//! Heads, written.

/// What a head commonly has room in.
const COMMON_BYTES: usize = 512;

/// The head of a message, field by field.
#[derive(Debug)]
pub struct HeadWriter {
    bytes: Vec<u8>,
}

impl HeadWriter {
    /// A head whose first line has these three parts: method, target and version, or version, status and reason.
    #[must_use]
    pub fn new(first_line: [&[u8]; 3]) -> Self {
        let [first, second, third] = first_line;
        let mut writer = Self { bytes: Vec::with_capacity(COMMON_BYTES) };
        writer.line(&[first, b" ", second, b" ", third]);
        writer
    }

    /// The head of an answer.
    #[must_use]
    pub fn answer(version: &str, status: u16, reason: &str) -> Self {
        let mut digits = itoa::Buffer::new();
        Self::new([version.as_bytes(), digits.format(status).as_bytes(), reason.as_bytes()])
    }

    /// Adds a field. Neither name nor value may hold a line end; what is passed on here was parsed.
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.line(&[name.as_bytes(), b": ", value.as_ref()]);
    }

    /// Adds a field whose value is a decimal number.
    pub fn number(&mut self, name: &str, value: impl itoa::Integer) {
        self.field(name, itoa::Buffer::new().format(value));
    }

    /// Ends the head with its empty line.
    #[must_use]
    pub fn end(mut self) -> Vec<u8> {
        self.line(&[]);
        self.bytes
    }

    fn line(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(b"\r\n");
    }
}
