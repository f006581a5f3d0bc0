//! The flags of `dockgate serve`.

use super::draft::{Draft, ListenerDraft, Written};
use super::key::Key;
use super::problem::Place;

/// The flags of `dockgate serve`, as written. `Settings::load` makes sense of them.
#[derive(Clone, Debug, Default, clap::Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help, where backticks would show")]
pub struct ServeArgs {
    /// Where clients connect; may be given more than once
    ///
    /// An address is spelled as in DOCKER_HOST: unix:///path or tcp://host:port. With NAME= before
    /// it the listener gets a name, by which the policy and the audit know it.
    ///
    /// [default: tcp://127.0.0.1:2375] [env: DOCKGATE_LISTEN, separated by commas]
    #[arg(long, value_name = "[NAME=]ADDR")]
    listen: Vec<String>,

    /// Where the Docker daemon is
    ///
    /// Spelled as in DOCKER_HOST: unix:///path or tcp://host:port.
    ///
    /// [default: unix:///var/run/docker.sock] [env: DOCKGATE_DAEMON]
    #[arg(long, value_name = "ADDR")]
    daemon: Option<String>,

    /// The policy: who may ask what
    ///
    /// Without one the built-in policy holds, which lets clients look and change nothing.
    ///
    /// [env: DOCKGATE_POLICY]
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,

    /// What becomes of running streams that a changed policy would refuse: keep or close
    ///
    /// A policy is read again when its file changes, and on SIGHUP. Streams (logs, events, attach,
    /// exec and the like) keep the verdict they got, unless they are to be closed.
    ///
    /// [default: keep] [env: DOCKGATE_STREAMS_ON_RELOAD]
    #[arg(long, value_name = "keep|close")]
    streams_on_reload: Option<String>,

    /// Where the audit is written, one JSON object a line; - is standard output
    ///
    /// A file is appended to; its directory must exist.
    ///
    /// [default: -] [env: DOCKGATE_AUDIT]
    #[arg(long, value_name = "FILE|-")]
    audit: Option<String>,

    /// Where an operator asks how dockgate is: /livez, /readyz, /healthz and /metrics
    ///
    /// unix:///path, a socket that only the user dockgate runs as may use, or tcp:// with an address
    /// of the loopback. Without it there is none.
    ///
    /// [env: DOCKGATE_ADMIN]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,

    /// A TOML file that holds settings
    ///
    /// Its keys are the names of these flags with _ for -. A flag wins over the environment, the
    /// environment over the file.
    ///
    /// [env: DOCKGATE_SETTINGS]
    #[arg(long, value_name = "FILE")]
    settings: Option<String>,

    /// How much to log: error, warn, info, debug or trace
    ///
    /// [default: info] [env: DOCKGATE_LOG_LEVEL]
    #[arg(long, value_name = "error|warn|info|debug|trace")]
    log_level: Option<String>,

    /// Permissions of unix listeners, in octal
    ///
    /// Holds where a listener in the settings file has no mode of its own.
    ///
    /// [default: 0660] [env: DOCKGATE_SOCKET_MODE]
    #[arg(long, value_name = "MODE", help_heading = "Listeners")]
    socket_mode: Option<String>,

    /// Owner of unix listeners
    ///
    /// Without it, the user that dockgate runs as.
    ///
    /// [env: DOCKGATE_SOCKET_OWNER]
    #[arg(long, value_name = "USER|UID", help_heading = "Listeners")]
    socket_owner: Option<String>,

    /// Group of unix listeners
    ///
    /// Without it, the group that dockgate runs as.
    ///
    /// [env: DOCKGATE_SOCKET_GROUP]
    #[arg(long, value_name = "GROUP|GID", help_heading = "Listeners")]
    socket_group: Option<String>,

    /// Connections open at a time, over all listeners; one client has no more than seven eighths of them
    ///
    /// [default: 4096] [env: DOCKGATE_MAX_CONNECTIONS]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_connections: Option<String>,

    /// Size of a request's head: request line and header fields
    ///
    /// Some clients copy their whole request into the query; below 128 KiB they may be refused.
    ///
    /// [default: 262144] [env: DOCKGATE_MAX_HEAD_BYTES]
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    max_head_bytes: Option<String>,

