//! One instruction, as far as it reaches outside.

use super::flags;
use super::run::Run;
use super::words;
use crate::operation::making::RESERVED_LABELS;
use crate::operation::percent::{self, Plus};

/// Every instruction there is.
const KEYWORDS: [&str; 18] = [
    "add",
    "arg",
    "cmd",
    "copy",
    "entrypoint",
    "env",
    "expose",
    "from",
    "healthcheck",
    "label",
    "maintainer",
    "onbuild",
    "run",
    "shell",
    "stopsignal",
    "user",
    "volume",
    "workdir",
];

/// What an instruction does.
#[derive(Debug)]
pub(super) enum Instruction {
    /// Begins a stage upon an image, or upon another stage.
    From { image: String, name: Option<String> },
    /// Names build arguments, with values or without.
    Arg(Vec<String>),
    /// Leaves something to be done by builds upon the image.
    OnBuild(Step),
    /// Does something within a stage.
    Step(Step),
}

/// What is done within a stage.
#[derive(Debug)]
pub(super) enum Step {
    /// Files of the context are copied, or of an image or stage.
    Copy { from: Option<String> },
    /// Files are added, some of which the daemon fetches.
    Add { remotes: Vec<String> },
    /// A command is run.
    Run(Run),
    /// What is made gets labels, some of which may be dockgate's own.
    Label { may_mark: bool },
    /// Nothing that reaches outside.
    Other,
}

impl Instruction {
    /// Reads a line.
    pub(super) fn read(line: &str, escape: char) -> Result<Self, String> {
        let (keyword, rest) = split(line);
        match keyword.to_ascii_lowercase().as_str() {
            "from" => from(rest, escape),
            "arg" => {
                let (_, rest) = flags::read("ARG", &[], rest, escape)?;
                Ok(Self::Arg(words::split(rest, escape)))
            }
            "onbuild" => {
                let (_, rest) = flags::read("ONBUILD", &[], rest, escape)?;
                // It is read again with the escape character that is the default, and what ADD and LABEL say is worked out
                // with that of the Dockerfile that is built then.
                let (keyword, words) = split(rest);
                let is_worked_out = ["add", "label"].iter().any(|one| keyword.eq_ignore_ascii_case(one));
                if (escape != '\\' || is_worked_out) && rest.contains(['\\', '`']) {
                    return Err(
                        "ONBUILD holds an escape character, which may mean another thing when it is run"
                            .to_owned(),
                    );
                }
                Step::read(keyword, words, escape).map(Self::OnBuild)
            }
            keyword => Step::read(keyword, rest, escape).map(Self::Step),
        }
    }
}

impl Step {
    fn read(keyword: &str, rest: &str, escape: char) -> Result<Self, String> {
        match keyword.to_ascii_lowercase().as_str() {
            "copy" => {
                const FLAGS: [&str; 6] = ["from", "chown", "chmod", "link", "exclude", "parents"];
                let (flags, _) = flags::read("COPY", &FLAGS, rest, escape)?;
                Ok(Self::Copy { from: flags::last(&flags, "from").filter(|from| !from.is_empty()) })
            }
            "add" => {
                const FLAGS: [&str; 7] =
                    ["chown", "chmod", "link", "exclude", "keep-git-dir", "checksum", "unpack"];
                let (_, rest) = flags::read("ADD", &FLAGS, rest, escape)?;
                Ok(Self::Add { remotes: remotes(rest, escape)? })
            }
            "run" => Run::read(rest, escape).map(Self::Run),
            "label" => {
                let (_, rest) = flags::read("LABEL", &[], rest, escape)?;
                Ok(Self::Label { may_mark: may_mark(rest, escape) })
            }
            "from" | "onbuild" => Err(format!("{keyword} does not belong into ONBUILD")),
            known if is_known(known) => Ok(Self::Other),
            _ => Err(format!("{keyword:?} is no instruction that dockgate knows")),
        }
    }
}

