//! How dockgate is to run: flags, environment and the settings file, merged into one value.
//!
//! Each setting is one row of [`key`]'s table and can be given as a flag, as a `DOCKGATE_…` variable
//! and as a key of the settings file; a flag wins over the environment, the environment over the
//! file, the file over the default. Every problem that can be seen is reported, not only the first.

mod account;
mod address;
mod admin;
mod args;
mod audit;
mod daemon;
mod draft;
mod environment;
mod file;
mod key;
mod listener;
mod log_level;
mod number;
mod problem;
pub mod schema;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use account::Account;
pub use address::Address;
pub use args::ServeArgs;
pub use audit::{AuditCopies, AuditCopy, AuditSettings, AuditSink, Durability, OnFailure, Rotation};
pub use daemon::{BreakerSettings, DaemonSettings, Identity, Jitter, Retry, TlsFiles};
use draft::Layers;
pub use environment::{ClientEnvironment, Supervision, forbids_colour};
use key::Key;
pub use listener::ListenerSettings;
pub use log_level::LogLevel;
use problem::did_you_mean;
pub use problem::{Place, Problem, Problems};

/// How dockgate is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where clients connect; at least one, each with a name and an address of its own.
    pub listeners: Vec<ListenerSettings>,
    /// The Docker daemon, and how patiently it is connected to.
    pub daemon: DaemonSettings,
    /// The policy file; the built-in policy where there is none.
    pub policy: Option<PathBuf>,
    /// What becomes of running streams that a changed policy would refuse.
    pub streams_on_reload: StreamsOnReload,
    /// Where the audit goes, and what is in it.
    pub audit: AuditSettings,
    /// Where an operator asks how dockgate is.
    pub admin: Option<ListenerSettings>,
    /// How much dockgate tells its operator.
    pub log_level: LogLevel,
    /// What one client may take up.
    pub limits: Limits,
    /// Where build contexts are kept until they are judged.
    pub build_context_dir: PathBuf,
    /// How long running requests may go on once dockgate is told to stop.
    pub grace: Duration,
}

/// What becomes of running streams when another policy comes into force that would refuse them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamsOnReload {
    /// They keep the verdict that they got.
    Keep,
    /// They are closed.
    Close,
}

/// What clients may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at a time, over all listeners.
    pub connections: usize,
    /// Size of a request's head: request line and header fields.
    pub head_bytes: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// Size of a build context or an upload that is looked into, as it comes and unpacked.
    pub build_context_bytes: u64,
}

impl Settings {
    /// Reads the environment and the settings file, where one is named, and merges them with the flags.
    ///
    /// # Errors
    ///
    /// Every problem found in the three.
    pub fn load(args: &ServeArgs) -> Result<Self, Problems> {
        let environment = environment::read();
        let Some((path, place)) = Self::file_named(args, &environment) else {
            return Self::merge(args, &environment, None);
        };
        match fs::read_to_string(&path) {
            Ok(source) => Self::merge(args, &environment, Some((&path, &source))),
            Err(error) => Err(Problems::from(Problem::new(
                place,
                format!("the settings file {} cannot be read: {error}", path.display()),
            ))),
        }
    }