    /// How long a client may take to send a request's head
    ///
    /// [default: 10s] [env: DOCKGATE_HEAD_TIMEOUT]
    #[arg(long, value_name = "DURATION", help_heading = "Limits")]
    head_timeout: Option<String>,

    /// How long running requests may go on once dockgate is told to stop
    ///
    /// [default: 10s] [env: DOCKGATE_GRACE]
    #[arg(long, value_name = "DURATION", help_heading = "Limits")]
    grace: Option<String>,

    /// Who may vouch for a daemon at tcp://: PEM certificates; with it the connection is encrypted
    ///
    /// The daemon's own certificate must name the host of --daemon.
    ///
    /// [env: DOCKGATE_DAEMON_TLS_CA]
    #[arg(long, value_name = "FILE", help_heading = "Daemon")]
    daemon_tls_ca: Option<String>,

    /// dockgate's own certificate, where the daemon asks for one (PEM)
    ///
    /// [env: DOCKGATE_DAEMON_TLS_CERT]
    #[arg(long, value_name = "FILE", help_heading = "Daemon")]
    daemon_tls_cert: Option<String>,

    /// The key of that certificate (PEM)
    ///
    /// [env: DOCKGATE_DAEMON_TLS_KEY]
    #[arg(long, value_name = "FILE", help_heading = "Daemon")]
    daemon_tls_key: Option<String>,

    /// How long connecting to the daemon may take, and its answer to a ping of dockgate's own
    ///
    /// [default: 3s] [env: DOCKGATE_CONNECT_TIMEOUT]
    #[arg(long, value_name = "DURATION", help_heading = "Daemon")]
    connect_timeout: Option<String>,

    /// How many more times connecting is tried while a client waits
    ///
    /// Only connecting is tried again: a request that the daemon may have seen is never sent twice.
    ///
    /// [default: 3] [env: DOCKGATE_RETRY_ATTEMPTS]
    #[arg(long, value_name = "N", help_heading = "Daemon")]
    retry_attempts: Option<String>,

    /// The pause before connecting again; each further one is twice as long
    ///
    /// [default: 100ms] [env: DOCKGATE_RETRY_DELAY]
    #[arg(long, value_name = "DURATION", help_heading = "Daemon")]
    retry_delay: Option<String>,

    /// The longest such pause
    ///
    /// [default: 2s] [env: DOCKGATE_RETRY_MAX_DELAY]
    #[arg(long, value_name = "DURATION", help_heading = "Daemon")]
    retry_max_delay: Option<String>,

    /// How chance shortens these pauses: full (to anything down to nothing) or none
    ///
    /// [default: full] [env: DOCKGATE_RETRY_JITTER]
    #[arg(long, value_name = "full|none", help_heading = "Daemon")]
    retry_jitter: Option<String>,

    /// After how many failures in a row clients are told at once that the daemon is away
    ///
    /// A failure is a connection that cannot be made, or a ping of dockgate's own that is not
    /// answered; a request that the daemon breaks off, or answers with an error, is none.
    ///
    /// [default: 5] [env: DOCKGATE_BREAKER_THRESHOLD]
    #[arg(long, value_name = "N", help_heading = "Daemon")]
    breaker_threshold: Option<String>,

    /// How long they are, until dockgate asks the daemon again
    ///
    /// It asks sooner when the daemon's socket changes.
    ///
    /// [default: 2s] [env: DOCKGATE_BREAKER_OPEN_TIME]
    #[arg(long, value_name = "DURATION", help_heading = "Daemon")]
    breaker_open_time: Option<String>,

    /// How often the daemon is asked whether it is there while all is well
    ///
    /// [default: 5s] [env: DOCKGATE_HEALTH_INTERVAL]
    #[arg(long, value_name = "DURATION", help_heading = "Daemon")]
    health_interval: Option<String>,

    /// When a record counts as written, so that its request may go on: buffered, written or synced
    ///
    /// buffered: when it is in memory; what is lost if dockgate dies is the last tenth of a second.
    /// written: when the system has it, which keeps it if dockgate dies, but not if the power fails.
    /// synced: when it is on the disk.
    ///
    /// [default: written] [env: DOCKGATE_AUDIT_DURABILITY]
    #[arg(long, value_name = "buffered|written|synced", help_heading = "Audit")]
    audit_durability: Option<String>,

