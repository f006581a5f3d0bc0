//! Files of the host, volumes and memory that a container is given: `Binds`, `Mounts`, `VolumesFrom`, `Tmpfs`, and
//! the options of a volume's driver.

use std::collections::BTreeSet;

use super::super::facts::Reference;
use super::super::field::{Step, Way};
use super::super::json::Json;
use super::super::thing::ThingKind;
use super::super::version::ApiVersion;
use super::path::{HostPath, clean};
use super::reading::Reader;
use super::{Aspect, ImageRef, Meaning, spelling};

/// From this version on a read-only mount is read-only with all that is mounted below it, where the kernel can do
/// that (moby `daemon/volumes_unix.go`).
const RECURSIVE_SINCE: ApiVersion = ApiVersion::new(1, 44);

/// `Binds`: `source:target[:options]` (moby `volume/mounts.linuxParser.parseMountRaw`).
pub(super) fn binds(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| {
        let mut parts = text.split(':');
        let (source, options) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), None, ..) => (None, ""),
            (Some(_), Some(options), None, _) if parse_options(options).is_some() => (None, options),
            (Some(source), Some(_), None, _) => (Some(source), ""),
            (Some(source), Some(_), Some(options), None) => (Some(source), options),
            _ => return at.says_more(),
        };
        let Some(options) = parse_options(options) else { return at.says_more() };
        if options.is_shared {
            at.says_beside();
        }
        match source {
            Some(source) => mounted(source, options.read_only && !options.relabels, way, at),
            None => at.means_at(way, anonymous()),
        }
    });
}

/// A volume without a name: the daemon gives it one.
fn anonymous() -> Meaning {
    Meaning::Volume(String::new())
}

/// `Volumes`: directories that become volumes without a name, where nothing else is mounted: clients repeat the
/// targets of `Binds` here (moby `daemon/create_unix.go`).
pub(super) fn anonymous_volumes(value: &Json, at: &mut Reader<'_, '_>) {
    // What stands at the top is mounted by older daemons only, and not always.
    let field = |name| at.around.get("HostConfig").and_then(|config| config.get(name));
    let binds = field("Binds").map(Json::items).unwrap_or_default().iter();
    let binds = binds.filter_map(|bind| bind.as_text()?.split(':').nth(1));
    let mounts = field("Mounts").map(Json::items).unwrap_or_default().iter();
    let mounts = mounts.filter_map(|mount| mount.get("Target")?.as_text());
    let mounted: BTreeSet<String> = binds.chain(mounts).map(clean).collect();
    for (target, _) in value.fields() {
        if !mounted.contains(&clean(target)) {
            at.means_at(&at.entry(target), anonymous());
        }
    }
}

/// A path of the host, or a volume by its name.
fn mounted(source: &str, read_only: bool, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    if source.starts_with('/') {
        let read_only = read_only && is_recursive(at);
        at.means_at(way, Meaning::HostPath(HostPath::new(source, read_only)));
    } else {
        volume(source, read_only, way, at);
    }
}

fn is_recursive(at: &Reader<'_, '_>) -> bool {
    let context = at.around.context;
    context.version >= RECURSIVE_SINCE || context.newest < RECURSIVE_SINCE
}

/// What the options behind a bind say.
#[derive(Default)]
struct BindOptions {
    read_only: bool,
    /// Mounts within are seen outside, or the reverse.
    is_shared: bool,
    /// What is mounted gets another SELinux label, which writes to it.
    relabels: bool,
}

/// None, where the daemon would not take them.
fn parse_options(text: &str) -> Option<BindOptions> {
    let mut options = BindOptions::default();
    for word in text.split(',').filter(|_| !text.is_empty()) {
        match word {
            "ro" => options.read_only = true,
            "rw" | "nocopy" | "consistent" | "cached" | "delegated" | "private" | "rprivate" => {}
            "z" | "Z" => options.relabels = true,
            "shared" | "rshared" | "slave" | "rslave" => options.is_shared = true,
            _ => return None,
        }
    }
    Some(options)
}

