//! Where answers are printed, beside a progress bar.

use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Stdout, Write as _};
use std::ops::ControlFlow;

use super::progress::Progress;
use crate::command::{Exit, complain, is_coloured};

/// Standard output, written in pieces, or where somebody looks at it line by line.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    progress: Progress,
    is_watched: bool,
    pub(super) is_coloured: bool,
    failure: Option<io::Error>,
}

impl Output {
    /// With a progress bar for so many bytes to be read.
    pub(super) fn new(total_bytes: u64) -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            progress: Progress::of(total_bytes),
            is_watched: io::stdout().is_terminal(),
            is_coloured: is_coloured(&io::stdout()),
            failure: None,
        }
    }

    /// So much was read.
    pub(super) fn step(&mut self, read_bytes: u64) {
        self.progress.step(read_bytes);
    }

    /// Prints some lines. Where that is not possible there is no point in going on.
    pub(super) fn print(&mut self, lines: &[u8]) -> ControlFlow<()> {
        if self.is_watched {
            self.progress.hide();
        }
        let printed = self.out.write_all(lines);
        match printed {
            Ok(()) if self.is_watched => self.flush(),
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Has what was printed seen.
    pub(super) fn flush(&mut self) -> ControlFlow<()> {
        match self.out.flush() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Writes out what is left. A reader that has had enough (`head`) is no failure.
    pub(super) fn finish(mut self, read: io::Result<()>) -> Exit {
        self.progress.hide();
        let flushed = if self.failure.is_none() { self.out.flush() } else { Ok(()) };
        match self.failure.map_or(flushed, Err) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                complain(&format_args!("dockgate: the answer cannot be written: {error}"));
                return Exit::Failure;
            }
            Ok(()) | Err(_) => {}
        }
        match read {
            Ok(()) => Exit::Success,
            Err(error) => super::unreadable(&error),
        }
    }
}

/// What is printed in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Green,
    Red,
    Yellow,
    Dim,
    Bold,
}

impl Colour {
    /// The text in this colour, where there are colours.
    pub(super) fn paint(self, text: &str, is_coloured: bool) -> String {
        let code = match self {
            Self::Green => "32",
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Dim => "2",
            Self::Bold => "1",
        };
        if is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The colour of a decision.
    pub(super) fn of_decision(decision: &str) -> Self {
        match decision {
            "permit" => Self::Green,
            "observe" => Self::Yellow,
            _ => Self::Red,
        }
    }
}
