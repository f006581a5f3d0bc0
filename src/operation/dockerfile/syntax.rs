//! The directive `# syntax=`: the image that BuildKit runs to read the rest of the Dockerfile.

use super::lines::directive;
use super::{BuildArguments, Mention, stages};
use crate::operation::inside::Flaw;

/// A build argument that says it in the Dockerfile's stead.
const ARGUMENT: &str = "BUILDKIT_SYNTAX";

/// The image, where one is named. Daemons find the directive in different places; all of them count.
pub(super) fn image(text: &str, given: &BuildArguments) -> Result<Option<Mention>, Flaw> {
    let argument = given.iter().find(|(name, _)| name == ARGUMENT).and_then(|(_, value)| value.as_deref());
    if let Some(value) = argument {
        let name = first_word(value.trim());
        let flaw =
            |what| Flaw::dockerfile(format_args!("has a syntax in the build argument {ARGUMENT}: {what}"));
        return Ok(Some(Mention { name: stages::image(name).map_err(flaw)?, line: 0 }));
    }
    let mut found: Option<Mention> = None;
    for (line, text) in (1..).zip(text.lines()) {
        let is_shebang = line == 1 && text.starts_with("#!");
        let Some((key, value)) = directive(text.trim_start()) else {
            if is_shebang {
                continue;
            }
            break;
        };
        if key.trim().eq_ignore_ascii_case("syntax") {
            let name = stages::image(first_word(value)).map_err(|what| Flaw::line(line, what))?;
            if found.is_some() {
                return Err(Flaw::line(line, "syntax is set twice"));
            }
            found = Some(Mention { name, line });
        }
    }
    Ok(found)
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}
