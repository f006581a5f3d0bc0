//! How a value is replaced by one that says nothing, of the same type.

use core::net::IpAddr;

use super::mark;
use crate::operation::Json;

/// How a value is replaced. What is empty stays empty; numbers and switches stay, since any other would be taken for
/// real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operation) enum Change {
    /// Every text in it, by what it looks like.
    Texts,
    /// Values of `NAME=value`.
    Environment,
    /// Texts that are paths.
    Paths,
    /// Texts that have a path in them, in whatever form: `lowerdir=/srv/a:/srv/b`, `:/export`.
    Settings,
    /// The sources of `source:target:mode` that are paths.
    Binds,
    /// The labels in which Docker Compose keeps paths.
    PathLabels,
    /// Addresses, alone or with a prefix length or a port.
    Addresses,
    /// The address in `name:address`, or in `address name`.
    Hosts,
    /// Build steps that set variables.
    Steps,
    /// The command of a build step.
    Command,
    /// Bytes in base64.
    Bytes,
    /// What stands in a list or map, all of it.
    Contents,
    /// Of processes, the rows of a table: all but numbers and times. Whoever asks says which column holds what.
    Processes,
    /// The heads of its columns, which may be the first process where there are none.
    Titles,
}

/// Where Docker Compose keeps paths of the host.
const PATH_LABELS: [&str; 4] = [
    "com.docker.compose.project.working_dir",
    "com.docker.compose.project.config_files",
    "com.docker.compose.project.environment_file",
    "desktop.docker.io/binds",
];

impl Change {
    /// The value with everything in it replaced.
    pub(super) fn apply(self, value: Json) -> Json {
        match self {
            Self::Titles if is_titles(&value) => value,
            Self::Texts | Self::Titles => each_text(value, &hidden),
            Self::Environment => each_text(value, &environment),
            Self::Paths => each_text(value, &|text| path(text).to_owned()),
            Self::Settings => each_text(value, &setting),
            Self::Binds => each_text(value, &bind),
            Self::Addresses => each_text(value, &address),
            Self::Hosts => each_text(value, &host),
            Self::Steps => each_text(value, &step),
            Self::Command => command(value),
            Self::Bytes => each_text(value, &|text| keep_empty(text, mark::BYTES).to_owned()),
            Self::PathLabels => path_labels(value),
            Self::Contents => match value {
                Json::Array(_) => Json::Array(Vec::new()),
                Json::Object(_) => Json::Object(Vec::new()),
                other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => other,
            },
            Self::Processes => each_text(value, &cell),
        }
    }
}

/// Replaces every text in a value; keys stay.
fn each_text(value: Json, replace: &dyn Fn(&str) -> String) -> Json {
    match value {
        Json::String(text) => Json::String(replace(&text).into()),
        Json::Array(items) => Json::Array(items.into_iter().map(|item| each_text(item, replace)).collect()),
        Json::Object(fields) => {
            Json::Object(fields.into_iter().map(|(key, item)| (key, each_text(item, replace))).collect())
        }
        other @ (Json::Null | Json::Bool(_) | Json::Number(_)) => other,
    }
}

fn keep_empty<'a>(text: &'a str, mark: &'a str) -> &'a str {
    if text.is_empty() { text } else { mark }
}

/// A mark of the type that the text seems to be of.
fn hidden(text: &str) -> String {
    if text.starts_with('/') {
        return mark::PATH.to_owned();
    }
    if is_time(text) {
        return mark::TIME.to_owned();
    }
    match read_address(text) {
        Some(_) => address(text),
        None => keep_empty(text, mark::TEXT).to_owned(),
    }
}

fn environment(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={}", mark::TEXT),
        // A variable without a value takes one away.
        Some(_) | None => text.to_owned(),
    }
}

fn path(text: &str) -> &str {
    if text.starts_with('/') { mark::PATH } else { text }
}

fn setting(text: &str) -> String {
    if text.contains('/') { mark::PATH.to_owned() } else { text.to_owned() }
}

fn bind(text: &str) -> String {
    match text.split_once(':') {
        Some((source, rest)) => format!("{}:{rest}", path(source)),
        None => text.to_owned(),
    }
}

fn path_labels(value: Json) -> Json {
    match value {
        Json::Object(fields) => Json::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    let is_path = PATH_LABELS.iter().any(|label| key.starts_with(label));
                    let value = if is_path {
                        each_text(value, &|text| keep_empty(text, mark::PATH).to_owned())
                    } else {
                        value
                    };
                    (key, value)
                })
                .collect(),
        ),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => other,
    }
}

