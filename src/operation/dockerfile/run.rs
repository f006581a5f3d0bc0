//! The flags of `RUN`, all of which are BuildKit's.

use super::flags::{self, Flag};

/// What a `RUN` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// What is mounted from: stages and images.
    pub(super) mounts: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) ssh: Vec<String>,
    /// A network other than the default and none.
    pub(super) network: Vec<String>,
    /// A security mode other than the sandbox.
    pub(super) security: Vec<String>,
    pub(super) devices: Vec<String>,
}

impl Run {
    /// Reads what stands behind `RUN`.
    pub(super) fn read(rest: &str, escape: char) -> Result<Self, String> {
        let (flags, _) = flags::read("RUN", &["mount", "network", "security", "device"], rest, escape)?;
        let mut run = Self::default();
        for flag in flags {
            run.add(flag)?;
        }
        Ok(run)
    }

    fn add(&mut self, (name, value): Flag) -> Result<(), String> {
        let value = value.ok_or_else(|| format!("the flag --{name} of RUN has no value"))?;
        match (name.as_str(), value.as_str()) {
            ("network", "" | "default" | "none") | ("security", "" | "sandbox") => {}
            ("network", _) => self.network.push(value),
            ("security", _) => self.security.push(value),
            ("mount", value) => self.mount(value)?,
            _ => self.devices.push(value),
        }
        Ok(())
    }

    /// A mount: fields apart by commas, each a key and its value.
    fn mount(&mut self, fields: &str) -> Result<(), String> {
        // Newer daemons put in variables, and take quotes and escapes away, in all but `from`.
        let refused = |what: &str| Err(format!("--mount={fields}: {what}"));
        if fields.contains(['"', '\'', '\\', '`', '\n']) {
            return refused("quotes and escapes are read in several ways here; write it without");
        }
        let (mut kind, mut id, mut target) = ("bind".to_owned(), None, None);
        for field in fields.split(',') {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            match key.to_ascii_lowercase().as_str() {
                "type" => kind = value.to_ascii_lowercase(),
                "from" if value.is_empty() => {}
                "from" => self.mounts.push(value.to_owned()),
                "id" | "source" | "src" => id = Some(value),
                "target" | "dst" | "destination" => target = Some(value),
                _ => {}
            }
        }
        let id = id.filter(|id| !id.is_empty());
        match kind.as_str() {
            "bind" | "cache" | "tmpfs" => {}
            "secret" => {
                let file = target.and_then(|target| target.rsplit('/').next());
                self.secrets.push(id.or(file).unwrap_or_default().to_owned());
            }
            "ssh" => self.ssh.push(id.unwrap_or("default").to_owned()),
            _ => return refused("the type is none that dockgate knows"),
        }
        Ok(())
    }
}