    /// Merges flags, environment and the text of a settings file. Pure: what the process's own
    /// environment says does not matter here.
    ///
    /// # Errors
    ///
    /// Every problem found in the three.
    pub fn merge(
        args: &ServeArgs,
        environment: &[(OsString, OsString)],
        file: Option<(&Path, &str)>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let layers = Layers::new([
            args.draft(),
            environment::draft(environment, &mut problems),
            file.map(|(path, source)| file::draft(path, source, &mut problems)).unwrap_or_default(),
        ]);
        let settings = Self::from_layers(&layers, &mut problems);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            Some(_) | None => Err(Problems::from(problems)),
        }
    }

    fn from_layers(layers: &Layers, problems: &mut Vec<Problem>) -> Option<Self> {
        // Each is read before the first `?`, so that all problems are seen.
        let listeners = listener::read(layers, problems);
        let daemon = daemon::read(layers, problems);
        let policy = layers.read_optional(Key::Policy, problems, file_name);
        let streams_on_reload = layers.read(Key::StreamsOnReload, problems, StreamsOnReload::read);
        let audit = audit::read(layers, problems);
        let admin = layers.read_optional(Key::Admin, problems, admin::read);
        let log_level = layers.read(Key::LogLevel, problems, LogLevel::read);
        let connections = layers.read(Key::MaxConnections, problems, number::connections);
        let head_bytes = layers.read(Key::MaxHeadBytes, problems, number::head_bytes);
        let head_timeout = layers.read(Key::HeadTimeout, problems, number::head_timeout);
        let context_bytes = layers.read(Key::MaxBuildContext, problems, number::context_bytes);
        let context_dir = layers.read(Key::BuildContextDir, problems, file_name);
        let grace = layers.read(Key::Grace, problems, number::duration);

        let settings = Self {
            listeners: listeners?,
            daemon: daemon?,
            policy: policy?,
            streams_on_reload: streams_on_reload?,
            audit: audit?,
            admin: admin?,
            log_level: log_level?,
            limits: Limits {
                connections: connections?,
                head_bytes: head_bytes?,
                head_timeout: head_timeout?,
                build_context_bytes: context_bytes?,
            },
            build_context_dir: context_dir?,
            grace: grace?,
        };
        settings.report_clashes(layers, problems);
        Some(settings)
    }

    fn report_clashes(&self, layers: &Layers, problems: &mut Vec<Problem>) {
        if self.admin.as_ref().is_some_and(|admin| admin.address == self.daemon.address) {
            problems.push(Problem::new(
                layers.place(Key::Admin),
                format!("{} is also the address of the daemon", self.daemon.address),
            ));
        }
        let mut names = HashMap::new();
        let mut addresses = HashMap::new();
        for (number, listener) in (1_u32..).zip(&self.listeners) {
            if let Some(first) = names.insert(&listener.name, number) {
                problems.push(Problem::new(
                    layers.place(Key::Listen),
                    format!(
                        "listeners {first} and {number} are both named `{}`: each needs a name of its own",
                        listener.name
                    ),
                ));
            }
            if let Some(first) = addresses.insert(&listener.address, number) {
                problems.push(Problem::new(
                    layers.place(Key::Listen),
                    format!("listeners {first} and {number} both listen on {}", listener.address),
                ));
            }
            if self.admin.as_ref().is_some_and(|admin| admin.address == listener.address) {
                problems.push(Problem::new(
                    layers.place(Key::Admin),
                    format!(
                        "{} is also the address of listener {number}: clients have no business there",
                        listener.address
                    ),
                ));
            }
            if listener.address == self.daemon.address {
                problems.push(Problem::new(
                    Some(layers.place(Key::Daemon))
                        .filter(|place| *place != Place::Default)
                        .unwrap_or_else(|| layers.place(Key::Listen)),
                    format!(
                        "listener {number} and the daemon are both at {}: dockgate would ask itself; give the listener another address",
                        listener.address
                    ),
                ));
            }
        }
    }

    /// The settings file that flags or environment name, and where it is named.
    fn file_named(args: &ServeArgs, environment: &[(OsString, OsString)]) -> Option<(PathBuf, Place)> {
        let mut unheard = Vec::new(); // `merge` reads the environment again and reports.
        let layers = Layers::new([args.draft(), environment::draft(environment, &mut unheard)]);
        let path = layers.read_optional(Key::Settings, &mut unheard, file_name)??;
        Some((path, layers.place(Key::Settings)))
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{text}` is neither `yes` nor `no`")),
    }
}

fn file_name(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("the name of a file is missing".to_owned()) } else { Ok(PathBuf::from(text)) }
}

impl StreamsOnReload {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "close" => Ok(Self::Close),
            _ => {
                let hint = did_you_mean(text, ["keep", "close"].into_iter());
                Err(format!("`{text}` is not one of keep, close{hint}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(flags: &[&str]) -> ServeArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            serve: ServeArgs,
        }
        <Line as clap::Parser>::try_parse_from([&["dockgate"], flags].concat()).unwrap().serve
    }

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    fn merge(flags: &[&str], pairs: &[(&str, &str)], file: &str) -> Result<Settings, String> {
        Settings::merge(&args(flags), &environment(pairs), Some((Path::new("dockgate.toml"), file)))
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let settings = Settings::merge(&ServeArgs::default(), &[], None).unwrap();
        assert_eq!(
            settings,
            Settings {
                listeners: vec![ListenerSettings {
                    name: "tcp://127.0.0.1:2375".to_owned(),
                    address: Address::Tcp { host: "127.0.0.1".to_owned(), port: 2375 },
                    mode: 0o660,
                    owner: None,
                    group: None,
                }],
                daemon: DaemonSettings {
                    address: Address::Unix(PathBuf::from("/var/run/docker.sock")),
                    tls: None,
                    connect_timeout: Duration::from_secs(3),
                    retry: Retry {
                        attempts: 3,
                        delay: Duration::from_millis(100),
                        max_delay: Duration::from_secs(2),
                        jitter: Jitter::Full,
                    },
                    breaker: BreakerSettings { threshold: 5, open_time: Duration::from_secs(2) },
                    health_interval: Duration::from_secs(5),
                },
                policy: None,
                streams_on_reload: StreamsOnReload::Keep,
                audit: AuditSettings::default(),
                admin: None,
                log_level: LogLevel::Info,
                limits: Limits {
                    connections: 4096,
                    head_bytes: 256 * 1024,
                    head_timeout: Duration::from_secs(10),
                    build_context_bytes: 2 * 1024 * 1024 * 1024,
                },
                build_context_dir: PathBuf::from("/tmp"),
                grace: Duration::from_secs(10),
            }
        );
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
        let file = "policy = \"/file\"\naudit = \"/file\"\nlog_level = \"debug\"\ngrace = \"1m\"";
        let pairs = [("DOCKGATE_POLICY", "/environment"), ("DOCKGATE_AUDIT", "/environment")];
        let settings = merge(&["--policy", "/flag"], &pairs, file).unwrap();
        assert_eq!(settings.policy, Some(PathBuf::from("/flag")));
        assert_eq!(settings.audit.sink, AuditSink::File(PathBuf::from("/environment")));
        assert_eq!(settings.log_level, LogLevel::Debug);
        assert_eq!(settings.grace, Duration::from_secs(60));
    }

    #[test]
    fn the_settings_of_the_examples_can_be_used() {
        let file = include_str!("../examples/systemd/dockgate.toml");
        let settings = merge(&[], &[], file).unwrap();
        assert_eq!(settings.admin.unwrap().address.to_string(), "unix:///run/dockgate/admin.sock");
    }

    #[test]
    fn an_empty_variable_counts_as_not_given() {
        let settings = merge(&[], &[("DOCKGATE_ADMIN", ""), ("DOCKGATE_LISTEN", "")], "").unwrap();
        assert_eq!((settings.admin, settings.listeners.len()), (None, 1));
    }

    #[test]
    fn an_empty_variable_does_not_put_another_policy_into_force() {
        let pairs = [("DOCKGATE_POLICY", "")];
        for file in ["", "policy = \"/file\""] {
            assert_eq!(
                merge(&[], &pairs, file).unwrap_err(),
                "DOCKGATE_POLICY: the name of a file is missing"
            );
        }
        assert!(merge(&["--policy", "/flag"], &pairs, "").is_ok());
    }

    #[test]
    fn listeners_come_from_one_source_only() {
        let file = "listen = [\"tcp://127.0.0.1:1\", \"tcp://127.0.0.1:2\"]";
        let settings = merge(&["--listen", "a=unix:///run/a=b.sock"], &[], file).unwrap();
        assert_eq!(settings.listeners.len(), 1);
        assert_eq!(settings.listeners[0].name, "a");
        assert_eq!(settings.listeners[0].address.to_string(), "unix:///run/a=b.sock");
    }

    #[test]
    fn the_variable_for_listeners_is_split_at_commas() {
        let settings =
            merge(&[], &[("DOCKGATE_LISTEN", "ui=unix:///run/ui.sock, tcp://[::1]:2375")], "").unwrap();
        let names: Vec<_> = settings.listeners.iter().map(|listener| listener.name.as_str()).collect();
        assert_eq!(names, ["ui", "tcp://[::1]:2375"]);
    }

    #[test]
    fn a_listener_in_the_file_may_be_a_table() {
        let file = "
            socket_mode = \"0600\"
            socket_group = \"docker\"
            listen = [
                { name = \"ui\", address = \"unix:///run/ui.sock\", mode = \"0666\", owner = 1000 },
                \"unix:///run/other.sock\",
            ]";
        let settings = merge(&[], &[], file).unwrap();
        let group = Some(Account::Name("docker".to_owned()));
        let described: Vec<_> = settings
            .listeners
            .iter()
            .map(|l| (l.name.as_str(), l.mode, l.owner.clone(), l.group.clone()))
            .collect();
        assert_eq!(
            described,
            [
                ("ui", 0o666, Some(Account::Id(1000)), group.clone()),
                ("unix:///run/other.sock", 0o600, None, group)
            ]
        );
    }

    #[test]
    fn all_problems_are_reported_at_once_each_with_its_place() {
        let file =
            "damon = \"tcp://a:1\"\nlisten = [{ adress = \"x\" }, 7]\nsocket_mode = 660\ngrace = \"10\"";
        let problems =
            merge(&["--audit", ""], &[("DOCKGATE_POLCY", "x"), ("DOCKGATE_MAX_CONNECTIONS", "many")], file)
                .unwrap_err();
        insta::assert_snapshot!(problems, @r#"
        DOCKGATE_POLCY: this is no setting of dockgate; did you mean `DOCKGATE_POLICY`?
        dockgate.toml:1:1: `damon` is no setting; did you mean `daemon`?
        dockgate.toml:2:13: `adress` is no key of a listener; did you mean `address`?
        dockgate.toml:2:11: the listener has no address: add address = "unix:///run/dockgate/docker.sock"
        dockgate.toml:2:29: a listener is written as text, "tcp://127.0.0.1:2375", or as a table, { name = "ui", address = "unix:///run/dockgate/docker.sock" }
        dockgate.toml:3:15: `socket_mode` is written as text, in quotes
        --audit: the name of a file is missing
        DOCKGATE_MAX_CONNECTIONS: `many` is not a number from 1 to 1000000
        dockgate.toml:4:9: `10` is no duration; write it with its unit: "10s", "500ms", "2m"
        "#);
    }

    #[test]
    fn the_admin_socket_is_not_the_daemons() {
        let flags = ["--admin", "unix:///run/docker.sock", "--daemon", "unix:///run/docker.sock"];
        let problems = merge(&flags, &[], "").unwrap_err();
        assert_eq!(problems, "--admin: unix:///run/docker.sock is also the address of the daemon");
    }

    #[test]
    fn a_clash_with_a_default_is_reported_where_something_is_written() {
        let problems = merge(&["--listen", "unix:///var/run/docker.sock"], &[], "").unwrap_err();
        assert!(problems.starts_with("--listen: listener 1 and the daemon are both at"), "{problems}");
    }

    #[test]
    fn clashes_between_settings_are_reported() {
        let problems = merge(
            &[
                "--listen",
                "a=tcp://h:1",
                "--listen",
                "a=tcp://h:2",
                "--listen",
                "b=tcp://h:2",
                "--daemon",
                "tcp://h:1",
                "--admin",
                "tcp://127.0.0.1:9",
                "--listen",
                "tcp://127.0.0.1:9",
            ],
            &[],
            "",
        )
        .unwrap_err();
        insta::assert_snapshot!(problems, @r"
        --daemon: listener 1 and the daemon are both at tcp://h:1: dockgate would ask itself; give the listener another address
        --listen: listeners 1 and 2 are both named `a`: each needs a name of its own
        --listen: listeners 2 and 3 both listen on tcp://h:2
        --admin: tcp://127.0.0.1:9 is also the address of listener 4: clients have no business there
        ");
    }

    #[test]
    fn who_must_have_a_record_is_waited_for_or_nobody_is() {
        let must = ["--audit-copies", "journald", "--audit-copies-must", "yes"];
        merge(&must, &[], "").unwrap();
        let problems = merge(&must, &[], "audit_durability = \"buffered\"").unwrap_err();
        insta::assert_snapshot!(problems, @"--audit-copies-must: a buffered record is not waited for, and receivers that must have it are: leave this out, or give --audit-durability written");
    }

    #[test]
    fn what_would_have_no_effect_on_the_audit_is_a_problem() {
        let problems = [
            merge(&["--audit-copies-must", "yes"], &[], "").unwrap_err(),
            merge(&["--audit-keep-files", "3", "--audit-keep-age", "1d"], &[], "").unwrap_err(),
        ];
        insta::assert_snapshot!(problems.join("\n"), @r"
        --audit-copies-must: nobody is named who must have the records: name receivers, with --audit-copies
        --audit-keep-files: standard output is no file that could be moved away or removed: name one, with --audit
        --audit-keep-age: standard output is no file that could be moved away or removed: name one, with --audit
        ");
        merge(&["--audit-keep-files", "3", "--audit", "a"], &[], "").unwrap();
    }

    #[test]
    fn the_files_of_an_encrypted_connection_belong_together() {
        let tcp = ["--daemon", "tcp://h:2376"];
        let with = |more: &[&str]| merge(&[&tcp, more].concat(), &[], "").map(|settings| settings.daemon.tls);
        assert_eq!(with(&[]), Ok(None));
        let exposed = |flags: &[&str]| merge(flags, &[], "").unwrap().daemon.is_exposed();
        assert!(exposed(&tcp) && !exposed(&[&tcp[..], &["--daemon-tls-ca", "ca.pem"]].concat()));
        assert!(!exposed(&[]) && !exposed(&["--daemon", "tcp://127.0.0.1:1"]));
        let ca = with(&["--daemon-tls-ca", "ca.pem"]).unwrap().unwrap();
        assert_eq!((ca.ca, ca.identity), (PathBuf::from("ca.pem"), None));
        let problems = [
            with(&["--daemon-tls-cert", "c"]),
            with(&["--daemon-tls-ca", "a", "--daemon-tls-key", "k"]),
            with(&["--daemon-tls-cert", "c", "--daemon-tls-key", "k"]),
            merge(&["--daemon-tls-ca", "a"], &[], "").map(|settings| settings.daemon.tls),
            merge(&["--retry-delay", "3s", "--retry-jitter", "ful"], &[], "breaker_threshold = 0")
                .map(|settings| settings.daemon.tls),
        ];
        insta::assert_snapshot!(problems.map(Result::unwrap_err).join("\n"), @r"
        --daemon-tls-cert: a certificate needs its key: give --daemon-tls-key
        --daemon-tls-key: a key needs its certificate: give --daemon-tls-cert
        --daemon-tls-cert: without --daemon-tls-ca nobody vouches for the daemon: name the file of its authority's certificate
        --daemon-tls-ca: a unix socket is not encrypted: leave this out, or give the daemon as tcp://host:2376
        --retry-jitter: `ful` is not one of full, none; did you mean `full`?
        dockgate.toml:1:21: `0` is not a number from 1 to 1000
        --retry-delay: 3s is longer than the longest pause, 2s (--retry-max-delay)
        ");
    }

    #[test]
    fn a_settings_file_that_cannot_be_read_is_an_error() {
        let problems = Settings::load(&args(&["--settings", "/nonexistent/dockgate.toml"])).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "--settings: the settings file /nonexistent/dockgate.toml cannot be read: \
             No such file or directory (os error 2)"
        );
    }
}
