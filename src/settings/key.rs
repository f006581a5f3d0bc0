//! The table of settings: every flag, variable and key of the settings file is a row of it.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Listen,
    Daemon,
    Policy,
    StreamsOnReload,
    Audit,
    Admin,
    Settings,
    LogLevel,
    SocketMode,
    SocketOwner,
    SocketGroup,
    MaxConnections,
    MaxHeadBytes,
    HeadTimeout,
    Grace,
    DaemonTlsCaFile,
    DaemonTlsCertFile,
    DaemonTlsKeyFile,
    ConnectTimeout,
    RetryAttempts,
    RetryDelay,
    RetryMaxDelay,
    RetryJitter,
    BreakerThreshold,
    BreakerOpenTime,
    HealthInterval,
    AuditDurability,
    AuditOnFailure,
    AuditSealInterval,
    AuditSealSigner,
    AuditExecArgv,
    AuditRotateBytes,
    AuditRotateAge,
    AuditCompress,
    AuditKeepFiles,
    AuditKeepBytes,
    AuditKeepAge,
    AuditCopies,
    AuditCopiesMust,
    MaxBuildContext,
    BuildContextDir,
}

impl Key {
    /// Every setting.
    pub(super) const ALL: [Self; 41] = [
        Self::Listen,
        Self::Daemon,
        Self::Policy,
        Self::StreamsOnReload,
        Self::Audit,
        Self::Admin,
        Self::Settings,
        Self::LogLevel,
        Self::SocketMode,
        Self::SocketOwner,
        Self::SocketGroup,
        Self::MaxConnections,
        Self::MaxHeadBytes,
        Self::HeadTimeout,
        Self::Grace,
        Self::DaemonTlsCaFile,
        Self::DaemonTlsCertFile,
        Self::DaemonTlsKeyFile,
        Self::ConnectTimeout,
        Self::RetryAttempts,
        Self::RetryDelay,
        Self::RetryMaxDelay,
        Self::RetryJitter,
        Self::BreakerThreshold,
        Self::BreakerOpenTime,
        Self::HealthInterval,
        Self::AuditDurability,
        Self::AuditOnFailure,
        Self::AuditSealInterval,
        Self::AuditSealSigner,
        Self::AuditExecArgv,
        Self::AuditRotateBytes,
        Self::AuditRotateAge,
        Self::AuditCompress,
        Self::AuditKeepFiles,
        Self::AuditKeepBytes,
        Self::AuditKeepAge,
        Self::AuditCopies,
        Self::AuditCopiesMust,
        Self::MaxBuildContext,
        Self::BuildContextDir,
    ];