    /// What becomes of a request whose record cannot be written: refuse or continue
    ///
    /// [default: refuse] [env: DOCKGATE_AUDIT_ON_FAILURE]
    #[arg(long, value_name = "refuse|continue", help_heading = "Audit")]
    audit_on_failure: Option<String>,

    /// How long records stay without a seal
    ///
    /// [default: 1m] [env: DOCKGATE_AUDIT_SEAL_INTERVAL]
    #[arg(long, value_name = "DURATION", help_heading = "Audit")]
    audit_seal_interval: Option<String>,

    /// The private key that signs seals, as ssh-keygen -t ed25519 makes it, without a passphrase
    ///
    /// Without one seals are not signed.
    ///
    /// [env: DOCKGATE_AUDIT_SEAL_KEY]
    #[arg(long, value_name = "FILE", help_heading = "Audit")]
    audit_seal_key: Option<String>,

    /// Whether the arguments of commands that are run in containers are recorded: yes or no
    ///
    /// They can hold passwords.
    ///
    /// [default: no] [env: DOCKGATE_AUDIT_EXEC_ARGV]
    #[arg(long, value_name = "yes|no", help_heading = "Audit")]
    audit_exec_argv: Option<String>,

    /// The size at which the audit file is moved away, and another begun
    ///
    /// It becomes FILE.TIME.NUMBER: when it was moved, and the number of its last record.
    ///
    /// [env: DOCKGATE_AUDIT_ROTATE_BYTES]
    #[arg(long, value_name = "BYTES", help_heading = "Audit")]
    audit_rotate_bytes: Option<String>,

    /// The age of its first record at which it is moved away: 1h, 7d
    ///
    /// [env: DOCKGATE_AUDIT_ROTATE_AGE]
    #[arg(long, value_name = "AGE", help_heading = "Audit")]
    audit_rotate_age: Option<String>,

    /// Whether files that were moved away are compressed (gzip): yes or no
    ///
    /// [default: yes] [env: DOCKGATE_AUDIT_COMPRESS]
    #[arg(long, value_name = "yes|no", help_heading = "Audit")]
    audit_compress: Option<String>,

    /// How many of them are kept; the oldest go first, and that is recorded
    ///
    /// [env: DOCKGATE_AUDIT_KEEP_FILES]
    #[arg(long, value_name = "N", help_heading = "Audit")]
    audit_keep_files: Option<String>,

    /// How large all of them together may be
    ///
    /// [env: DOCKGATE_AUDIT_KEEP_BYTES]
    #[arg(long, value_name = "BYTES", help_heading = "Audit")]
    audit_keep_bytes: Option<String>,

    /// How long each of them is kept: 90d
    ///
    /// [env: DOCKGATE_AUDIT_KEEP_AGE]
    #[arg(long, value_name = "AGE", help_heading = "Audit")]
    audit_keep_age: Option<String>,

    /// Who has copies of the records, separated by commas: stdout, syslog:ADDR, journald
    ///
    /// Syslog is spoken (RFC 5424) at unix:///dev/log or tcp://host:601. One that takes nothing holds up
    /// nobody; what finds no room is dropped and counted.
    ///
    /// [env: DOCKGATE_AUDIT_COPIES]
    #[arg(long, value_name = "LIST", help_heading = "Audit")]
    audit_copies: Option<String>,

    /// Whether they must have a record before its request goes on: yes or no
    ///
    /// [default: no] [env: DOCKGATE_AUDIT_COPIES_MUST]
    #[arg(long, value_name = "yes|no", help_heading = "Audit")]
    audit_copies_must: Option<String>,

    /// Size of a build context or an upload that is looked into, as it comes and unpacked
    ///
    /// These are looked into where a rule of the policy says which images a build may use, what it may
    /// fetch or do, or where an upload may be written; all others pass through whatever their size.
    ///
    /// [default: 2147483648] [env: DOCKGATE_MAX_BUILD_CONTEXT]
    #[arg(long, value_name = "BYTES", help_heading = "Build contexts")]
    max_build_context: Option<String>,

