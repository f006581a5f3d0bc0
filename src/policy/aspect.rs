//! What a rule says of one kind of meaning: sets of paths, images, users, ports, texts and numbers.

mod image;
mod path;
mod port;
mod remote;
mod text;
mod user;
mod volume;

use std::collections::BTreeSet;

use toml::Spanned;

use super::condition::Condition;
use super::draft::{DraftAspect, Unit};
use super::pattern::{Expression, Glob, escape};
use super::problem::{Code, Problem};
use crate::operation::meaning::{Aspect, Meaning, is_hexadecimal, spelling};
use image::ImagePattern;
use path::PathGlob;
use port::PortPattern;
use remote::RemotePattern;
use user::UserPattern;
use volume::VolumePattern;

/// A set of things of one kind that a request can mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AspectSet {
    /// `true`: whatever it is.
    Any,
    /// `false`: nothing.
    Nothing,
    /// Files of the host.
    HostPaths { read_write: Vec<PathGlob>, read_only: Vec<PathGlob> },
    /// Files in a container.
    Paths(Vec<PathGlob>),
    /// Devices: by path, or by text where there is none.
    Devices { paths: Vec<PathGlob>, texts: Vec<Glob> },
    /// Capabilities, in capitals and without `CAP_`.
    Capabilities(BTreeSet<String>),
    /// Users.
    Users(Vec<UserPattern>),
    /// Volumes.
    Volumes(Vec<VolumePattern>),
    /// Images.
    Images(Vec<ImagePattern>),
    /// Ports of the host.
    Ports(Vec<PortPattern>),
    /// What is fetched.
    Remotes(Vec<RemotePattern>),
    /// Whatever is a text.
    Texts(Vec<Glob>),
    /// The same, by regular expression.
    Expression(Expression),
    /// Amounts.
    Amounts(Condition),
}

impl AspectSet {
    /// The meaning of what is written.
    pub(super) fn read(
        aspect: Aspect,
        draft: &Spanned<DraftAspect>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let texts = match draft.get_ref() {
            DraftAspect::Any(any) => return Some(if *any { Self::Any } else { Self::Nothing }),
            DraftAspect::Amount(amount) => {
                let condition = Condition::read(&Spanned::new(draft.span(), amount.clone()), problems)?;
                return Self::amounts(condition, draft, problems);
            }
            DraftAspect::Paths { read_write, read_only } => {
                let mut globs = |texts: &[Spanned<String>]| each(texts, PathGlob::read, problems);
                let (read_write, read_only) = (globs(read_write)?, globs(read_only)?);
                return Some(Self::HostPaths { read_write, read_only });
            }
            DraftAspect::Regex(regex) => return Self::expression(aspect, regex, problems),
            DraftAspect::Texts(texts) => texts,
        };
        Some(match aspect {
            Aspect::HostPaths => {
                Self::HostPaths { read_write: each(texts, PathGlob::read, problems)?, read_only: Vec::new() }
            }
            Aspect::ContainerPaths => Self::Paths(each(texts, PathGlob::read, problems)?),
            Aspect::Devices => {
                let (paths, others): (Vec<_>, Vec<_>) =
                    texts.iter().cloned().partition(|text| text.get_ref().starts_with('/'));
                Self::Devices {
                    paths: each(&paths, PathGlob::read, problems)?,
                    texts: each(&others, text::device, problems)?,
                }
            }
            Aspect::Capabilities => {
                Self::Capabilities(each(texts, capability, problems)?.into_iter().collect())
            }
            Aspect::Users => Self::Users(each(texts, UserPattern::read, problems)?),
            Aspect::Images => Self::Images(each(texts, ImagePattern::read, problems)?),
            Aspect::Ports => Self::Ports(each(texts, PortPattern::read, problems)?),
            Aspect::Instructions => Self::Texts(each(texts, text::instruction, problems)?),
            Aspect::Namespaces => Self::Texts(each(texts, text::namespace, problems)?),
            Aspect::Drivers => Self::Texts(each(texts, text::driver, problems)?),
            Aspect::Security => Self::Texts(each(texts, text::security, problems)?),
            Aspect::Sysctls => Self::Texts(each(texts, text::sysctl, problems)?),
            Aspect::Ulimits => Self::Texts(each(texts, text::ulimit, problems)?),
            Aspect::ExtraHosts => Self::Texts(each(texts, text::extra_host, problems)?),
            Aspect::Tmpfs => Self::Texts(each(texts, text::tmpfs, problems)?),
            Aspect::Volumes => Self::Volumes(each(texts, VolumePattern::read, problems)?),
            Aspect::Networks => Self::Texts(each(texts, text::network, problems)?),
            Aspect::Remotes => {
                Self::Remotes(texts.iter().map(|text| RemotePattern::new(text.get_ref())).collect())
            }
            Aspect::Resource(_) => Self::Texts(texts.iter().map(|text| Glob::new(text.get_ref())).collect()),
        })
    }

