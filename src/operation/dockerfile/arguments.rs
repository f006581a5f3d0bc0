//! The build arguments that `FROM` can name: those that `ARG` defines before the first one, those of the request, and
//! those that a builder has of its own.

use std::collections::{HashMap, HashSet};

use super::BuildArguments;
use super::words::{self, Value};
use crate::operation::build::Builder;

/// What the classic builder lets a request set without `ARG`.
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];
/// And what newer ones do.
const NEWER_PROXIES: [&str; 2] = ["ALL_PROXY", "all_proxy"];
/// What BuildKit defines, unless a request does.
const PLATFORM: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];
/// And what newer ones do, or change.
const NEWER: [&str; 4] = ["BUILDOSVERSION", "TARGETOSVERSION", "TARGETSTAGE", "SOURCE_DATE_EPOCH"];

/// How long all values and names of images may become together; without variables those of a Dockerfile are shorter.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The arguments, as far as the lines before have defined them.
pub(super) struct Arguments<'a> {
    pub(super) builder: Builder,
    given: HashMap<&'a str, &'a str>,
    defaults: HashMap<String, Value>,
    /// How much longer all of it may become.
    left_bytes: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(given: &'a BuildArguments, builder: Builder) -> Self {
        let given = given.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        Self { builder, given: given.collect(), defaults: HashMap::new(), left_bytes: MAX_BYTES }
    }

    /// Takes in an `ARG` with these words. A value that cannot be told is not refused here, but where it is used.
    pub(super) fn define(&mut self, words: &[String], escape: char) -> Result<(), String> {
        let mut defined = HashSet::new();
        for word in words {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default)),
                None => (word.as_str(), None),
            };
            // The classic builder puts variables into names, too.
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            if name.is_empty() || !name.bytes().all(is_plain) {
                return Err(format!("{name:?} is no name for a build argument"));
            }
            let value = match default {
                // Of those that are defined already, some daemons keep the value and some do not.
                None if self.defaults.contains_key(name) => {
                    Value::Unsure(format!("${name} is defined twice, the second time without a value"))
                }
                None if self.builder == Builder::BuildKit && PLATFORM.contains(&name) => platform(name),
                None => Value::Unset,
                Some(default) => {
                    // Of several in one line, some daemons put earlier ones into later ones.
                    let look_up = |name: &str| {
                        if defined.contains(name) {
                            return Value::Unsure(format!("${name} is defined in the line where it is used"));
                        }
                        self.value(name)
                    };
                    words::expand(default, escape, &look_up).map_or_else(Value::Unsure, Value::Known)
                }
            };
            if let Value::Known(text) | Value::Unsure(text) = &value {
                self.count(text)?;
            }
            defined.insert(name);
            self.defaults.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// A word of `FROM` with the arguments put in.
    pub(super) fn expand(&mut self, word: &str, escape: char) -> Result<String, String> {
        let text = words::expand(word, escape, &|name| self.value(name))?;
        self.count(&text)?;
        Ok(text)
    }

    fn count(&mut self, text: &str) -> Result<(), String> {
        let left = self.left_bytes.checked_sub(text.len());
        self.left_bytes =
            left.ok_or_else(|| format!("all values together become longer than {MAX_BYTES} bytes"))?;
        Ok(())
    }

    fn value(&self, name: &str) -> Value {
        let unsure = || Value::Unsure(format!("${name} has another value from daemon to daemon"));
        let given = self.given.get(name).copied();
        if given.is_some_and(|given| given.len() > words::MAX_BYTES) {
            return Value::Unsure(format!("${name} is longer than {} bytes", words::MAX_BYTES));
        }
        match (self.builder, given.map(str::to_owned), self.defaults.get(name)) {
            (Builder::BuildKit, _, _) if NEWER.contains(&name) => unsure(),
            (_, Some(given), Some(_)) => Value::Known(given),
            (_, None, Some(default)) => default.clone(),
            (Builder::Classic, Some(given), None) if PROXIES.contains(&name) => Value::Known(given),
            (Builder::Classic, Some(_), None) if NEWER_PROXIES.contains(&name) => unsure(),
            (Builder::BuildKit, Some(given), None) if PLATFORM.contains(&name) => Value::Known(given),
            (Builder::BuildKit, None, None) if PLATFORM.contains(&name) => platform(name),
            (_, _, None) => Value::Unset,
        }
    }
}

fn platform(name: &str) -> Value {
    Value::Unsure(format!("${name} is the daemon's to say; give it as a build argument"))
}
