//! What a record shows of a value in a body: in short, and never what could be a secret.
//!
//! A secret can stand wherever the client writes text, so text is shown only in the fields listed here,
//! which say what a container gets of its host. Switches and numbers of known fields are shown.

use std::borrow::Cow;

use super::subject::{LONGEST_VALUE, shortened};
use crate::operation::field::{Field, Kind, UsedField};
use crate::operation::{Json, Key};

/// Whether the text of the fields of this name is shown, wherever in a body they stand. None of them is of the
/// kinds that carry secrets: environment, arguments, labels, options of drivers, data, credentials.
#[rustfmt::skip]
pub(super) fn is_shown(name: &str) -> bool {
    matches!(
        name,
        // Of the host.
        "Binds" | "Type" | "Source" | "Target" | "Propagation" | "Volumes" | "VolumesFrom" | "VolumeDriver" | "Tmpfs" |
        "Devices" | "PathOnHost" | "PathInContainer" | "CgroupPermissions" | "Path" | "DeviceCgroupRules" | "DeviceIDs" |
        "Capabilities" | "MaskedPaths" | "ReadonlyPaths" | "CheckpointDir" |
        // Rights.
        "CapAdd" | "CapDrop" | "CapabilityAdd" | "CapabilityDrop" | "SecurityOpt" | "User" | "GroupAdd" | "Groups" |
        "Runtime" | "Isolation" | "Sysctls" |
        // Namespaces.
        "NetworkMode" | "PidMode" | "IpcMode" | "UTSMode" | "UsernsMode" | "CgroupnsMode" | "Cgroup" | "CgroupParent" |
        // The network.
        "PortBindings" | "HostIp" | "HostPort" | "ExposedPorts" | "Links" | "ExtraHosts" | "Hosts" | "MacAddress" |
        "IPv4Address" | "IPv6Address" | "LinkLocalIPs" | "NetworkID" | "Network" | "Driver" | "Scope" | "Protocol" |
        "PublishMode" | "Hostname" | "Domainname" | "Subnet" | "IPRange" | "Gateway" |
        // What runs, and where.
        "Image" | "Container" | "WorkingDir" | "Dir" | "CpusetCpus" | "CpusetMems" | "StopSignal" | "Role" |
        "Availability" |
        // What things are called.
        "Name" | "SecretName" | "SecretID" | "ConfigName" | "ConfigID"
    )
}

/// A used field's value in short; none where it could be a secret, or where the field is not known. In `room` it is put
/// together.
pub(super) fn value<'s>(used: &UsedField, value: &'s Json, room: &'s mut String) -> Option<Cow<'s, str>> {
    let field = used.field?;
    if let Json::String(text) = value
        && is_shown(field.name)
    {
        return Some(shortened(text, LONGEST_VALUE));
    }
    room.clear();
    let mut shown = Shown { out: room, any: false };
    shown.field(field, value);
    shown.any.then(|| shortened(shown.out, LONGEST_VALUE))
}

struct Shown<'o> {
    out: &'o mut String,
    /// Whether there is anything in it that was not withheld.
    any: bool,
}