    fn amounts(
        condition: Condition,
        draft: &Spanned<DraftAspect>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        match condition {
            Condition::Any => Some(Self::Any),
            Condition::Unused => Some(Self::Nothing),
            Condition::Numbers(_) => Some(Self::Amounts(condition)),
            Condition::Texts(_) | Condition::Expression(_) | Condition::Elements(..) => {
                problems.push(
                    Problem::new(Code::WrongCondition, draft.span(), "an amount is a number")
                        .help("write `{ max = \"2GiB\" }`, `{ min = 1, max = 60 }` or a number"),
                );
                None
            }
        }
    }

    fn expression(aspect: Aspect, regex: &Spanned<String>, problems: &mut Vec<Problem>) -> Option<Self> {
        let fault = if takes_expressions(aspect) {
            match Expression::new(regex.get_ref()) {
                Ok(expression) => return Some(Self::Expression(expression)),
                Err(fault) => {
                    Problem::new(Code::BadRegex, regex.span(), "this regular expression cannot be read")
                        .label(fault)
                }
            }
        } else {
            let message = format!("`{aspect}` takes no regular expression");
            Problem::new(Code::WrongCondition, regex.span(), message)
                .help("list what it may be; `*` stands for any run of characters")
        };
        problems.push(fault);
        None
    }

    /// In an allow rule: whether it may be meant.
    pub(super) fn admits(&self, meaning: &Meaning) -> bool {
        match (self, meaning) {
            (Self::Any, _) => true,
            (Self::HostPaths { read_write, read_only }, Meaning::HostPath(host)) => {
                // Who wrote the policy knows of the links that it names, and not of those that a wildcard meets.
                let is_known = |glob: &PathGlob| host.link.as_ref().is_none_or(|link| glob.spells(&link.at));
                let is_in =
                    |globs: &[PathGlob]| globs.iter().any(|glob| glob.matches(&host.path) && is_known(glob));
                is_in(read_write) || (host.read_only && is_in(read_only))
            }
            (Self::Paths(globs), Meaning::ContainerPath(path)) => globs.iter().any(|glob| glob.matches(path)),
            (Self::Devices { paths, texts }, Meaning::Device(device)) => {
                if device.starts_with('/') {
                    paths.iter().any(|glob| glob.matches(device))
                } else {
                    texts.iter().any(|glob| glob.matches(device))
                }
            }
            (Self::Capabilities(names), Meaning::Capability(name)) => {
                names.contains("ALL") || names.contains(name)
            }
            (Self::Users(patterns), Meaning::User(user)) => {
                patterns.iter().any(|pattern| pattern.admits(user))
            }
            (Self::Volumes(patterns), Meaning::Volume(name)) => {
                patterns.iter().any(|pattern| pattern.matches(name))
            }
            (Self::Images(patterns), Meaning::Image(image)) => {
                patterns.iter().any(|pattern| pattern.admits(image))
            }
            (Self::Ports(patterns), Meaning::Port(port)) => {
                patterns.iter().any(|pattern| pattern.admits(port))
            }
            (Self::Amounts(condition), Meaning::Amount(_, amount)) => condition.has_number(*amount),
            (Self::Remotes(patterns), Meaning::Remote(text)) => {
                patterns.iter().any(|pattern| pattern.admits(text))
            }
            (Self::Expression(_), Meaning::Remote(text)) => self.has_text(meaning) && !spelling::climbs(text),
            (Self::Texts(_) | Self::Expression(_), meaning) => self.has_text(meaning),
            (
                Self::Nothing
                | Self::HostPaths { .. }
                | Self::Paths(_)
                | Self::Devices { .. }
                | Self::Capabilities(_)
                | Self::Users(_)
                | Self::Volumes(_)
                | Self::Images(_)
                | Self::Ports(_)
                | Self::Remotes(_)
                | Self::Amounts(_),
                _,
            ) => false,
        }
    }