/// A volume with a name: itself, and where the daemon was asked, what it is.
fn volume(name: &str, read_only: bool, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    if !is_volume_name(name) {
        at.says_more();
    }
    at.means_at(way, Meaning::Volume(name.to_owned()));
    let Some(found) = at.ask(Reference::new(ThingKind::Volume, name)) else { return };
    let Some(options) = found.get("Options") else { return };
    let driver = found.get("Driver").and_then(Json::as_text).unwrap_or_default();
    let way = way.then(Step::Words(format!(" (volume {name})").into()));
    let read = driver_options(options, driver, read_only && is_recursive(at));
    // A file system of the kernel's own, as `proc`.
    if read.says_more && matches!(driver, "" | "local") && read.host_paths.is_empty() {
        at.says_beside();
    }
    if read.is_unclear {
        at.leaves_open(Aspect::HostPaths);
    }
    for path in read.host_paths {
        at.turns_out_at(&way, Meaning::HostPath(path));
    }
}

/// What the daemon lets a volume be called (moby `volume/local.go`).
fn is_volume_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// `VolumesFrom`: `container[:ro]`. What it is the daemon must be asked.
pub(super) fn volumes_from(value: &Json, at: &mut Reader<'_, '_>) {
    let mut seen = BTreeSet::new();
    at.texts(value, |at, text, way| {
        let (container, options) = text.split_once(':').unwrap_or((text, ""));
        // One that is named again and again gives nothing more.
        if !seen.insert((container.to_owned(), options == "ro")) {
            return;
        }
        let question = Reference::new(ThingKind::Container, container);
        let Some(found) = at.around.context.facts.shown(&question) else {
            // One that is not there may be there a moment later.
            at.must_ask(question);
            return at.says_beside();
        };
        let way = way.then(Step::Words(format!(" ({container})").into()));
        let mounts = found.get("Mounts").map(Json::items).unwrap_or_default();
        // What is not seen cannot be what a rule lists.
        if mounts.is_empty() {
            at.says_beside();
        }
        for mount in mounts {
            let source = |name: &str| mount.get(name).and_then(Json::as_text).unwrap_or_default();
            let read_only = options == "ro" || mount.get("RW") == Some(&Json::Bool(false));
            match source("Type") {
                "bind" => mounted(source("Source"), read_only, &way, at),
                "volume" => volume(source("Name"), read_only, &way, at),
                "tmpfs" => {}
                _ => at.says_more(),
            }
        }
    });
}

/// `Mounts`, of containers and of services.
pub(super) fn mounts(value: &Json, at: &mut Reader<'_, '_>) {
    let is_expanded = matches!(at.around.context.endpoint.id, "ServiceCreate" | "ServiceUpdate");
    for (index, mount) in value.items().iter().enumerate() {
        if is_expanded && has_template(mount) {
            at.says_more();
        }
        let text = |name: &str| mount.get(name).and_then(Json::as_text).unwrap_or_default();
        let read_only = mount.get("ReadOnly") == Some(&Json::Bool(true));
        let way = at.element(index);
        let kind = mount_type(mount);
        let own_options = match kind {
            "bind" => "BindOptions",
            "volume" => "VolumeOptions",
            "tmpfs" => "TmpfsOptions",
            "image" => "ImageOptions",
            _ => "",
        };
        let foreign = ["BindOptions", "VolumeOptions", "TmpfsOptions", "ImageOptions", "ClusterOptions"];
        let has = |name: &str| mount.get(name).is_some_and(|options| !options.is_all_zero());
        if foreign.iter().any(|name| *name != own_options && has(name)) {
            at.says_more();
        }
        let options = mount.get(own_options).unwrap_or(&Json::Null);
        let is_any_path = || {
            (kind == "bind" && is_template(text("Source")))
                || options.get("DriverConfig").is_some_and(has_template)
        };
        if is_expanded && is_any_path() {
            let remark = Step::Words(" (of whose template Swarm can make any path)".into());
            at.means_at(&way.then(remark), Meaning::HostPath(HostPath::new("/", false)));
        }
        match kind {
            "bind" => bind_mount(text("Source"), read_only, options, &way, at),
            "volume" => volume_mount(text("Source"), read_only, options, &way, at),
            "tmpfs" => at.means_at(&way, Meaning::Tmpfs(tmpfs_text(text("Target"), options))),
            "image" => {
                check_subpath(options, at);
                at.means_at(&way, Meaning::Image(ImageRef::read(text("Source"))));
            }
            _ => at.says_more(),
        }
    }
}

