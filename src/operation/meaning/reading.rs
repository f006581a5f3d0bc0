//! How a field is read for what it means. The field table names a reading for each field that has one.

use std::ops::Range;

use super::super::facts::{Facts, Reference, Shown};
use super::super::field::{Step, Way};
use super::super::json::{Json, Key};
use super::super::table::Endpoint;
use super::super::thing::ThingKind;
use super::super::version::ApiVersion;
use super::{
    Aspect, ImageRef, Meaning, Resource, Use, device, drivers, limits, mode, mount, network, plugin, port,
    security, user,
};

/// How a field is read for what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// `Binds`
    Binds,
    /// `Mounts`
    Mounts,
    /// `VolumesFrom`
    VolumesFrom,
    /// Directories that become volumes without a name.
    AnonymousVolumes,
    /// The options of a volume's driver.
    VolumeOptions,
    /// `Tmpfs`
    Tmpfs,
    /// A directory of the host.
    HostDirectory,
    /// `NetworkMode`
    NetworkMode,
    /// The mode of this namespace: `host`, `container:…`, …
    NamespaceMode(&'static str),
    /// A network, by name or ID.
    Network,
    /// A map with networks as keys.
    NetworkKeys,
    /// The networks of a service.
    ServiceNetworks,
    /// The name of a network that is made.
    NetworkName,
    /// The name of a volume that is made.
    VolumeName,
    /// Capabilities.
    Capabilities,
    /// `Privileged`
    Privileged,
    /// `Devices`
    Devices,
    /// `DeviceCgroupRules`
    DeviceRules,
    /// `DeviceRequests`
    DeviceRequests,
    /// `SecurityOpt`
    SecurityOptions,
    /// `MaskedPaths`, `ReadonlyPaths`, of which every daemon hides, or protects, these.
    SystemPaths(&'static [&'static str]),
    /// `Privileges` of a service: SELinux.
    SeLinux,
    /// `Privileges` of a service: seccomp.
    Seccomp,
    /// `Privileges` of a service: AppArmor.
    AppArmor,
    /// A user.
    User,
    /// An image.
    Image,
    /// `PortBindings`
    PortBindings,
    /// `PublishAllPorts`
    AllPorts,
    /// The ports of a service.
    ServicePorts,
    /// A driver of this kind.
    Driver(&'static str),
    /// Settings of the kernel.
    Sysctls,
    /// Limits of processes.
    Ulimits,
    /// Names with addresses.
    ExtraHosts,
    /// The same of a service, in the other order.
    ServiceHosts,
    /// An amount.
    Amount(Resource),
    /// `CpuQuota`, of a `CpuPeriod`.
    CpuQuota,
    /// `CpuPeriod`.
    CpuPeriod,
    /// The privileges of a plugin.
    PluginPrivileges,
    /// The settings of a plugin.
    PluginSettings,
    /// Containers that are known by name.
    Links,
    /// A container.
    Container,
    /// Secrets of the swarm, by ID.
    Secrets,
    /// Configs of the swarm, by ID.
    Configs,
}

/// What a field stands in.
#[derive(Clone, Copy, Debug)]
pub(in crate::operation) struct Enclosing<'a> {
    /// The struct.
    pub(in crate::operation) fields: &'a [(Key, Json)],
    /// The request.
    pub(in crate::operation) context: Context<'a>,
}

/// What the meaning of a request hangs on beside what it says.
#[derive(Clone, Copy, Debug)]
pub(in crate::operation) struct Context<'a> {
    /// The endpoint.
    pub(in crate::operation) endpoint: &'static Endpoint,
    /// The API version that the daemon reads it by.
    pub(in crate::operation) version: ApiVersion,
    /// The newest version that the daemon could read it by.
    pub(in crate::operation) newest: ApiVersion,
    /// What the daemon was asked.
    pub(in crate::operation) facts: &'a Facts,
}

/// What is meant, by one field after the other.
#[derive(Debug, Default)]
pub(in crate::operation) struct Meant {
    pub(in crate::operation) uses: Vec<Use>,
    /// The kinds of things of which more may be meant than the uses say.
    pub(in crate::operation) unclear: Vec<Aspect>,
    /// What the daemon must be asked to know more.
    pub(in crate::operation) questions: Vec<Reference>,
    /// The containers whose namespaces are joined, and whose names it must be asked.
    pub(in crate::operation) joined: Vec<Reference>,
}

/// What one field means.
#[derive(Debug)]
pub(in crate::operation) struct Read {
    /// Its part of all uses.
    pub(in crate::operation) uses: Range<usize>,
    /// Whether it says something that none of the uses says.
    pub(in crate::operation) says_more: bool,
}

