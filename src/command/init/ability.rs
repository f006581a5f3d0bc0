//! What a client may do, where no policy ships for it: a rule each, with its tests.

use clap::ValueEnum;

use super::super::push;

/// Something that a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Ability {
    /// See which containers, images and networks there are, and how they fare
    Look,
    /// See a container's whole configuration, but for its environment
    Inspect,
    /// Read what containers print
    Logs,
    /// Start, stop and restart containers
    Lifecycle,
    /// Run commands in containers
    Exec,
    /// Pull images
    Pull,
    /// Make containers of its own, which have nothing of the host, and remove them
    Make,
}

impl Ability {
    /// Every one, in the order in which they are asked for and written.
    pub(super) const ALL: [Self; 7] =
        [Self::Look, Self::Inspect, Self::Logs, Self::Lifecycle, Self::Exec, Self::Pull, Self::Make];

    /// What it is, as a question goes on from "May it".
    pub(super) const fn question(self) -> &'static str {
        match self {
            Self::Look => "see which containers, images and networks there are, and how they fare",
            Self::Inspect => "see a container's whole configuration, but for its environment",
            Self::Logs => "read what containers print",
            Self::Lifecycle => "start, stop and restart containers",
            Self::Exec => "run commands in containers",
            Self::Pull => "pull images",
            Self::Make => "make containers of its own, which have nothing of the host",
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Look => include_str!("abilities/look.toml"),
            Self::Inspect => include_str!("abilities/inspect.toml"),
            Self::Logs => include_str!("abilities/logs.toml"),
            Self::Lifecycle => include_str!("abilities/lifecycle.toml"),
            Self::Exec => include_str!("abilities/exec.toml"),
            Self::Pull => include_str!("abilities/pull.toml"),
            Self::Make => include_str!("abilities/make.toml"),
        }
    }
}

/// The label of the containers that a client has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    key: String,
    value: String,
}

impl Label {
    /// `KEY=VALUE`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
        let is_plain =
            |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || "\"\\*?".contains(c));
        if is_plain(key) && is_plain(value) {
            Ok(Self { key: key.to_owned(), value: value.to_owned() })
        } else {
            Err("a key and a value are neither empty nor have quotes, backslashes, `*` or `?` in them"
                .to_owned())
        }
    }
}

/// The policy for a client of this name, which may do these.
pub(super) fn policy(client: &str, abilities: &[Ability], label: Option<&Label>) -> String {
    let mut policy = format!(
        "# For {client}. What no rule allows is refused; `dockgate test` holds the rules to the tests below.\n\nversion = 1\n"
    );
    // Who may look is greeted with it.
    let greeting = (!abilities.contains(&Ability::Look)).then_some(include_str!("abilities/greet.toml"));
    let mut abilities = abilities.to_vec();
    // The docker CLI looks at a container before it reads its logs or runs a command in it.
    if abilities.contains(&Ability::Logs) || abilities.contains(&Ability::Exec) {
        abilities.push(Ability::Inspect);
    }
    let chosen =
        Ability::ALL.into_iter().filter(|ability| abilities.contains(ability)).map(Ability::template);
    for template in greeting.into_iter().chain(chosen).chain([include_str!("abilities/never.toml")]) {
        push(&mut policy, format_args!("\n{}\n", filled(template, client, &abilities, label).trim_end()));
    }
    policy
}

/// A template's text, of which some lines are for some policies: those behind `#label` for one with a label, those behind
/// `#any` for one without, those behind `#not-all-logs` and its like where another rule does not have it for all containers.
fn filled(template: &str, client: &str, abilities: &[Ability], label: Option<&Label>) -> String {
    let pair = label.map(|Label { key, value }| format!("\"{key}\" = \"{value}\"")).unwrap_or_default();
    let has_for_all = |ability| label.is_none() && abilities.contains(&ability);
    let mut text = String::new();
    for line in template.lines() {
        let (is_wanted, line) = match line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
            Some(("label", line)) => (label.is_some(), line),
            Some(("any", line)) => (label.is_none(), line),
            Some(("not-all-logs", line)) => (!has_for_all(Ability::Logs), line),
            Some(("not-all-lifecycle", line)) => (!has_for_all(Ability::Lifecycle), line),
            Some(_) | None => (true, line),
        };
        if is_wanted {
            // Neither name is looked for in the other.
            let between: Vec<String> =
                line.split("LABEL").map(|part| part.replace("CLIENT", client)).collect();
            push(&mut text, format_args!("{}\n", between.join(&pair)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Ability, Label, policy};

    #[test]
    fn a_label_is_written_as_it_is_said() {
        let label = Label::read("tier.CLIENT=CLIENT-LABEL").unwrap();
        let written = policy("panel", &[Ability::Lifecycle, Ability::Make], Some(&label));
        assert!(written.contains("container.label.\"tier.CLIENT\" = \"CLIENT-LABEL\"\n"), "{written}");
        assert!(written.contains("\nown = \"panel\"\n"), "{written}");
    }
}
