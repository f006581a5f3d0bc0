//! `dockgate audit tail`: what is asked now, as it comes.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::output::{Colour, Output};
use super::plain::plain;
use super::row::{self, duration, short_time};
use super::selection::Selection;
use super::{file_of_settings, unreadable};
use crate::audit::read::record::{Ended, Event};
use crate::audit::read::{Filter, Follower, Joiner, Line, Request};
use crate::command::Exit;

/// How often it is looked whether something has come.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a request is waited for before it is shown without its end.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many requests that were shown without their end are remembered.
const OPEN: usize = 10_000;
/// How many lines of the standard input wait to be shown.
const PIPED: usize = 1024;
/// How many of them are taken before what came of them is shown.
const AT_ONCE: usize = 16 * 1024;
/// Room for a request in the log, with which the beginning is found.
const REQUEST_BYTES: u64 = 4096;
const LEAST_BYTES: u64 = 1024 * 1024;

/// What `tail` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct TailArguments {
    /// The audit file; `-` is the standard input, of which all is shown that comes
    ///
    /// Without it, the file that the environment or the settings file names (`DOCKGATE_AUDIT`,
    /// `DOCKGATE_SETTINGS`).
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    /// How many of the last requests are shown first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    last: usize,

    /// Show those and end
    #[arg(long)]
    no_follow: bool,
}

pub(super) fn tail(arguments: &TailArguments) -> Exit {
    let filter = match arguments.selection.filter() {
        Ok(filter) => filter,
        Err(exit) => return exit,
    };
    let file = match arguments.file.clone().map_or_else(file_of_settings, Ok) {
        Ok(file) => file,
        Err(exit) => return exit,
    };
    let mut output = Output::new(0);
    let mut view = View::new(&filter, output.is_coloured);
    let bytes =
        u64::try_from(arguments.last).unwrap_or(u64::MAX).saturating_mul(REQUEST_BYTES).max(LEAST_BYTES);
    let mut look_back = |line: &[u8]| {
        view.line(line);
        view.forget(arguments.last);
    };
    let mut source = if file == Path::new("-") {
        Source::pipe()
    } else {
        match Follower::near_end(&file, bytes, &mut look_back) {
            Ok(follower) => Source::File(follower),
            Err(error) => return unreadable(&error),
        }
    };
    if arguments.no_follow
        && let Err(error) = source.rest(&mut look_back)
    {
        return unreadable(&error);
    }
    view.give_up_waiting(Duration::ZERO);
    view.forget(arguments.last);
    let heading = row::heading(output.is_coloured);
    let mut printed = output.print(heading.as_bytes());
    let mut is_over = arguments.no_follow;
    let result = loop {
        for text in view.ready.drain(..) {
            if printed.is_continue() {
                printed = output.print(text.as_bytes());
            }
        }
        if printed.is_continue() {
            printed = output.flush();
        }
        if printed == ControlFlow::Break(()) || is_over {
            break Ok(());
        }
        sleep(PAUSE);
        match source.poll(&mut |line| view.line(line)) {
            Ok(ControlFlow::Continue(())) => view.give_up_waiting(PATIENCE),
            Ok(ControlFlow::Break(())) => {
                view.give_up_waiting(Duration::ZERO);
                is_over = true;
            }
            Err(error) => {
                break Err(io::Error::new(
                    error.kind(),
                    format!("{} cannot be read: {error}", file.display()),
                ));
            }
        }
    };
    output.finish(result)
}

/// Where the records come from.
enum Source {
    File(Follower),
    /// The lines of the standard input, which a thread waits for.
    Pipe(Receiver<io::Result<Vec<u8>>>),
}