    /// In a forbid rule: whether it strikes. Where it cannot be told it does: an ID may be that of any image.
    pub(super) fn strikes(&self, meaning: &Meaning) -> bool {
        match (self, meaning) {
            (Self::HostPaths { read_write, read_only }, Meaning::HostPath(host)) => {
                let ends = host.link.as_ref().map(|link| link.to.as_str());
                read_write
                    .iter()
                    .chain(read_only)
                    .any(|glob| glob.reaches(&host.path) || ends.is_some_and(|to| glob.reaches(to)))
            }
            (Self::Devices { paths, .. }, Meaning::Device(device)) if device.starts_with('/') => {
                paths.iter().any(|glob| glob.reaches(device))
            }
            (Self::Devices { paths, texts }, Meaning::Device(device)) => {
                // Which device has a number, and which driver serves where none is said, the request does not say.
                let may_be = |prefix: &str| texts.iter().any(|glob| glob.source().starts_with(prefix));
                let is_gpu = |glob: &Glob| {
                    GPUS_OF_CDI.iter().any(|gpu| glob.matches(gpu) || glob.source().starts_with(gpu))
                };
                let is_number = device.starts_with("cgroup:");
                let is_many = is_number && (device.starts_with("cgroup:a") || device.contains('*'));
                texts.iter().any(|glob| glob.matches(device))
                    || (is_number && !paths.is_empty())
                    || (is_many && may_be("cgroup:"))
                    || (device.starts_with("request::") && may_be("request:"))
                    || (device.starts_with("request:") && texts.iter().any(is_gpu))
            }
            // An archive of a directory has all that is below it.
            (Self::Paths(globs), Meaning::ContainerPath(path)) => globs.iter().any(|glob| glob.reaches(path)),
            (Self::Capabilities(names), Meaning::Capability(name)) => {
                name == "ALL" || names.contains("ALL") || names.contains(name)
            }
            (Self::Users(patterns), Meaning::User(user)) => {
                patterns.iter().any(|pattern| pattern.strikes(user))
            }
            (Self::Images(patterns), Meaning::Image(image)) => {
                patterns.iter().any(|pattern| pattern.strikes(image))
            }
            (Self::Ports(patterns), Meaning::Port(port)) => {
                patterns.iter().any(|pattern| pattern.strikes(port))
            }
            // A plugin goes by the beginning of its ID too.
            (Self::Texts(_) | Self::Expression(_), Meaning::Driver(text)) => {
                let plugin = text.split_once(':').filter(|(kind, _)| !matches!(*kind, "runtime" | "builder"));
                self.has_text(meaning) || plugin.is_some_and(|(_, name)| may_be_id(name))
            }
            // Where a volume is mounted others say; and with which options a directory is in memory need not be listed.
            (Self::Texts(_) | Self::Expression(_), Meaning::Tmpfs(text)) => {
                let mut ends = text.match_indices(':').filter_map(|(end, _)| text.get(..end));
                text.starts_with("volume:")
                    || self.has_text(meaning)
                    || ends.any(|path| self.has_text(&Meaning::Tmpfs(path.to_owned())))
            }
            // What is one's own may leave everything open.
            (Self::Texts(_) | Self::Expression(_), Meaning::Security(text)) => {
                let open = text.strip_suffix("=custom").map(|name| format!("{name}=unconfined"));
                self.has_text(meaning) || open.is_some_and(|open| self.has_text(&Meaning::Security(open)))
            }
            (Self::Remotes(patterns), Meaning::Remote(text)) => {
                let settled = spelling::remote(text);
                patterns.iter().any(|pattern| pattern.strikes(text, &settled))
            }
            (Self::Expression(_), Meaning::Remote(text)) => {
                self.has_text(meaning) || self.has_text(&Meaning::Remote(spelling::remote(text)))
            }
            // Below zero there is no limit.
            (Self::Amounts(condition), Meaning::Amount(_, amount)) => {
                condition.has_number(*amount) || (*amount < 0 && condition.has_number(i64::MAX))
            }
            (
                Self::Any
                | Self::Nothing
                | Self::HostPaths { .. }
                | Self::Paths(_)
                | Self::Devices { .. }
                | Self::Capabilities(_)
                | Self::Users(_)
                | Self::Volumes(_)
                | Self::Images(_)
                | Self::Ports(_)
                | Self::Remotes(_)
                | Self::Texts(_)
                | Self::Expression(_)
                | Self::Amounts(_),
                _,
            ) => self.admits(meaning),
        }
    }

