//! What must be asked of the daemon before an operation can be judged, and what it answered.

use std::fmt;

use super::json::Json;

/// Something that the meaning of an operation hangs on and that only the daemon knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// What the volume of this name is.
    Volume(String),
    /// What the container of this name or ID is.
    Container(String),
}

/// The answers: the thing as the daemon shows it, or none where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts(Vec<(Question, Option<Json>)>);

impl Question {
    /// The path, without version, at which the daemon answers it.
    #[must_use]
    pub fn path(&self) -> String {
        let (before, name, after) = match self {
            Self::Volume(name) => ("/volumes/", name, ""),
            Self::Container(name) => ("/containers/", name, "/json"),
        };
        let mut path = before.to_owned();
        super::percent::encode(name.trim_start_matches('/'), b"", &mut path);
        path.push_str(after);
        path
    }

    /// Whether the daemon can have such a thing. What it cannot have needs no question.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        let (Self::Volume(name) | Self::Container(name)) = self;
        let name = name.strip_prefix('/').unwrap_or(name);
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(name) => write!(f, "volume {name}"),
            Self::Container(name) => write!(f, "container {name}"),
        }
    }
}

impl Facts {
    /// Nothing was asked.
    pub(super) const NONE: Self = Self(Vec::new());

    /// The answer to a question, where it was asked.
    pub(super) fn get(&self, question: &Question) -> Option<&Option<Json>> {
        self.0.iter().find(|(own, _)| own == question).map(|(_, answer)| answer)
    }

    /// Takes down an answer.
    pub(super) fn add(&mut self, question: Question, answer: Option<Json>) {
        self.0.push((question, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::Question;

    #[test]
    fn a_question_is_asked_at_one_path() {
        assert_eq!(Question::Volume("data".into()).path(), "/volumes/data");
        assert_eq!(Question::Container("/web".into()).path(), "/containers/web/json");
        for name in ["", "..", "a/b", "a?b", "a b", "/", "é"] {
            assert!(!Question::Container(name.into()).is_sensible(), "{name}");
        }
    }
}
