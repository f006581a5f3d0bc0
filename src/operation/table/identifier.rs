//! How the identifiers in a path are spelled.

use super::{Endpoint, Identifier};

const NAME: &str =
    "a name or ID begins with a letter or digit and goes on with letters, digits, `_`, `.` and `-`";
const LINK: &str = "a container is named by its name or ID, or by the `name/alias` of a link; each begins with a \
                    letter or digit and goes on with letters, digits, `_`, `.` and `-`";
const REFERENCE: &str = "a reference holds letters, digits and `.`, `_`, `-`, `/`, `:`, `@`, `+`, `[`, `]`";
const PRINTABLE: &str = "a network's name holds printable ASCII characters";

/// More than any name, ID or reference of Docker's has: a reference's name has at most 255 characters, its tag
/// 128, its digest fewer.
const LONGEST_BYTES: usize = 1024;
const TOO_LONG: &str = "it has at most 1024 characters";

impl Endpoint {
    /// Whether the identifier spans several segments, as `{name:.*}` does in the daemon's routes. Where a path
    /// has two identifiers each is one segment.
    pub(super) const fn spans(&self) -> bool {
        match self.identifiers {
            [only] => only.spans(),
            _ => false,
        }
    }
}

impl Identifier {
    const fn spans(self) -> bool {
        match self {
            Self::Container | Self::Exec | Self::Image | Self::Network | Self::Volume | Self::Plugin => true,
            Self::Swarm | Self::Checkpoint | Self::Profile => false,
        }
    }

    /// What is wrong with this spelling, told as how it ought to be. Narrower than the daemon's routes: what is
    /// refused here could name nothing, or should not.
    pub(super) fn fault(self, segments: &[&str]) -> Option<&'static str> {
        if segments.iter().map(|segment| segment.len()).sum::<usize>() > LONGEST_BYTES {
            return Some(TOO_LONG);
        }
        match self {
            Self::Container => (segments.len() > 2 || !segments.iter().all(|s| is_name(s))).then_some(LINK),
            Self::Exec | Self::Volume | Self::Swarm | Self::Checkpoint | Self::Profile => {
                (segments.len() > 1 || !segments.iter().all(|s| is_name(s))).then_some(NAME)
            }
            Self::Image | Self::Plugin => {
                (!segments.iter().all(|s| is_reference_part(s))).then_some(REFERENCE)
            }
            Self::Network => (!segments.iter().all(|s| is_printable(s))).then_some(PRINTABLE),
        }
    }
}

fn is_name(segment: &str) -> bool {
    segment.starts_with(|c: char| c.is_ascii_alphanumeric())
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_reference_part(segment: &str) -> bool {
    !is_dots(segment)
        && segment.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'@' | b'+' | b'[' | b']')
        })
}

fn is_printable(segment: &str) -> bool {
    !is_dots(segment) && segment.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Segments that the daemon would resolve before it looks at its routes.
fn is_dots(segment: &str) -> bool {
    matches!(segment, "" | "." | "..")
}