    /// The setting's name in the settings file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Daemon => "daemon",
            Self::Policy => "policy",
            Self::StreamsOnReload => "streams_on_reload",
            Self::Audit => "audit",
            Self::Admin => "admin",
            Self::Settings => "settings",
            Self::LogLevel => "log_level",
            Self::SocketMode => "socket_mode",
            Self::SocketOwner => "socket_owner",
            Self::SocketGroup => "socket_group",
            Self::MaxConnections => "max_connections",
            Self::MaxHeadBytes => "max_head_bytes",
            Self::HeadTimeout => "head_timeout",
            Self::Grace => "grace",
            Self::DaemonTlsCaFile => "daemon_tls_ca",
            Self::DaemonTlsCertFile => "daemon_tls_cert",
            Self::DaemonTlsKeyFile => "daemon_tls_key",
            Self::ConnectTimeout => "connect_timeout",
            Self::RetryAttempts => "retry_attempts",
            Self::RetryDelay => "retry_delay",
            Self::RetryMaxDelay => "retry_max_delay",
            Self::RetryJitter => "retry_jitter",
            Self::BreakerThreshold => "breaker_threshold",
            Self::BreakerOpenTime => "breaker_open_time",
            Self::HealthInterval => "health_interval",
            Self::AuditDurability => "audit_durability",
            Self::AuditOnFailure => "audit_on_failure",
            Self::AuditSealInterval => "audit_seal_interval",
            Self::AuditSealSigner => "audit_seal_key",
            Self::AuditExecArgv => "audit_exec_argv",
            Self::AuditRotateBytes => "audit_rotate_bytes",
            Self::AuditRotateAge => "audit_rotate_age",
            Self::AuditCompress => "audit_compress",
            Self::AuditKeepFiles => "audit_keep_files",
            Self::AuditKeepBytes => "audit_keep_bytes",
            Self::AuditKeepAge => "audit_keep_age",
            Self::AuditCopies => "audit_copies",
            Self::AuditCopiesMust => "audit_copies_must",
            Self::MaxBuildContext => "max_build_context",
            Self::BuildContextDir => "build_context_dir",
        }
    }

    /// Whether a settings file may write it without quotes.
    pub(super) const fn may_be_number(self) -> bool {
        matches!(
            self,
            Self::MaxConnections
                | Self::MaxHeadBytes
                | Self::SocketOwner
                | Self::SocketGroup
                | Self::RetryAttempts
                | Self::BreakerThreshold
                | Self::AuditRotateBytes
                | Self::AuditKeepFiles
                | Self::AuditKeepBytes
                | Self::MaxBuildContext
        )
    }

    /// The setting's value where nobody gives one.
    pub(super) const fn default(self) -> Option<&'static str> {
        match self {
            Self::Listen => Some("tcp://127.0.0.1:2375"),
            Self::Daemon => Some("unix:///var/run/docker.sock"),
            Self::StreamsOnReload => Some("keep"),
            Self::Audit => Some("-"),
            Self::LogLevel => Some("info"),
            Self::SocketMode => Some("0660"),
            Self::MaxConnections => Some("4096"),
            Self::MaxHeadBytes => Some("262144"),
            Self::HeadTimeout | Self::Grace => Some("10s"),
            Self::ConnectTimeout => Some("3s"),
            Self::RetryAttempts => Some("3"),
            Self::RetryDelay => Some("100ms"),
            Self::RetryMaxDelay | Self::BreakerOpenTime => Some("2s"),
            Self::RetryJitter => Some("full"),
            Self::BreakerThreshold => Some("5"),
            Self::HealthInterval => Some("5s"),
            Self::MaxBuildContext => Some("2147483648"),
            Self::BuildContextDir => Some("/tmp"),
            Self::Policy
            | Self::Admin
            | Self::Settings
            | Self::SocketOwner
            | Self::SocketGroup
            | Self::DaemonTlsCaFile
            | Self::DaemonTlsCertFile
            | Self::DaemonTlsKeyFile
            | Self::AuditSealSigner
            | Self::AuditRotateBytes
            | Self::AuditRotateAge
            | Self::AuditKeepFiles
            | Self::AuditKeepBytes
            | Self::AuditKeepAge
            | Self::AuditCopies => None,
            Self::AuditDurability => Some("written"),
            Self::AuditOnFailure => Some("refuse"),
            Self::AuditSealInterval => Some("1m"),
            Self::AuditExecArgv | Self::AuditCopiesMust => Some("no"),
            Self::AuditCompress => Some("yes"),
        }
    }

    /// The setting as a flag.
    pub(super) fn flag(self) -> String {
        format!("--{}", self.name().replace('_', "-"))
    }

    /// The setting as a variable of the environment.
    pub(super) fn variable(self) -> String {
        format!("DOCKGATE_{}", self.name().to_ascii_uppercase())
    }

    /// The setting of this name in a settings file, which cannot name another.
    pub(super) fn in_file(name: &str) -> Option<Self> {
        Self::all_in_file().find(|key| key.name() == name)
    }

    /// Every setting that a settings file may hold.
    pub(super) fn all_in_file() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|key| *key != Self::Settings)
    }
}