/// What an address is, and what follows it: `/24`, `:2377`.
enum Address<'a> {
    V4(&'a str),
    V6(&'a str),
    Mac,
    /// One that means none, or any.
    Unspecified,
}

fn read_address(text: &str) -> Option<Address<'_>> {
    if text.len() == 17 && text.split(':').all(|byte| byte.len() == 2 && u8::from_str_radix(byte, 16).is_ok())
    {
        return Some(Address::Mac);
    }
    let (ip, rest) = if let Some(bracketed) = text.strip_prefix('[') {
        bracketed.split_once(']')?
    } else {
        let port = text.find(':').filter(|_| text.matches(':').count() == 1);
        text.split_at_checked(text.find('/').or(port).unwrap_or(text.len()))?
    };
    let ip: IpAddr = ip.parse().ok()?;
    Some(match ip {
        _ if ip.is_unspecified() => Address::Unspecified,
        IpAddr::V4(_) => Address::V4(rest),
        IpAddr::V6(_) => Address::V6(rest),
    })
}

fn address(text: &str) -> String {
    let whole_prefix = |rest: &str, whole: &'static str| match rest {
        rest if rest.starts_with('/') => whole.to_owned(),
        rest => rest.to_owned(),
    };
    match read_address(text) {
        Some(Address::V4(rest)) => format!("{}{}", mark::IPV4, whole_prefix(rest, "/32")),
        Some(Address::V6(rest)) if rest.starts_with(':') => format!("[{}]{rest}", mark::IPV6),
        Some(Address::V6(rest)) => format!("{}{}", mark::IPV6, whole_prefix(rest, "/128")),
        Some(Address::Mac) => mark::MAC.to_owned(),
        Some(Address::Unspecified) => text.to_owned(),
        None => keep_empty(text, mark::IPV4).to_owned(),
    }
}

fn host(text: &str) -> String {
    if let Some((ip, names)) = text.split_once([' ', '\t']) {
        return format!("{} {names}", address(ip));
    }
    match text.split_once(':').or_else(|| text.split_once('=')) {
        Some((name, "host-gateway")) => format!("{name}:host-gateway"),
        Some((name, ip)) => format!("{name}:{}", address(ip)),
        None => text.to_owned(),
    }
}

/// `ENV A=b`, `ARG A=b`, and `RUN |1 A=b /bin/sh -c …`, in whatever spelling a builder has written them, whatever the shell
/// before it; of what is to be done on a build it has kept the Dockerfile's.
fn step(text: &str) -> String {
    let behind_shell = || text.split_once("#(nop)").and_then(|(_, step)| hidden_step(step));
    hidden_step(text).or_else(behind_shell).unwrap_or_else(|| text.to_owned())
}