    fn has_text(&self, meaning: &Meaning) -> bool {
        let Some(text) = text_of(meaning) else { return false };
        match self {
            Self::Texts(globs) => globs.iter().any(|glob| glob.matches(text)),
            Self::Expression(expression) => {
                let is_unnamed = *meaning == Meaning::Volume(String::new());
                expression.matches(if is_unnamed { volume::UNNAMED } else { text })
            }
            Self::Any
            | Self::Nothing
            | Self::HostPaths { .. }
            | Self::Paths(_)
            | Self::Devices { .. }
            | Self::Capabilities(_)
            | Self::Users(_)
            | Self::Volumes(_)
            | Self::Images(_)
            | Self::Ports(_)
            | Self::Remotes(_)
            | Self::Amounts(_) => false,
        }
    }

    /// Whether all that this admits the other admits; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        let globs = |narrow: &[PathGlob], wide: &[PathGlob]| {
            narrow.iter().all(|glob| wide.iter().any(|other| glob.within(other)))
        };
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Any) => true,
            (
                Self::HostPaths { read_write, read_only },
                Self::HostPaths { read_write: wide_write, read_only: wide_only },
            ) => {
                let either: Vec<PathGlob> = wide_write.iter().chain(wide_only).cloned().collect();
                globs(read_write, wide_write) && globs(read_only, &either)
            }
            (Self::Paths(narrow), Self::Paths(wide)) => globs(narrow, wide),
            (Self::Capabilities(narrow), Self::Capabilities(wide)) => {
                wide.contains("ALL") || narrow.is_subset(wide)
            }
            (Self::Users(narrow), Self::Users(wide)) => narrow.iter().all(|one| wide.contains(one)),
            (Self::Volumes(narrow), Self::Volumes(wide)) => {
                narrow.iter().all(|one| wide.iter().any(|other| one.within(other)))
            }
            (Self::Images(narrow), Self::Images(wide)) => {
                narrow.iter().all(|one| wide.iter().any(|other| one.within(other)))
            }
            (Self::Ports(narrow), Self::Ports(wide)) => {
                narrow.iter().all(|one| wide.iter().any(|other| one.within(other)))
            }
            (Self::Remotes(narrow), Self::Remotes(wide)) => {
                narrow.iter().all(|one| wide.iter().any(|other| one.within(other)))
            }
            (Self::Texts(narrow), Self::Texts(wide)) => {
                narrow.iter().all(|glob| wide.iter().any(|other| glob.within(other)))
            }
            (Self::Amounts(narrow), Self::Amounts(wide)) => narrow.within(wide),
            _ => self == other,
        }
    }

    /// The set as a policy writes it for this kind of thing; the items quoted by `quote`.
    pub(super) fn written(&self, aspect: Aspect, quote: fn(&str) -> String) -> String {
        let list = |items: Vec<String>| {
            let quoted: Vec<String> = items.iter().map(|item| quote(item)).collect();
            format!("[{}]", quoted.join(", "))
        };
        let sources = |globs: &[PathGlob]| list(globs.iter().map(PathGlob::source).collect());
        match self {
            Self::Any => "true".to_owned(),
            Self::Nothing => "false".to_owned(),
            Self::HostPaths { read_write, read_only } if read_only.is_empty() => sources(read_write),
            Self::HostPaths { read_write, read_only } if read_write.is_empty() => {
                format!("{{ read_only = {} }}", sources(read_only))
            }
            Self::HostPaths { read_write, read_only } => {
                format!("{{ read_write = {}, read_only = {} }}", sources(read_write), sources(read_only))
            }
            Self::Paths(globs) => sources(globs),
            Self::Devices { paths, texts } => {
                list(paths.iter().map(PathGlob::source).chain(texts.iter().map(Glob::source)).collect())
            }
            Self::Capabilities(names) => list(names.iter().cloned().collect()),
            Self::Users(patterns) => list(patterns.iter().map(UserPattern::source).collect()),
            Self::Volumes(patterns) => list(patterns.iter().map(VolumePattern::source).collect()),
            Self::Images(patterns) => list(patterns.iter().map(ImagePattern::source).collect()),
            Self::Ports(patterns) => list(patterns.iter().map(ToString::to_string).collect()),
            Self::Remotes(patterns) => list(patterns.iter().map(RemotePattern::source).collect()),
            Self::Texts(globs) => list(globs.iter().map(Glob::source).collect()),
            Self::Expression(expression) => format!("{{ regex = {} }}", quote(expression.source())),
            Self::Amounts(condition) => condition.written_in(Unit::of(aspect), quote),
        }
    }
}

