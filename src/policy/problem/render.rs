//! Problems as text, in the manner of rustc: readable without colour.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Problem, Severity};

/// Renders problems on the user's own lines. `file_name` is only shown.
#[must_use]
pub fn render(problems: &[Problem], file_name: &str, source: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for problem in problems {
        text.push_str(&render_one(&renderer, problem, file_name, source));
        text.push_str("\n\n");
    }
    text
}

fn render_one(renderer: &Renderer, problem: &Problem, file_name: &str, source: &str) -> String {
    let level = match problem.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let annotations = problem.places.iter().enumerate().map(|(index, place)| {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let label = (!place.label.is_empty()).then_some(place.label.as_str());
        kind.span(within(source, &place.span)).label(label)
    });
    let snippet = Snippet::source(source).path(file_name).annotations(annotations);
    let mut group = level.primary_title(problem.message.as_str()).id(problem.code.as_str()).element(snippet);
    if let Some(note) = &problem.note {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The span, moved to where it lies in the source and on whole characters.
fn within(source: &str, span: &Range<usize>) -> Range<usize> {
    let boundary = |index: &usize| source.is_char_boundary(*index);
    let start = (0..=span.start.min(source.len())).rev().find(boundary).unwrap_or(0);
    let end = (span.end.max(start)..source.len()).find(boundary).unwrap_or(source.len());
    start..end
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    #[test]
    fn a_problem_is_shown_on_its_line_with_the_second_place_and_help() {
        let source = "version = 1\nmode = \"enforced\"\n";
        let problem = Problem::new(Code::UnknownMode, 19..29, "there is no mode `enforced`")
            .label("not a mode")
            .also(0..7, "read as version 1")
            .help("did you mean `enforce`?");
        assert_eq!(
            render(&[problem], "policy.toml", source, false),
            "\
error[unknown-mode]: there is no mode `enforced`
 --> policy.toml:2:8
  |
1 | version = 1
  | ------- read as version 1
2 | mode = \"enforced\"
  |        ^^^^^^^^^^ not a mode
  |
  = help: did you mean `enforce`?

"
        );
    }

    #[test]
    fn spans_beyond_the_source_or_inside_a_character_are_moved() {
        assert_eq!(within("aé", &(2..9)), 1..3);
        assert_eq!(within("", &(4..7)), 0..0);
        for span in [0..0, 0..99, 99..99, 1..2] {
            let problem = Problem::new(Code::Syntax, span, "x");
            assert!(render(&[problem], "f", "é\n", false).contains("error[syntax]: x"));
        }
    }
}