/// What stands in place of a step, if that sets variables.
fn hidden_step(step: &str) -> Option<String> {
    let step = step.trim_start();
    let (begin, step) = match split_word(step) {
        (word, rest) if word.eq_ignore_ascii_case("ONBUILD") => ("ONBUILD ", rest.trim_start()),
        _ => ("", step),
    };
    let (word, rest) = split_word(step);
    let has_arguments = |text: &str| {
        text.strip_prefix('|').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    match word.to_ascii_uppercase().as_str() {
        word @ ("ENV" | "ARG") => Some(format!("{begin}{word} {}", mark::TEXT)),
        _ if has_arguments(word) || has_arguments(rest) => Some(format!("RUN {}", mark::TEXT)),
        _ => None,
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// The command of a build step, which is that step, or that of a `RUN`: behind `|2` stand two variables.
fn command(value: Json) -> Json {
    let Json::Array(words) = value else { return each_text(value, &step) };
    let count = words.first().and_then(Json::as_text).and_then(|first| first.strip_prefix('|'));
    let Some(count) = count.and_then(|count| count.parse::<usize>().ok()) else {
        return each_text(Json::Array(words), &step);
    };
    let hide = |(place, word)| {
        if (1..=count).contains(&place) { each_text(word, &environment) } else { word }
    };
    Json::Array(words.into_iter().enumerate().map(hide).collect())
}

/// One cell of a table of processes: `1342`, `00:00:07` and `0.3` stay.
fn cell(text: &str) -> String {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'));
    if is_number { text.to_owned() } else { mark::TEXT.to_owned() }
}

/// Whether all of these are what `ps` writes over its columns: `PID`, `%CPU`.
fn is_titles(titles: &Json) -> bool {
    let is_title = |title: &Json| {
        let text = title.as_text().unwrap_or_default();
        text.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'%' | b'+'))
    };
    titles.items().iter().all(is_title)
}

/// `2006-01-02T15:04:05…`
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    text.len() >= FORM.len()
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: Change, text: &str) -> String {
        change.apply(Json::read_shown(text.as_bytes()).unwrap()).to_string()
    }

    #[test]
    fn what_is_put_in_place_is_of_the_same_type() {
        for (change, before, after) in [
            (
                Change::Environment,
                r#"["A=b=c","EMPTY=","GONE"]"#,
                r#"["A=redacted-by-dockgate","EMPTY=","GONE"]"#,
            ),
            (Change::Environment, "null", "null"),
            (
                Change::Binds,
                r#"["/srv:/data:ro","named:/x","/only"]"#,
                r#"["/redacted-by-dockgate:/data:ro","named:/x","/only"]"#,
            ),
            (Change::Paths, r#"["/srv","named",""]"#, r#"["/redacted-by-dockgate","named",""]"#),
            (
                Change::Addresses,
                r#"["172.17.0.2","10.0.0.2/24","10.0.0.2:2377","","0.0.0.0","::","fe80::1","fe80::1/64","[fe80::1]:80"]"#,
                r#"["192.0.2.100","192.0.2.100/32","192.0.2.100:2377","","0.0.0.0","::","2001:db8::6467:6174","2001:db8::6467:6174/128","[2001:db8::6467:6174]:80"]"#,
            ),
            (Change::Addresses, r#""02:42:ac:11:00:02""#, r#""02:64:67:61:74:65""#),
            (
                Change::Hosts,
                r#"["db:10.0.0.9","x:fe80::1","g:host-gateway","10.0.0.9 db"]"#,
                r#"["db:192.0.2.100","x:2001:db8::6467:6174","g:host-gateway","192.0.2.100 db"]"#,
            ),
            (
                Change::Texts,
                r#"{"a":"x","b":["/srv",1,true,null,""],"c":"10.0.0.1","d":"2026-11-24T15:46:54.8Z"}"#,
                r#"{"a":"redacted-by-dockgate","b":["/redacted-by-dockgate",1,true,null,""],"c":"192.0.2.100","d":"0001-01-01T00:00:00Z"}"#,
            ),
            (Change::Contents, r#"{"10.0.0.0/24":{"IPsInUse":3}}"#, "{}"),
            (Change::Bytes, r#""c2VjcmV0""#, r#""cmVkYWN0ZWQtYnktZG9ja2dhdGU=""#),
            (
                Change::PathLabels,
                r#"{"com.docker.compose.project.working_dir":"/srv/x","com.docker.compose.project":"x"}"#,
                r#"{"com.docker.compose.project.working_dir":"/redacted-by-dockgate","com.docker.compose.project":"x"}"#,
            ),
            (
                Change::Processes,
                r#"[["1","16:02","0.3","?","root","A=b","sh A=b",""],[]]"#,
                r#"[["1","16:02","0.3","redacted-by-dockgate","redacted-by-dockgate","redacted-by-dockgate","redacted-by-dockgate",""],[]]"#,
            ),
            (Change::Titles, r#"["PID","%CPU","DRS+TRS"]"#, r#"["PID","%CPU","DRS+TRS"]"#),
            (
                Change::Titles,
                r#"["PID","A=b","SECRET"]"#,
                r#"["redacted-by-dockgate","redacted-by-dockgate","redacted-by-dockgate"]"#,
            ),
        ] {
            assert_eq!(changed(change, before), after, "{change:?}");
        }
    }

    #[test]
    fn build_steps_that_set_variables_are_hidden() {
        for (before, after) in [
            ("/bin/sh -c #(nop)  ENV SECRET=hunter2", "ENV redacted-by-dockgate"),
            ("ENV SECRET=hunter2", "ENV redacted-by-dockgate"),
            ("ARG TOKEN=abc", "ARG redacted-by-dockgate"),
            ("RUN |1 TOKEN=abc /bin/sh -c make # buildkit", "RUN redacted-by-dockgate"),
            ("|1 TOKEN=abc /bin/sh -c make", "RUN redacted-by-dockgate"),
            ("RUN |1 TOKEN=abc /bin/sh -c echo '#(nop) x'", "RUN redacted-by-dockgate"),
            ("/bin/bash -o pipefail -c #(nop)  ENV SECRET=hunter2", "ENV redacted-by-dockgate"),
            ("/bin/sh -c #(nop)  ONBUILD ENV SECRET=hunter2", "ONBUILD ENV redacted-by-dockgate"),
            ("ONBUILD env SECRET=hunter2", "ONBUILD ENV redacted-by-dockgate"),
            ("arg\tTOKEN=abc", "ARG redacted-by-dockgate"),
            ("ONBUILD COPY . /env", "ONBUILD COPY . /env"),
            ("/bin/sh -c #(nop)  LABEL owner=me", "/bin/sh -c #(nop)  LABEL owner=me"),
            ("/bin/sh -c a | b", "/bin/sh -c a | b"),
        ] {
            assert_eq!(step(before), after, "{before}");
        }
        for (before, after) in [
            (
                r#"["|2","A=b","TOKEN=abc","/bin/sh","-c","make x=y"]"#,
                r#"["|2","A=redacted-by-dockgate","TOKEN=redacted-by-dockgate","/bin/sh","-c","make x=y"]"#,
            ),
            (
                r##"["/bin/sh","-c","#(nop) ","ENV A=b"]"##,
                r##"["/bin/sh","-c","#(nop) ","ENV redacted-by-dockgate"]"##,
            ),
            ("null", "null"),
        ] {
            assert_eq!(changed(Change::Command, before), after);
        }
    }
}