/// Whether what may be meant can be said by a regular expression: where items are texts without a reading of their own.
pub(super) const fn takes_expressions(aspect: Aspect) -> bool {
    match aspect {
        Aspect::Volumes
        | Aspect::Tmpfs
        | Aspect::Networks
        | Aspect::Namespaces
        | Aspect::Security
        | Aspect::Drivers
        | Aspect::Sysctls
        | Aspect::Ulimits
        | Aspect::Instructions
        | Aspect::Remotes
        | Aspect::ExtraHosts => true,
        Aspect::HostPaths
        | Aspect::ContainerPaths
        | Aspect::Capabilities
        | Aspect::Devices
        | Aspect::Users
        | Aspect::Images
        | Aspect::Ports
        | Aspect::Resource(_) => false,
    }
}

/// The text that a pattern is held against.
fn text_of(meaning: &Meaning) -> Option<&str> {
    match meaning {
        Meaning::Volume(text)
        | Meaning::Tmpfs(text)
        | Meaning::Namespace(text)
        | Meaning::Network(text)
        | Meaning::Security(text)
        | Meaning::Driver(text)
        | Meaning::Sysctl(text)
        | Meaning::Ulimit(text)
        | Meaning::Instruction(text)
        | Meaning::Remote(text)
        | Meaning::ExtraHost(text)
        | Meaning::ContainerPath(text)
        | Meaning::Capability(text)
        | Meaning::Device(text)
        | Meaning::User(text) => Some(text),
        Meaning::HostPath(_) | Meaning::Image(_) | Meaning::Port(_) | Meaning::Amount(..) => None,
    }
}

/// A pattern that admits this and, as far as that can be said, nothing else; as an item of a list. None where
/// there is no such item.
pub(super) fn item(meaning: &Meaning) -> Option<String> {
    match meaning {
        Meaning::HostPath(host) => Some(escape(&host.path)),
        Meaning::Image(image) => image::exact(image),
        Meaning::Port(port) => Some(port.to_string()),
        Meaning::User(user) => Some(user::exact(user)),
        Meaning::Volume(name) => Some(volume::exact(name)),
        Meaning::Amount(..) => None,
        Meaning::Tmpfs(_)
        | Meaning::Namespace(_)
        | Meaning::Network(_)
        | Meaning::Security(_)
        | Meaning::Driver(_)
        | Meaning::Sysctl(_)
        | Meaning::Ulimit(_)
        | Meaning::Instruction(_)
        | Meaning::Remote(_)
        | Meaning::ExtraHost(_)
        | Meaning::ContainerPath(_)
        | Meaning::Capability(_)
        | Meaning::Device(_) => text_of(meaning).map(escape),
    }
}

/// Which devices of the Container Device Interface drivers of GPUs give (moby `daemon/devices_nvidia_linux.go`).
const GPUS_OF_CDI: [&str; 2] = ["cdi:nvidia.com/gpu=", "cdi:amd.com/gpu="];

/// Whether a plugin's name may be the beginning of another's ID.
fn may_be_id(name: &str) -> bool {
    !name.is_empty() && is_hexadecimal(name)
}

/// Reads each text; what is wrong with one becomes a problem at its place.
pub(super) fn each<T>(
    texts: &[Spanned<String>],
    read: fn(&str) -> Result<T, (String, String)>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<T>> {
    let before = problems.len();
    let mut items = Vec::new();
    for text in texts {
        match read(text.get_ref()) {
            Ok(item) => items.push(item),
            Err((message, help)) => {
                problems.push(Problem::new(Code::WrongCondition, text.span(), message).help(help));
            }
        }
    }
    (problems.len() == before).then_some(items)
}

/// Reads the name of a capability; the error says what is wrong, and what to write.
pub(super) fn capability(text: &str) -> Result<String, (String, String)> {
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name).to_owned();
    if name == "ALL" || CAPABILITIES.contains(&name.as_str()) {
        return Ok(name);
    }
    let help = super::nearest::did_you_mean(&name, CAPABILITIES.iter().copied());
    Err((
        format!("there is no capability `{text}`"),
        help.unwrap_or_else(|| "write it as capabilities(7) does: `NET_ADMIN`".to_owned()),
    ))
}

/// The capabilities of the kernel, as of Linux 6 (capabilities(7)).
pub(super) const CAPABILITIES: &[&str] = &[
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];
