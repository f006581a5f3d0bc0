//! The outcome in the Test Anything Protocol: a point for each request.

use super::Tested;
use crate::command::push;
use crate::policy::problem::Problem;

pub(super) fn written(tested: &[Tested]) -> String {
    let mut points: Vec<(String, Option<String>)> = Vec::new();
    for Tested { report, ran, coverage: _ } in tested {
        let file = &report.file;
        let faults = report.unreadable.iter().cloned().chain(report.problems.iter().map(Problem::text));
        points.extend(faults.map(|fault| (file.clone(), Some(fault))));
        points.extend(ran.iter().map(|ran| {
            let name = format!("{file}: {}: {}", ran.case, ran.request);
            (name, ran.failure.as_ref().map(Problem::text))
        }));
    }
    let mut tap = format!("TAP version 14\n1..{}\n", points.len());
    for (number, (name, failure)) in (1_usize..).zip(points) {
        let name = escaped(&name);
        let Some(failure) = failure else {
            push(&mut tap, format_args!("ok {number} - {name}\n"));
            continue;
        };
        push(&mut tap, format_args!("not ok {number} - {name}\n  ---\n  message: |\n"));
        failure.lines().for_each(|line| push(&mut tap, format_args!("    {line}\n")));
        tap.push_str("  ...\n");
    }
    tap
}

/// A name as it may stand in a point: in one line, and without what begins a directive.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for character in name.chars() {
        match character {
            '\\' | '#' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_begins_no_directive() {
        assert_eq!(escaped("a # TODO\n\\b"), "a \\# TODO \\\\b");
    }
}