impl Source {
    fn pipe() -> Self {
        let (sender, receiver) = mpsc::sync_channel(PIPED);
        thread::spawn(move || {
            for line in io::stdin().lock().split(b'\n') {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self::Pipe(receiver)
    }

    /// Gives out each line that has come since, and says whether more can come.
    fn poll(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<ControlFlow<()>> {
        let lines = match self {
            Self::File(follower) => return follower.poll(each).map(ControlFlow::Continue),
            Self::Pipe(lines) => lines,
        };
        for _ in 0..AT_ONCE {
            match lines.try_recv() {
                Ok(line) => each(&line?),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(ControlFlow::Break(())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Gives out all that comes through a pipe, to its end. Of a file that was given out when it was opened.
    fn rest(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Pipe(lines) => lines.iter().try_for_each(|line| line.map(|line| each(&line))),
        }
    }
}

/// What is shown.
struct View<'f> {
    joiner: Joiner<'f>,
    /// When those came that wait for their end.
    waiting: VecDeque<Instant>,
    /// Those that were shown without it, by their ids: what to call them.
    open: HashMap<String, String>,
    /// What is to be printed.
    ready: VecDeque<String>,
    /// Whether what is no request is shown, too.
    shows_all: bool,
    is_coloured: bool,
}

impl<'f> View<'f> {
    fn new(filter: &'f Filter, is_coloured: bool) -> Self {
        Self {
            joiner: Joiner::new(filter),
            waiting: VecDeque::new(),
            open: HashMap::new(),
            ready: VecDeque::new(),
            shows_all: filter.is_everything(),
            is_coloured,
        }
    }

    fn line(&mut self, line: &[u8]) {
        match Event::of(line) {
            Some(Event::Ended { id }) => {
                if let Some(name) = self.open.remove(id) {
                    let ended = serde_json::from_slice(line).unwrap_or_default();
                    self.ready.push_back(late_end(&name, &ended, self.is_coloured));
                    return;
                }
            }
            Some(Event::Other) if self.shows_all => {
                let notice = serde_json::from_slice(line).ok().and_then(|record| notice(&record));
                self.ready
                    .extend(notice.map(|text| format!("{}\n", Colour::Dim.paint(&text, self.is_coloured))));
            }
            Some(Event::Judged | Event::Other) | None => {}
        }
        self.joiner.push(Line { file: 0, number: 0, bytes: line });
        while self.waiting.len() < self.joiner.waiting() {
            self.waiting.push_back(Instant::now());
        }
        while let Some(request) = self.joiner.take_ready() {
            self.show(&request);
        }
    }

    /// Shows those that have waited so long without their end.
    fn give_up_waiting(&mut self, patience: Duration) {
        while self.waiting.front().is_some_and(|since| since.elapsed() >= patience) {
            let Some(request) = self.joiner.take() else { return };
            self.show(&request);
        }
    }

    fn show(&mut self, request: &Request) {
        self.waiting.pop_front();
        self.ready.push_back(row::line(request, self.is_coloured));
        if request.ended().is_none() {
            if self.open.len() >= OPEN {
                self.open.clear();
            }
            let judged = request.judged();
            self.open.insert(judged.id.to_string(), format!("{} {}", row::asked(&judged), plain(&judged.id)));
        }
    }

    /// Keeps the last so many.
    fn forget(&mut self, most: usize) {
        let excess = self.ready.len().saturating_sub(most);
        self.ready.drain(..excess);
    }
}

/// The end of a request that was shown without it.
fn late_end(name: &str, ended: &Ended<'_>, is_coloured: bool) -> String {
    let status = ended.status.map_or_else(String::new, |status| format!(" {status},"));
    let text = format!(
        "{}  ended: {name}:{status} {} after {}",
        short_time(&ended.time),
        plain(&ended.end),
        duration(ended.duration_us)
    );
    format!("{}\n", Colour::Dim.paint(&text, is_coloured))
}

/// What a record of the audit's own says, in a line; nothing of a seal.
fn notice(record: &Value) -> Option<String> {
    let text = |name: &str| plain(record.get(name).and_then(Value::as_str).unwrap_or("?")).into_owned();
    let number = |name: &str| record.get(name).and_then(Value::as_u64).unwrap_or_default();
    let what = match record.get("event")?.as_str()? {
        "opened" => {
            format!("dockgate {} started on {}, process {}", text("dockgate"), text("host"), number("pid"))
        }
        "policy" => format!("policy {} in force ({}), {}", text("name"), text("mode"), text("policy")),
        "gap" => format!("{} records could not be written", number("lost")),
        "removed" => format!("records up to {} are removed after their time", number("to")),
        _ => return None,
    };
    Some(format!("{}  {what}", short_time(record.get("time")?.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str, more: &str) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":1,\"previous\":\"{zeros}\",\"time\":\"2026-01-01T00:00:00.000000Z\",\"event\":\"{event}\"{more}}}\n"
        )
    }

    #[test]
    fn what_goes_on_is_shown_after_a_while_and_its_end_later() {
        let filter = Filter::default().prepared();
        let mut view = View::new(&filter, false);
        view.line(
            line("judged", ",\"id\":\"0a-1\",\"operation\":\"SystemEvents\",\"decision\":\"permit\"")
                .as_bytes(),
        );
        view.line(
            line("judged", ",\"id\":\"0a-2\",\"operation\":\"SystemPing\",\"decision\":\"permit\"")
                .as_bytes(),
        );
        view.line(
            line("ended", ",\"id\":\"0a-2\",\"status\":200,\"duration_us\":70,\"end\":\"complete\"")
                .as_bytes(),
        );
        assert_eq!(view.ready.len(), 0, "the first is waited for");
        view.give_up_waiting(Duration::ZERO);
        assert_eq!(view.ready.len(), 2);
        assert!(
            view.ready[0].contains("SystemEvents") && view.ready[1].contains("70 us"),
            "{:?}",
            view.ready
        );
        view.line(
            line("ended", ",\"id\":\"0a-1\",\"status\":200,\"duration_us\":61000000,\"end\":\"client_gone\"")
                .as_bytes(),
        );
        assert_eq!(
            view.ready[2],
            "2026-01-01 00:00:00.000  ended: SystemEvents 0a-1: 200, client_gone after 1 min\n"
        );
        view.line(line("gap", ",\"lost\":3").as_bytes());
        assert_eq!(view.ready[3], "2026-01-01 00:00:00.000  3 records could not be written\n");
        view.line(line("seal", ",\"why\":\"interval\"").as_bytes());
        assert_eq!(view.ready.len(), 4);
    }
}
