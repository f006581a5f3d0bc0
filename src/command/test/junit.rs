//! The outcome as JUnit's XML: a suite for each file, a case for each request.

use super::Tested;
use crate::command::push;
use crate::policy::problem::Problem;

pub(super) fn written(tested: &[Tested]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dockgate\">\n".to_owned();
    for tested in tested {
        suite(tested, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(tested: &Tested, xml: &mut String) {
    let report = &tested.report;
    let faults: Vec<String> =
        report.unreadable.iter().cloned().chain(report.problems.iter().map(Problem::text)).collect();
    push(
        xml,
        format_args!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
            escaped(&report.file),
            tested.ran.len().saturating_add(faults.len()),
            tested.failures(),
            faults.len()
        ),
    );
    for fault in faults {
        let (file, fault) = (escaped(&report.file), escaped(&fault));
        push(
            xml,
            format_args!(
                "    <testcase classname=\"{file}\" name=\"the policy\">\n      <error message=\"{fault}\"/>\n    </testcase>\n"
            ),
        );
    }
    for ran in &tested.ran {
        let (class, name) = (escaped(&ran.case), escaped(&ran.request));
        let Some(failure) = &ran.failure else {
            push(xml, format_args!("    <testcase classname=\"{class}\" name=\"{name}\"/>\n"));
            continue;
        };
        let (message, text) = (escaped(&failure.message), escaped(&failure.text()));
        push(
            xml,
            format_args!(
                "    <testcase classname=\"{class}\" name=\"{name}\">\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>\n"
            ),
        );
    }
    xml.push_str("  </testsuite>\n");
}

/// A text as XML holds it; what XML 1.0 cannot hold is shown as `?`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => push(&mut escaped, format_args!("&#{};", u32::from(character))),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            control if control < ' ' => escaped.push('?'),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_gives_a_meaning_is_escaped() {
        assert_eq!(escaped("<a b=\"1\">&\n\u{1}é"), "&lt;a b=&quot;1&quot;&gt;&amp;&#10;?é");
    }
}
