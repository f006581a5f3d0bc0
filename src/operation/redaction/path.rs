//! Paths into what the daemon shows, as a policy writes them: `Config.Env`, `NetworkSettings.Networks.*.IPAddress`,
//! `Config.Labels."com.example.token"`. Case counts; every element of a list is meant; `*` is any key.

use std::fmt;

use super::change::Change;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let (step, after) =
                read_step(rest).map_err(|what| format!("`{text}` is no way to a field: {what}"))?;
            steps.push(step);
            match after {
                None => return Ok(Self(steps)),
                Some(after) => rest = after,
            }
        }
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How what stands there is replaced.
    pub(super) fn change(&self) -> Change {
        match self.0.last().map(String::as_str) {
            Some("Env") => Change::Environment,
            Some("Binds") => Change::Binds,
            Some("Data") if self.0.iter().any(|step| step == "Spec") => Change::Bytes,
            Some(_) | None => Change::Texts,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            if step.contains('.') { write!(f, "{dot}\"{step}\"")? } else { write!(f, "{dot}{step}")? }
        }
        Ok(())
    }
}

/// The first step of a path, and what follows its dot.
fn read_step(text: &str) -> Result<(String, Option<&str>), &'static str> {
    let (step, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a key in quotes has no end")?,
        None => text.split_at_checked(text.find('.').unwrap_or(text.len())).unwrap_or((text, "")),
    };
    if step.is_empty() || step.contains('"') {
        return Err("a key is missing");
    }
    match (rest, rest.strip_prefix('.')) {
        ("", _) => Ok((step.to_owned(), None)),
        (_, Some(after)) => Ok((step.to_owned(), Some(after))),
        (_, None) => Err("a dot belongs behind a key in quotes"),
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn keys_with_dots_stand_in_quotes() {
        let path = Path::read(r#"Config.Labels."com.example.token".*"#).unwrap();
        assert_eq!(path.steps().collect::<Vec<_>>(), ["Config", "Labels", "com.example.token", "*"]);
        assert_eq!(path.to_string(), r#"Config.Labels."com.example.token".*"#);
        for text in ["", ".", "Config.", ".Env", "Config..Env", r#""Config"#, r#""a"b"#, r#"a"b"#, r#""""#] {
            assert!(Path::read(text).is_err(), "{text}");
        }
    }
}
