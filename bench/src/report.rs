//! What was measured, as tables for people and as JSON for programs.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::peer::Kind;
use crate::round::{Round, quartiles, quietest};
use crate::row::{Bar, Figure, Row};

/// A row's table in Markdown: the median of the quietest rounds, and figures with their quartiles.
pub(crate) fn table(row: &Row, rounds: &[Round]) -> String {
    let quiet = quietest(rounds);
    let mut text = format!("\n### {}\n\n{}", row.name, row.what);
    let foreign = quartiles(quiet.iter().map(|round| round.foreign).collect()).unwrap_or_default();
    let _infallible = writeln!(
        text,
        " (rounds: {}, of which the quietest {}; CPUs busy with other things meanwhile: {:.1})\n",
        rounds.len(),
        quiet.len(),
        foreign[1]
    );
    let figures = row.figures.iter().map(|figure| format!(" {} |", figure.what));
    let columns: String = row.columns.iter().map(|column| format!(" {column} |")).chain(figures).collect();
    let rule = "---|".repeat(1 + row.columns.len() + row.figures.len());
    let _infallible = writeln!(text, "| |{columns}\n|{rule}");
    for kind in row.peers.iter().copied().chain([Kind::Other]) {
        if quiet.iter().all(|round| !round.samples.contains_key(&kind)) {
            continue;
        }
        let _infallible = write!(text, "| {} |", kind.name());
        for column in row.columns {
            let values = quiet.iter().filter_map(|round| round.of(kind, column)).collect();
            let median = quartiles(values).map(|[_, median, _]| number(median));
            let _infallible = write!(text, " {} |", median.unwrap_or_default());
        }
        for figure in row.figures {
            let shown = value(figure, kind, &quiet).map(|[first, median, third]| {
                format!("{} ({}–{})", number(median), number(first), number(third))
            });
            let _infallible = write!(text, " {} |", shown.unwrap_or_default());
        }
        text.push('\n');
    }
    text.push('\n');
    for figure in row.figures {
        text.push_str(&judged(figure, &quiet));
    }
    text
}

/// How dockgate stands to the bar.
fn judged(figure: &Figure, quiet: &[Round]) -> String {
    let bar = match figure.bar {
        Bar::AtMost(most) => format!("at most {most}"),
        Bar::AtLeast(least) => format!("at least {least}"),
        Bar::None => "none".to_owned(),
    };
    match value(figure, Kind::Dockgate, quiet) {
        None => format!("- {}: not measured; bar: {bar}\n", figure.what),
        Some([_, median, _]) => {
            let verdict = match figure.bar.holds(median) {
                Some(true) => "holds",
                Some(false) => "DOES NOT HOLD",
                None => "stated",
            };
            format!("- {}: **{}**; bar: {bar}: {verdict}\n", figure.what, number(median))
        }
    }
}

fn value(figure: &Figure, kind: Kind, rounds: &[Round]) -> Option<[f64; 3]> {
    quartiles(rounds.iter().filter_map(|round| (figure.of)(round, kind)).collect())
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0..0.995 => format!("{value:.3}"),
        0.995..10.0 => format!("{value:.2}"),
        10.0..1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// All rounds of a row, as they were measured.
pub(crate) fn json(row: &Row, rounds: &[Round]) -> Value {
    let quiet = quietest(rounds);
    let figures: Vec<Value> = row
        .figures
        .iter()
        .map(|figure| {
            let quartiles = value(figure, Kind::Dockgate, &quiet);
            let holds = quartiles.and_then(|[_, median, _]| figure.bar.holds(median));
            let bar = match figure.bar {
                Bar::AtMost(most) => json!({"at_most": most}),
                Bar::AtLeast(least) => json!({"at_least": least}),
                Bar::None => Value::Null,
            };
            json!({"figure": figure.what, "quartiles": quartiles, "bar": bar, "holds": holds})
        })
        .collect();
    let rounds: Vec<Value> = rounds
        .iter()
        .map(|round| {
            let samples: serde_json::Map<String, Value> =
                round.samples.iter().map(|(kind, sample)| (kind.name().to_owned(), json!(sample))).collect();
            json!({"foreign_cpus": round.foreign, "samples": samples})
        })
        .collect();
    json!({"row": row.name, "what": row.what, "dockgate": figures, "rounds": rounds})
}

/// What the figures were measured on.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .and_then(|line| line.split(':').nth(1))
            .map(|value| value.trim().to_owned())
            .unwrap_or_default()
    };
    format!(
        "{} CPUs ({}), {}, Linux {}",
        crate::process::cpus().unwrap_or_default(),
        after(&read("/proc/cpuinfo"), "model name"),
        after(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim()
    )
}