    /// Where such an archive is kept until it is judged and sent on, in a file without a name
    ///
    /// [default: /tmp] [env: DOCKGATE_BUILD_CONTEXT_DIR]
    #[arg(long, value_name = "DIR", help_heading = "Build contexts")]
    build_context_dir: Option<String>,
}

impl ServeArgs {
    /// What the command line says.
    pub(super) fn draft(&self) -> Draft {
        let listeners = self
            .listen
            .iter()
            .map(|text| Written { value: ListenerDraft::read(text), place: Place::Flag(Key::Listen.flag()) });
        let values = Key::ALL.into_iter().filter_map(|key| {
            let value = self.value(key)?.clone();
            Some((key, Written { value, place: Place::Flag(key.flag()) }))
        });
        Draft { listeners: listeners.collect(), values: values.collect() }
    }

    const fn value(&self, key: Key) -> Option<&String> {
        match key {
            Key::Listen => None,
            Key::Daemon => self.daemon.as_ref(),
            Key::Policy => self.policy.as_ref(),
            Key::StreamsOnReload => self.streams_on_reload.as_ref(),
            Key::Audit => self.audit.as_ref(),
            Key::Admin => self.admin.as_ref(),
            Key::Settings => self.settings.as_ref(),
            Key::LogLevel => self.log_level.as_ref(),
            Key::SocketMode => self.socket_mode.as_ref(),
            Key::SocketOwner => self.socket_owner.as_ref(),
            Key::SocketGroup => self.socket_group.as_ref(),
            Key::MaxConnections => self.max_connections.as_ref(),
            Key::MaxHeadBytes => self.max_head_bytes.as_ref(),
            Key::HeadTimeout => self.head_timeout.as_ref(),
            Key::Grace => self.grace.as_ref(),
            Key::DaemonTlsCaFile => self.daemon_tls_ca.as_ref(),
            Key::DaemonTlsCertFile => self.daemon_tls_cert.as_ref(),
            Key::DaemonTlsKeyFile => self.daemon_tls_key.as_ref(),
            Key::ConnectTimeout => self.connect_timeout.as_ref(),
            Key::RetryAttempts => self.retry_attempts.as_ref(),
            Key::RetryDelay => self.retry_delay.as_ref(),
            Key::RetryMaxDelay => self.retry_max_delay.as_ref(),
            Key::RetryJitter => self.retry_jitter.as_ref(),
            Key::BreakerThreshold => self.breaker_threshold.as_ref(),
            Key::BreakerOpenTime => self.breaker_open_time.as_ref(),
            Key::HealthInterval => self.health_interval.as_ref(),
            Key::AuditDurability => self.audit_durability.as_ref(),
            Key::AuditOnFailure => self.audit_on_failure.as_ref(),
            Key::AuditSealInterval => self.audit_seal_interval.as_ref(),
            Key::AuditSealSigner => self.audit_seal_key.as_ref(),
            Key::AuditExecArgv => self.audit_exec_argv.as_ref(),
            Key::AuditRotateBytes => self.audit_rotate_bytes.as_ref(),
            Key::AuditRotateAge => self.audit_rotate_age.as_ref(),
            Key::AuditCompress => self.audit_compress.as_ref(),
            Key::AuditKeepFiles => self.audit_keep_files.as_ref(),
            Key::AuditKeepBytes => self.audit_keep_bytes.as_ref(),
            Key::AuditKeepAge => self.audit_keep_age.as_ref(),
            Key::AuditCopies => self.audit_copies.as_ref(),
            Key::AuditCopiesMust => self.audit_copies_must.as_ref(),
            Key::MaxBuildContext => self.max_build_context.as_ref(),
            Key::BuildContextDir => self.build_context_dir.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args as _;

    #[test]
    fn every_setting_has_a_flag_whose_help_names_its_default_and_variable() {
        let command = ServeArgs::augment_args(clap::Command::new("serve"));
        let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
        assert_eq!(flags, Key::ALL.map(|key| key.name().replace('_', "-")));
        for (key, argument) in Key::ALL.into_iter().zip(command.get_arguments()) {
            let help = argument.get_long_help().unwrap().to_string();
            let default = key.default().map_or(String::new(), |value| format!("[default: {value}]"));
            assert!(help.contains(&default), "{help}");
            assert!(help.contains(&format!("[env: {}", key.variable())), "{help}");
        }
    }
}