/// Whether one of these labels may be dockgate's own: it is, or variables are in its name.
fn may_mark(labels: &str, escape: char) -> bool {
    let words = words::split(labels, escape);
    // The older form has one label, and no `=`.
    let count = if words.first().is_some_and(|word| word.contains('=')) { words.len() } else { 1 };
    let unknown = |name: &str| words::Value::Unsure(name.to_owned());
    words
        .iter()
        .take(count)
        .filter_map(|word| word.split('=').next())
        .any(|key| words::expand(key, escape, &unknown).map_or(true, |key| key.starts_with(RESERVED_LABELS)))
}

/// Whether this word begins an instruction.
pub(super) fn is_known(keyword: &str) -> bool {
    KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(keyword))
}

/// The first word of an instruction, and the rest.
pub(super) fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(is_blank).map_or((line, ""), |(word, rest)| (word, rest.trim_start_matches(is_blank)))
}

/// What parts words; other blanks do not.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

fn from(rest: &str, escape: char) -> Result<Instruction, String> {
    let (_, rest) = flags::read("FROM", &["platform"], rest, escape)?;
    if !rest.is_ascii() {
        return Err("FROM holds a character that is not ASCII".to_owned());
    }
    let words: Vec<&str> = rest.split(is_blank).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [image] => Ok(Instruction::From { image: (*image).to_owned(), name: None }),
        [image, word, name] if word.eq_ignore_ascii_case("as") => {
            let name = name.to_ascii_lowercase();
            let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.bytes().all(is_plain) {
                return Err(format!("{name:?} is no name for a stage"));
            }
            Ok(Instruction::From { image: (*image).to_owned(), name: Some(name) })
        }
        _ => Err("FROM is followed by an image, or by one with AS and a name".to_owned()),
    }
}

/// The sources of `ADD` that are fetched, of all its words but the last.
fn remotes(rest: &str, escape: char) -> Result<Vec<String>, String> {
    let mut words = list(rest)?;
    words.pop();
    let mut remotes = Vec::new();
    for word in words {
        let unknown =
            |name: &str| words::Value::Unsure(format!("only the daemon knows what ${name} is here"));
        let source = words::expand(&word, escape, &unknown).map_err(|what| {
            format!("ADD {word}: {what}; use COPY for a file of the context, or write the address out")
        })?;
        if is_remote(&source) {
            remotes.push(source);
        }
    }
    Ok(remotes)
}

/// The words of a list: a JSON array of texts, or what stands between blanks.
fn list(rest: &str) -> Result<Vec<String>, String> {
    if rest.starts_with('[') {
        match serde_json::from_str(rest) {
            Ok(words) => return Ok(words),
            // Daemons differ on what is JSON, but without quotes it is nobody's array of texts.
            Err(_) if rest.contains('"') => return Err("the list in [] is not JSON".to_owned()),
            Err(_) => {}
        }
    }
    Ok(rest.split(is_blank).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// Whether some daemon would fetch it, over HTTP or as a git repository.
fn is_remote(source: &str) -> bool {
    let is_user =
        |user: &str| user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_scp = source.split_once('@').is_some_and(|(user, rest)| is_user(user) && rest.contains(':'));
    source.contains("://")
        || source.starts_with("github.com/")
        || source.starts_with("git@")
        || is_scp
        || is_host_and_repository(source)
}

/// Whether it is `host/path.git`, for which BuildKit 0.13 fetches `https://host/path.git` (`gitutil.ParseGitRef`). A slash
/// before the host does not count to git.
fn is_host_and_repository(source: &str) -> bool {
    let path = source.split(['#', '?']).next().unwrap_or_default();
    let is_repository =
        percent::decode(path.as_bytes(), Plus::Literal).is_ok_and(|path| path.ends_with(b".git"));
    is_repository && path.contains('/') && !path.starts_with("./") && !path.starts_with("../")
}
