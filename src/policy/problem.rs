//! What is wrong with a policy file, or looks wrong: a sentence in the user's words, with its place.

mod code;
mod render;

use std::ops::Range;

pub use code::{Code, Severity};
pub use render::render;

/// One finding about a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of finding it is.
    pub code: Code,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where: the first place is the finding's own, further ones explain it.
    pub places: Vec<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// What there is to know beside it; may have several lines.
    pub note: Option<String>,
}

/// A place in the user's file, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte range in the source.
    pub span: Range<usize>,
    /// What is there; may be empty.
    pub label: String,
}

impl Problem {
    /// A finding at one place.
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        let place = Place { span, label: String::new() };
        Self { code, message: message.into(), places: vec![place], help: None, note: None }
    }

    /// Says something at the finding's own place.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(first) = self.places.first_mut() {
            first.label = label.into();
        }
        self
    }

    /// Shows a further place.
    pub(super) fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.places.push(Place { span, label: label.into() });
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, where there is something to say.
    pub(super) fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Says what there is to know beside it.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// All that is said of it but its further places, for where one text is shown.
    #[must_use]
    pub fn text(&self) -> String {
        let label = self.places.first().map(|place| place.label.as_str()).filter(|label| !label.is_empty());
        let mut parts = vec![self.message.as_str()];
        parts.extend(label);
        parts.extend(self.note.as_deref());
        parts.extend(self.help.as_deref());
        parts.join("\n")
    }

    /// Whether the policy can be used in spite of it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Where the finding itself starts, in bytes.
    #[must_use]
    pub fn start(&self) -> usize {
        self.places.first().map_or(0, |place| place.span.start)
    }
}