/// What is mounted. Swarm takes its name in any case, and none for a bind (moby `daemon/cluster/convert`), where a container
/// is refused.
pub(in crate::operation) fn mount_type(mount: &Json) -> &'static str {
    const TYPES: [&str; 5] = ["bind", "volume", "tmpfs", "image", "cluster"];
    let name = match mount.get("Type").and_then(Json::as_text).unwrap_or_default() {
        "" => "bind",
        name => name,
    };
    let exact = TYPES.into_iter().find(|known| *known == name);
    let folded = || TYPES.into_iter().find(|known| known.to_uppercase() == name.to_uppercase());
    exact.or_else(folded).unwrap_or_default()
}

/// Whether a text has one of Go's templates in it, of which Swarm makes another text when a task starts (swarmkit
/// `template/expand.go`).
fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Whether some text in a value is.
fn has_template(value: &Json) -> bool {
    match value {
        Json::String(text) => is_template(text),
        Json::Array(items) => items.iter().any(has_template),
        Json::Object(fields) => fields.iter().any(|(_, value)| has_template(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn bind_mount(source: &str, read_only: bool, options: &Json, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    let is_on = |name: &str| options.get(name) == Some(&Json::Bool(true));
    let propagation = options.get("Propagation").and_then(Json::as_text).unwrap_or_default();
    if !matches!(propagation, "" | "private" | "rprivate") || is_on("CreateMountpoint") {
        at.says_beside();
    }
    let read_only = read_only && !is_on("ReadOnlyNonRecursive") && is_recursive(at);
    if source.starts_with('/') {
        at.means_at(&way.then(Step::Name("Source")), Meaning::HostPath(HostPath::new(source, read_only)));
    } else {
        at.says_more();
    }
}

fn volume_mount(source: &str, read_only: bool, options: &Json, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    check_subpath(options, at);
    if source.is_empty() {
        at.means_at(way, anonymous());
    } else {
        volume(source, read_only, &way.then(Step::Name("Source")), at);
    }
    let Some(config) = options.get("DriverConfig") else { return };
    let driver = config.get("Name").and_then(Json::as_text).unwrap_or_default();
    if !matches!(driver, "" | "local") {
        at.means_at(way, Meaning::Driver(spelling::driver(&format!("volume:{driver}"))));
    }
    if let Some(options) = config.get("Options").filter(|options| !options.is_zero()) {
        // The volume that is made can be written where it is mounted once more, by the same request even.
        volume_options(options, driver, at);
    }
}

/// A directory within is named from the top down, by nothing but names.
fn check_subpath(options: &Json, at: &mut Reader<'_, '_>) {
    let subpath = options.get("Subpath").and_then(Json::as_text).unwrap_or_default();
    if subpath.starts_with('/') || subpath.split('/').any(|segment| segment == "..") {
        at.says_more();
    }
}

/// `Tmpfs`: a map from directories to options.
pub(super) fn tmpfs(value: &Json, at: &mut Reader<'_, '_>) {
    for (target, options) in value.fields() {
        let text = match options.as_text().unwrap_or_default() {
            "" => clean(target),
            options => format!("{}:{options}", clean(target)),
        };
        at.means_at(&at.entry(target), Meaning::Tmpfs(text));
    }
}

/// A mount in memory, as `Tmpfs` would say it.
fn tmpfs_text(target: &str, options: &Json) -> String {
    let mut words = Vec::new();
    if let Some(size) = options.get("SizeBytes").and_then(Json::as_number).filter(|size| *size != "0") {
        words.push(format!("size={size}"));
    }
    let mode = options.get("Mode").and_then(Json::as_number).and_then(|mode| mode.parse::<u32>().ok());
    if let Some(mode) = mode.filter(|mode| *mode != 0) {
        words.push(format!("mode={mode:o}"));
    }
    for option in options.get("Options").map(Json::items).unwrap_or_default() {
        let pair: Vec<&str> = option.items().iter().filter_map(Json::as_text).collect();
        words.push(pair.join("="));
    }
    let target = clean(target);
    if words.is_empty() { target } else { format!("{target}:{}", words.join(",")) }
}

/// The options of a volume's driver, as the driver of this name reads them.
pub(super) fn volume_options(options: &Json, driver: &str, at: &mut Reader<'_, '_>) {
    let read = driver_options(options, driver, false);
    for path in read.host_paths {
        at.means(Meaning::HostPath(path));
    }
    for text in read.tmpfs {
        at.means(Meaning::Tmpfs(text));
    }
    if read.says_more {
        at.says_beside();
    }
    if read.is_unclear {
        at.leaves_open(Aspect::HostPaths);
    }
}

/// What the options of a driver mean.
#[derive(Default)]
struct DriverOptions {
    host_paths: Vec<HostPath>,
    tmpfs: Vec<String>,
    says_more: bool,
    /// Whether they may lead to other files of the host.
    is_unclear: bool,
}

/// The local driver mounts `device` as `type` with the options `o` (moby `volume/local/local_unix.go`): any
/// directory, any device, any share, layers of any directories. Of another driver nothing is known, but
/// what looks like a path of the host is shown as one.
fn driver_options(options: &Json, driver: &str, read_only: bool) -> DriverOptions {
    let mut read = DriverOptions::default();
    let text = |name: &str| options.get(name).and_then(Json::as_text).unwrap_or_default();
    let (kind, device) = (text("type"), text("device"));
    let words: Vec<&str> = text("o").split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let read_only = read_only || is_mounted_read_only(text("o"));
    let is_local = matches!(driver, "" | "local");
    let is_bind = is_local && words.iter().any(|word| matches!(*word, "bind" | "rbind"));
    let known = ["type", "device", "o"];
    read.says_more = !is_local || options.fields().iter().any(|(key, _)| !known.contains(&key.as_str()));
    // A bind is one, whatever type is said beside it, and no comma or colon ends its device.
    if is_bind {
        let is_harmless =
            |word: &&str| matches!(*word, "bind" | "rbind" | "ro" | "rw" | "private" | "rprivate");
        let is_usual = matches!(kind, "" | "none" | "bind") && words.iter().all(is_harmless);
        // The daemon takes it from where it works, which is the root as a rule. Of `cifs` it unescapes the device.
        read.is_unclear = !device.starts_with('/') || kind == "cifs";
        read.says_more |= read.is_unclear || !is_usual;
        read.host_paths.push(HostPath::new(device, read_only));
        return read;
    }
    if kind == "tmpfs" && is_local {
        read.tmpfs.push(format!("volume:{}", words.join(",")));
        return read;
    }
    for (_, value) in options.fields() {
        for path in value.as_text().unwrap_or_default().split([',', ':', '=']) {
            if path.starts_with('/') {
                read.host_paths.push(HostPath::new(path, false));
            }
        }
    }
    if kind == "overlay" {
        let layers =
            words.iter().filter_map(|word| word.split_once("dir=")).flat_map(|(_, dirs)| dirs.split(':'));
        let relative = layers.filter(|layer| !layer.starts_with('/'));
        read.host_paths.extend(relative.map(|layer| HostPath::new(layer, false)));
    }
    let is_share = matches!(kind, "nfs" | "nfs4" | "cifs" | "smb3");
    let is_quota = kind.is_empty() && device.is_empty();
    read.says_more |= !options.is_zero();
    read.is_unclear = !options.is_zero() && !(is_local && (is_share || is_quota));
    read
}

/// Whether these options of a local volume keep all that it mounts from being written. Of `ro` and `rw` the last counts, with
/// a blank beside it neither is an option; and of what `rbind` brings along the rest stays writable (moby/sys `mount`).
fn is_mounted_read_only(options: &str) -> bool {
    let mut words = options.split(',');
    let is_last = words.clone().rfind(|word| matches!(*word, "ro" | "rw")) == Some("ro");
    is_last && words.all(|word| word.trim() != "rbind")
}

/// A directory of the host that the daemon itself reads or writes.
pub(super) fn host_directory(value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some(path) => at.means(Meaning::HostPath(HostPath::new(path, false))),
        None => at.says_more(),
    }
}