impl Meant {
    /// What one of them means, which `note` takes down; it tells whether that one says something else besides.
    pub(super) fn of_one(&mut self, note: impl FnOnce(&mut Self) -> bool) -> Read {
        let start = self.uses.len();
        let says_more = note(self);
        Read { uses: start..self.uses.len(), says_more }
    }
}

impl Reading {
    /// Reads a used field to which this way leads.
    pub(in crate::operation) fn read(
        self,
        value: &Json,
        way: &Way<'_>,
        around: Enclosing<'_>,
        meant: &mut Meant,
    ) -> Read {
        meant.of_one(|meant| {
            let mut at = Reader { reading: self, meant, says_more: false, way, around };
            self.tell(value, &mut at);
            at.says_more
        })
    }

    fn tell(self, value: &Json, at: &mut Reader<'_, '_>) {
        match self {
            Self::Binds => mount::binds(value, at),
            Self::Mounts => mount::mounts(value, at),
            Self::VolumesFrom => mount::volumes_from(value, at),
            Self::AnonymousVolumes => mount::anonymous_volumes(value, at),
            Self::VolumeOptions => {
                let driver = at.around.text("Driver");
                mount::volume_options(value, driver, at);
            }
            Self::Tmpfs => mount::tmpfs(value, at),
            Self::HostDirectory => mount::host_directory(value, at),
            Self::NetworkMode => mode::network(value, at),
            Self::NamespaceMode(kind) => mode::namespace(kind, value, at),
            Self::Network => network::name(value, at),
            Self::NetworkKeys => network::keys(value, at),
            Self::ServiceNetworks => network::of_service(value, at),
            Self::NetworkName => at.text_as(value, |text| Meaning::Network(text.to_owned())),
            Self::VolumeName => at.text_as(value, |text| Meaning::Volume(text.to_owned())),
            Self::Capabilities => security::capabilities(value, at),
            Self::Privileged => security::privileged(at),
            Self::Devices => device::devices(value, at),
            Self::DeviceRules => device::rules(value, at),
            Self::DeviceRequests => device::requests(value, at),
            Self::SecurityOptions => security::options(value, at),
            Self::SystemPaths(usual) => security::system_paths(value, usual, at),
            Self::SeLinux => security::selinux(value, at),
            Self::Seccomp => security::seccomp(value, at),
            Self::AppArmor => security::apparmor(value, at),
            Self::User => at.text_as(value, |text| Meaning::User(user::canonical(text))),
            Self::Image => at.text_as(value, |text| Meaning::Image(ImageRef::read(text))),
            Self::PortBindings => port::bindings(value, at),
            Self::AllPorts => port::all(at),
            Self::ServicePorts => port::of_service(value, at),
            Self::Driver(kind) => drivers::driver(kind, value, at),
            Self::Sysctls => limits::sysctls(value, at),
            Self::Ulimits => limits::ulimits(value, at),
            Self::ExtraHosts => limits::extra_hosts(value, at),
            Self::ServiceHosts => limits::service_hosts(value, at),
            Self::Amount(resource) => limits::amount(resource, value, at),
            Self::CpuQuota => limits::cpu_quota(value, at),
            Self::CpuPeriod => limits::cpu_period(at),
            Self::PluginPrivileges => plugin::privileges(value, at),
            Self::PluginSettings => plugin::settings(value, at),
            // They say what they refer to, and nothing else.
            Self::Links | Self::Container | Self::Secrets | Self::Configs => at.says_more(),
        }
    }

    /// What a field refers to that says nothing beside that.
    #[must_use]
    pub const fn refers_to(self) -> Option<ThingKind> {
        match self {
            Self::VolumesFrom | Self::Links | Self::Container => Some(ThingKind::Container),
            Self::Secrets => Some(ThingKind::Secret),
            Self::Configs => Some(ThingKind::Config),
            Self::Binds
            | Self::Mounts
            | Self::AnonymousVolumes
            | Self::VolumeOptions
            | Self::Tmpfs
            | Self::HostDirectory
            | Self::NetworkMode
            | Self::NamespaceMode(_)
            | Self::Network
            | Self::NetworkKeys
            | Self::ServiceNetworks
            | Self::NetworkName
            | Self::VolumeName
            | Self::Capabilities
            | Self::Privileged
            | Self::Devices
            | Self::DeviceRules
            | Self::DeviceRequests
            | Self::SecurityOptions
            | Self::SystemPaths(_)
            | Self::SeLinux
            | Self::Seccomp
            | Self::AppArmor
            | Self::User
            | Self::Image
            | Self::PortBindings
            | Self::AllPorts
            | Self::ServicePorts
            | Self::Driver(_)
            | Self::Sysctls
            | Self::Ulimits
            | Self::ExtraHosts
            | Self::ServiceHosts
            | Self::Amount(_)
            | Self::CpuQuota
            | Self::CpuPeriod
            | Self::PluginPrivileges
            | Self::PluginSettings => None,
        }
    }
}

