//! What is to be written: for whom, by which policy, and where it connects.

use std::path::PathBuf;

use super::ability::{Ability, Label, policy};
use super::{InitArguments, shipped};
use crate::policy::nearest::nearest;
use crate::settings::Address;

/// Where the image keeps its sockets.
const SOCKETS: &str = "/run/dockgate";

/// What is to be written.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) client: String,
    pub(super) policy: String,
    pub(super) listen: Listen,
    pub(super) directory: PathBuf,
}

/// Where the client connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    /// A socket of this name, in the directory of sockets.
    Unix(String),
    /// A port of the container.
    Tcp(u16),
}

impl Plan {
    /// What the flags say.
    pub(super) fn of_flags(arguments: &InitArguments) -> Result<Self, String> {
        let client = arguments.client.clone().unwrap_or_default();
        let listen = arguments.listen.clone().unwrap_or_else(|| default_listen(&client));
        Self::new(client, &arguments.may, arguments.label.as_ref(), &listen, arguments.directory.clone())
    }

    /// Makes sense of what is wanted.
    pub(super) fn new(
        client: String,
        abilities: &[Ability],
        label: Option<&Label>,
        listen: &str,
        directory: Option<PathBuf>,
    ) -> Result<Self, String> {
        check_name(&client)?;
        let policy = match (abilities, shipped::policy(&client)) {
            ([], Some(text)) => text.to_owned(),
            ([], None) => {
                let names: Vec<&str> = shipped::names().collect();
                let some = nearest(&client, names.iter().copied()).map_or_else(
                    || format!("It has some for {}.", names.join(", ")),
                    |near| format!("Did you mean `{near}`?"),
                );
                return Err(format!(
                    "dockgate has no policy for `{client}`. {some} For another say what it may do: \
                     --client {client} --may look,logs"
                ));
            }
            (abilities, _) => policy(&client, abilities, label),
        };
        let directory = directory.unwrap_or_else(|| PathBuf::from(format!("dockgate-{client}")));
        Ok(Self { policy, listen: Listen::read(listen)?, directory, client })
    }
}

/// Where a client of this name connects, if nothing is said.
pub(super) fn default_listen(client: &str) -> String {
    format!("unix://{SOCKETS}/{client}.sock")
}

/// A name stands in files, in an address and in a path.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let is_plain =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if name.is_empty() || name.starts_with('-') || name.len() > 60 || !is_plain {
        return Err(format!("`{name}` is no name for a client: write it with small letters, digits and `-`"));
    }
    Ok(())
}

impl Listen {
    fn read(text: &str) -> Result<Self, String> {
        match Address::read(text)? {
            Address::Tcp { host: _, port } => Ok(Self::Tcp(port)),
            Address::Unix(path) => {
                let name = path.strip_prefix(SOCKETS).ok().and_then(|rest| rest.to_str());
                let name = name.filter(|name| !name.contains(['/', ':', ' ', '"', '$', '=', ',']));
                name.map(|name| Self::Unix(name.to_owned())).ok_or_else(|| {
                    format!("the image keeps its sockets in {SOCKETS}: write unix://{SOCKETS}/NAME.sock")
                })
            }
        }
    }

    /// Where dockgate listens.
    pub(super) fn of_gate(&self) -> String {
        match self {
            Self::Unix(name) => format!("unix://{SOCKETS}/{name}"),
            Self::Tcp(port) => format!("tcp://0.0.0.0:{port}"),
        }
    }

    /// What stands in the client's `DOCKER_HOST`.
    pub(super) fn of_client(&self) -> String {
        match self {
            Self::Unix(_) => self.of_gate(),
            Self::Tcp(port) => format!("tcp://dockgate:{port}"),
        }
    }
}
