//! Heads, written.

use std::fmt::{Display, Write as _};

/// The head of a message, field by field.
#[derive(Debug)]
pub struct HeadWriter {
    text: String,
}

impl HeadWriter {
    /// A head that begins with this line.
    #[must_use]
    pub fn new(first_line: impl Display) -> Self {
        let mut writer = Self { text: String::with_capacity(512) };
        writer.push(format_args!("{first_line}\r\n"));
        writer
    }

    /// Adds a field. Neither name nor value may hold a line end; what is passed on here was parsed.
    pub fn field(&mut self, name: &str, value: impl Display) {
        self.push(format_args!("{name}: {value}\r\n"));
    }

    /// Ends the head with its empty line.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _infallible = self.text.write_fmt(text);
    }
}
