//! Archives made entry by entry, odd ones too.

/// An entry to be packed.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) flag: u8,
    pub(crate) link: Vec<u8>,
    pub(crate) content: Vec<u8>,
    /// What the header says in its stead.
    pub(crate) size: Option<&'static [u8]>,
    pub(crate) magic: &'static [u8],
    pub(crate) prefix: &'static [u8],
    pub(crate) before: Vec<Entry>,
}

impl Entry {
    pub(crate) fn new(flag: u8, name: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            flag,
            link: Vec::new(),
            content: Vec::new(),
            size: None,
            magic: b"ustar\x0000",
            prefix: b"",
            before: Vec::new(),
        }
    }

    pub(crate) fn file(name: &str, content: &str) -> Self {
        Self { content: content.into(), ..Self::new(b'0', name) }
    }

    pub(crate) fn directory(name: &str) -> Self {
        Self::new(b'5', name)
    }

    pub(crate) fn symlink(name: &str, target: &str) -> Self {
        Self { link: target.into(), ..Self::new(b'2', name) }
    }

    pub(crate) fn hard_link(name: &str, target: &str) -> Self {
        Self { link: target.into(), ..Self::new(b'1', name) }
    }

    /// PAX records before an entry.
    pub(crate) fn records(flag: u8, records: &[(&str, &str)]) -> Self {
        let content: String = records.iter().map(|(key, value)| record(key, value)).collect();
        Self { content: content.into(), ..Self::new(flag, "PaxHeaders/x") }
    }

    /// The same with its name in a record before it.
    pub(crate) fn long(self) -> Self {
        let path = String::from_utf8(self.name.clone()).unwrap();
        self.behind(Self::records(b'x', &[("path", &path)]))
    }

    /// The same behind another one.
    pub(crate) fn behind(mut self, other: Self) -> Self {
        self.before.push(other);
        self
    }

    fn pack(&self, out: &mut Vec<u8>) {
        for before in &self.before {
            before.pack(out);
        }
        let mut header = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..][..bytes.len()].copy_from_slice(bytes);
        put(0, &self.name[..self.name.len().min(100)]);
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, self.size.unwrap_or(format!("{:011o}\0", self.content.len()).as_bytes()));
        put(136, b"00000000000\0");
        put(156, &[self.flag]);
        put(157, &self.link[..self.link.len().min(100)]);
        put(257, self.magic);
        put(345, self.prefix);
        sum(&mut header);
        out.extend(header);
        out.extend(&self.content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
}

/// An archive of these entries.
pub(crate) fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = pack_open(entries);
    bytes.extend([0; 1024]);
    bytes
}

/// The same without its end.
pub(crate) fn pack_open(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        entry.pack(&mut bytes);
    }
    bytes
}

/// Puts the right checksum into a header.
pub(crate) fn sum(header: &mut [u8]) {
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let digits = (1..8).map(|digits| rest.len().saturating_add(digits));
    digits
        .map(|length| format!("{length}{rest}"))
        .find(|record| record.starts_with(&record.len().to_string()))
        .unwrap()
}