impl<'a> Enclosing<'a> {
    /// The field `name` of the struct around.
    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text in the field `name`, empty where there is none.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.get(name).and_then(Json::as_text).unwrap_or_default()
    }
}

/// What reads a field.
pub(super) struct Reader<'r, 'a> {
    reading: Reading,
    meant: &'r mut Meant,
    says_more: bool,
    /// The way to it.
    way: &'r Way<'r>,
    pub(super) around: Enclosing<'a>,
}

impl<'r, 'a> Reader<'r, 'a> {
    /// Takes note of a use in this field.
    pub(super) fn means(&mut self, meaning: Meaning) {
        self.means_at(self.way, meaning);
    }

    /// Takes note of a use further in.
    pub(super) fn means_at(&mut self, way: &Way<'_>, meaning: Meaning) {
        self.meant.uses.push(Use::new(meaning, way.place()));
    }

    /// Takes note of what turns out to be meant in this field.
    pub(super) fn turns_out(&mut self, meaning: Meaning) {
        self.turns_out_at(self.way, meaning);
    }

    /// Takes note of what turns out to be meant further in: of what a thing is that is named further in, or of a network that needs
    /// no grant.
    pub(super) fn turns_out_at(&mut self, way: &Way<'_>, meaning: Meaning) {
        self.meant.uses.push(Use { meaning, place: way.place(), turned_out: true });
    }

    /// The way to the field.
    pub(super) fn way(&self) -> &'r Way<'r> {
        self.way
    }

    /// The way to an element of the list.
    pub(super) fn element(&self, index: usize) -> Way<'r> {
        self.way.then(Step::Index(index))
    }

    /// The way to what stands under a key of the map.
    pub(super) fn entry(&self, key: &Key) -> Way<'r> {
        self.way.then(Step::Quoted(key.into()))
    }

    /// The way to a field of the struct.
    pub(super) fn field(&self, name: &'static str) -> Way<'r> {
        self.way.then(Step::Name(name))
    }

    /// What the daemon answered to a question; none where it was not asked, has no such thing, or does not say which one
    /// it is.
    pub(super) fn ask(&mut self, question: Reference) -> Option<&'a Json> {
        let facts = self.around.context.facts;
        match facts.get(&question) {
            Some(Shown::Thing(thing)) => Some(thing),
            Some(Shown::Missing) => None,
            Some(Shown::Unclear) | None => {
                self.meant.questions.push(question);
                None
            }
        }
    }

    /// Takes note of a question that has no answer yet.
    pub(super) fn must_ask(&mut self, question: Reference) {
        self.meant.questions.push(question);
    }

    /// Takes note of a container of which a namespace is joined, whatever its name is.
    pub(super) fn joins(&mut self, container: Reference) {
        self.meant.joined.push(container);
        self.leaves_open(Aspect::Namespaces);
    }

    /// Takes note that the field says something else besides, which is not understood and may be anything that such a
    /// field can mean.
    pub(super) fn says_more(&mut self) {
        self.says_beside();
        self.meant.unclear.extend(self.reading.aspects());
    }

    /// Takes note that the field says something else besides, of no kind that a rule could list.
    pub(super) fn says_beside(&mut self) {
        self.says_more = true;
    }

    /// Takes note that more of this kind may be meant than can be told.
    pub(super) fn leaves_open(&mut self, aspect: Aspect) {
        self.meant.unclear.push(aspect);
    }

    fn text_as(&mut self, value: &Json, meaning: impl FnOnce(&str) -> Meaning) {
        match value.as_text() {
            Some(text) => self.means(meaning(text)),
            None => self.says_more(),
        }
    }

    /// Calls `each` with every text of a list. What is no text says more.
    pub(super) fn texts(&mut self, value: &Json, mut each: impl FnMut(&mut Self, &str, &Way<'_>)) {
        for (index, item) in value.items().iter().enumerate() {
            match item.as_text() {
                Some(text) => each(self, text, &self.element(index)),
                None => self.says_more(),
            }
        }
    }
}
