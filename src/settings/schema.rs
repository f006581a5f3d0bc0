//! The settings file as a JSON Schema, for editors: its keys with what `--help` says of them.

use clap::{Arg, Args as _, Command};
use serde_json::{Map, Value, json};

use super::args::ServeArgs;
use super::file::LISTENER_KEYS;
use super::key::Key;

/// The schema of settings files, of draft 7: what editors know best.
#[must_use]
pub fn schema() -> Value {
    let flags = ServeArgs::augment_args(Command::new("serve"));
    let properties: Map<String, Value> = Key::all_in_file()
        .filter_map(|key| {
            let flag = key.flag();
            let argument =
                flags.get_arguments().find(|argument| argument.get_long() == flag.strip_prefix("--"))?;
            Some((key.name().to_owned(), setting(key, argument)))
        })
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of dockgate",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn setting(key: Key, argument: &Arg) -> Value {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut setting = if key == Key::Listen {
        json!({ "type": "array", "items": listener(), "minItems": 1 })
    } else if let Some(choices) = choices(argument) {
        json!({ "enum": choices })
    } else if key.may_be_number() {
        json!({ "type": ["string", "integer"] })
    } else {
        json!({ "type": "string" })
    };
    if let Some(fields) = setting.as_object_mut() {
        fields.insert("description".to_owned(), json!(help.map(ToString::to_string)));
    }
    setting
}

/// What the setting is one of, where its flag says so: `keep|close`.
fn choices(argument: &Arg) -> Option<Vec<String>> {
    let [name] = argument.get_value_names()? else { return None };
    let words: Vec<String> = name.split('|').map(str::to_owned).collect();
    let are_words = words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    (are_words && words.len() > 1).then_some(words)
}

fn listener() -> Value {
    let key = |key: &'static str| {
        let (kinds, said) = match key {
            "name" => (json!("string"), "What the policy and the audit call it"),
            "address" => (json!("string"), "unix:///path or tcp://host:port"),
            "mode" => (json!("string"), "Permissions of the socket, in octal: 0660"),
            "owner" => (json!(["string", "integer"]), "Who the socket belongs to"),
            _ => (json!(["string", "integer"]), "Whose group may use the socket"),
        };
        (key.to_owned(), json!({ "type": kinds, "description": said }))
    };
    let properties: Map<String, Value> = LISTENER_KEYS.into_iter().map(key).collect();
    json!({
        "anyOf": [
            { "type": "string", "description": "An address, as in DOCKER_HOST, with NAME= before it or without" },
            { "type": "object", "properties": properties, "additionalProperties": false, "required": ["address"] },
        ],
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use boon::{Compiler, Schemas};

    use super::*;
    use crate::settings::Settings;

    /// Whether the schema accepts a settings file, and whether dockgate does.
    fn accepted(files: &[String]) -> Vec<(bool, bool)> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("settings.json", schema()).unwrap();
        let index = compiler.compile("settings.json", &mut schemas).unwrap();
        let accepted = files.iter().map(|file| {
            let json = serde_json::to_value(file.parse::<toml::Table>().unwrap()).unwrap();
            let by_schema = schemas.validate(&json, index).is_ok();
            let read = Settings::merge(&ServeArgs::default(), &[], Some((Path::new("s.toml"), file)));
            (by_schema, read.is_ok())
        });
        accepted.collect()
    }

    #[test]
    fn what_dockgate_reads_the_schema_knows() {
        let mut files: Vec<String> = Key::all_in_file()
            .filter(|key| *key != Key::Listen)
            .filter_map(|key| Some(format!("{} = {:?}\n", key.name(), key.default()?)))
            .collect();
        files.push(files.concat());
        files.push("max_connections = 10\nlisten = [\"tcp://127.0.0.1:1\", { name = \"a\", address = \"unix:///a/b\", mode = \"0600\", owner = 0 }]\n".to_owned());
        let readme = include_str!("../../README.md");
        let example = readme.split("\n```toml\n").find(|example| example.starts_with("daemon = ")).unwrap();
        files.push(example.split("```").next().unwrap().to_owned());
        for (file, accepted) in files.iter().zip(accepted(&files)) {
            assert_eq!(accepted, (true, true), "{file}");
        }
    }

    #[test]
    fn what_dockgate_does_not_read_the_schema_refuses() {
        let files: Vec<String> = [
            "grce = \"1s\"",
            "settings = \"x.toml\"",
            "listen = []",
            "listen = \"tcp://127.0.0.1:1\"",
            "listen = [{ name = \"a\" }]",
            "listen = [{ address = \"unix:///a/b\", path = \"x\" }]",
            "streams_on_reload = \"maybe\"",
            "audit_durability = \"some\"",
            "audit_on_failure = \"shrug\"",
            "log_level = \"loud\"",
            "retry_jitter = \"half\"",
            "audit_exec_argv = true",
            "grace = 10",
        ]
        .map(str::to_owned)
        .into();
        for (file, accepted) in files.iter().zip(accepted(&files)) {
            assert_eq!(accepted, (false, false), "{file}");
        }
    }

    #[test]
    fn every_setting_is_described() {
        for (name, setting) in schema()["properties"].as_object().unwrap() {
            assert!(setting["description"].as_str().is_some_and(|said| said.len() > 20), "{name}: {setting}");
        }
    }
}