impl Shown<'_> {
    /// Appends a value of a field.
    fn field(&mut self, field: &Field, value: &Json) {
        let has_text = !matches!(value, Json::Null | Json::Bool(_) | Json::Number(_));
        self.value(has_text && is_shown(field.name), field.kind, value);
    }

    /// Appends a value of a field whose text is shown or not, as JSON of which `_` stands for what is withheld.
    fn value(&mut self, is_shown: bool, kind: Kind, value: &Json) {
        if self.out.len() > LONGEST_VALUE {
            return;
        }
        match (kind, value) {
            (_, Json::Null) => self.plain(value),
            (_, Json::Bool(_) | Json::Number(_)) if kind != Kind::Any => self.plain(value),
            (Kind::Text, Json::String(_)) if is_shown => self.plain(value),
            (Kind::StrSlice, Json::Array(items)) => self.list(items, |shown, item| {
                shown.value(is_shown, Kind::Text, item);
            }),
            (Kind::List(inner), Json::Array(items)) => {
                self.list(items, |shown, item| shown.value(is_shown, *inner, item));
            }
            (Kind::Struct(_), Json::Object(fields)) => {
                self.map(fields, |shown, key, value| match kind.field_of(key) {
                    Some((_, field)) => {
                        shown.name(field);
                        shown.field(field, value);
                    }
                    None => shown.withheld(),
                });
            }
            // The keys are the client's own words.
            (Kind::Map(inner), Json::Object(fields)) if is_shown => {
                self.map(fields, |shown, key, value| {
                    shown.key(key);
                    shown.value(is_shown, *inner, value);
                });
            }
            _ => self.withheld(),
        }
    }

    fn plain(&mut self, value: &Json) {
        value.write(self.out);
        self.any = true;
    }

    fn withheld(&mut self) {
        self.out.push('_');
    }

    /// Of a field, which needs no escape.
    fn name(&mut self, field: &Field) {
        self.out.extend(["\"", field.name, "\":"]);
    }

    fn key(&mut self, key: &str) {
        Json::write_text(key, self.out);
        self.out.push(':');
    }

    fn list(&mut self, items: &[Json], mut each: impl FnMut(&mut Self, &Json)) {
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            if self.out.len() > LONGEST_VALUE {
                break;
            }
            each(self, item);
        }
        self.out.push(']');
    }

    fn map(&mut self, fields: &[(Key, Json)], mut each: impl FnMut(&mut Self, &Key, &Json)) {
        self.out.push('{');
        for (at, (key, value)) in fields.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            if self.out.len() > LONGEST_VALUE {
                break;
            }
            each(self, key, value);
        }
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::version::ApiVersion;
    use crate::operation::{Asked, Head};

    /// The guarded fields of a container's creation as they are shown.
    fn shown(body: &str) -> Vec<(String, Option<String>)> {
        let headers: [(&str, &[u8]); 1] = [("Content-Type", b"application/json")];
        let head = Head { method: "POST", target: b"/containers/create", headers: &headers };
        let asked = Asked::read(&head, ApiVersion::NEWEST).unwrap();
        let operation = asked.with_body(body.as_bytes()).unwrap();
        let name = |used: &UsedField| used.path().rsplit('.').next().unwrap().to_owned();
        let shown = |used: &UsedField| {
            value(used, operation.value_of(used).unwrap(), &mut String::new()).map(Cow::into_owned)
        };
        operation.understand().fields.iter().map(|used| (name(used), shown(used))).collect()
    }

    fn one(body: &str) -> Option<String> {
        let mut shown = shown(body);
        assert_eq!(shown.len(), 1, "{shown:?}");
        shown.remove(0).1
    }

    #[test]
    fn what_reaches_the_host_is_shown() {
        let of = |field: &str| one(&format!(r#"{{"HostConfig":{{{field}}}}}"#)).unwrap();
        assert_eq!(of(r#""Binds":["/:/host","x:/y"]"#), r#"["/:/host","x:/y"]"#);
        assert_eq!(of(r#""PidMode":"host""#), "host");
        assert_eq!(of(r#""Privileged":true"#), "true");
        assert_eq!(of(r#""Memory":1048576"#), "1048576");
        assert_eq!(of(r#""CapAdd":["SYS_ADMIN"]"#), r#"["SYS_ADMIN"]"#);
        assert_eq!(
            of(r#""PortBindings":{"80/tcp":[{"HostPort":"8080"}]}"#),
            r#"{"80/tcp":[{"HostPort":"8080"}]}"#
        );
        let mount = r#""Mounts":[{"Type":"volume","Source":"v","VolumeOptions":{"DriverConfig":{"Options":{"o":"password=x"}}}}]"#;
        assert_eq!(
            of(mount),
            r#"[{"Type":"volume","Source":"v","VolumeOptions":{"DriverConfig":{"Options":_}}}]"#
        );
    }

    #[test]
    fn what_could_be_a_secret_is_not() {
        assert_eq!(one(r#"{"HostConfig":{"LogConfig":{"Config":{"token":"x"}}}}"#), None);
        assert_eq!(one(r#"{"Unknown":"x"}"#), None);
        assert_eq!(one(r#"{"Unknown":1}"#), None);
    }

    #[test]
    fn what_is_long_is_cut_however_long_it_is() {
        let binds = vec![r#""/a:/b""#; 50_000].join(",");
        let text = one(&format!(r#"{{"HostConfig":{{"Binds":[{binds}]}}}}"#)).unwrap();
        assert!(text.len() == LONGEST_VALUE + "...".len() && text.ends_with("..."), "{text}");
    }
}
