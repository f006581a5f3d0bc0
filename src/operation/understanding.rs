//! An operation understood: what of it is used, what needs a grant, and what all of it means.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;

use smol_str::SmolStr;

use super::facts::Reference;
use super::field::{self, Kind, Place, Step, UsedField, Way};
use super::meaning::{
    Aspect, Context, DEFAULT_BRIDGE, Enclosing, ImageRef, Link, Meaning, Meant, Read, Reading, Use,
    of_identifiers, of_parameter,
};
use super::table::{BodyKind, Endpoint, Guard, Parameter};
use super::version::ApiVersion;
use super::{Body, Json, Operation, Value};

/// What an operation says and means.
#[derive(Debug)]
pub struct Understanding {
    /// The fields of a JSON body that are used, those that are plain included.
    pub fields: Vec<UsedField>,
    /// The parameters that the daemon reads.
    pub parameters: Vec<UsedParameter>,
    /// What is meant, first by the fields, then by the parameters, then by a body that is read as a whole, by the path, and
    /// by what is left out.
    meant: Meant,
}

/// A parameter that the request has.
#[derive(Debug)]
pub struct UsedParameter {
    /// Its row.
    pub parameter: &'static Parameter,
    /// Its value.
    pub value: Value,
    read: Read,
}

/// What an operation was understood to say, kept for whoever asks next. It follows from the rest of the operation, so it
/// makes no difference between two, and must go when something else changes.
#[derive(Default)]
pub(super) struct Kept(OnceCell<Box<Understanding>>);

impl Understanding {
    /// Everything that is meant, whatever says it.
    pub fn uses(&self) -> impl Iterator<Item = &Use> {
        self.meant.uses.iter()
    }

    /// Whether something of this kind may be meant beside the uses: what says it cannot be read for certain.
    #[must_use]
    pub fn is_unclear(&self, aspect: Aspect) -> bool {
        self.meant.unclear.contains(&aspect)
    }

    /// Says of each file of the host by which link it is reached, as far as that is known: `link_to` knows of paths.
    fn follow(&mut self, link_to: impl Fn(&str) -> Option<Link>) {
        for one in &mut self.meant.uses {
            if let Meaning::HostPath(host) = &mut one.meaning
                && host.link.is_none()
                && let Some(link) = link_to(&host.path)
            {
                let remark = if link == Link::unseen(&host.path) {
                    ", where a link on the host may lead anywhere"
                } else {
                    ", through a link on the host"
                };
                host.link = Some(link);
                one.place = one.place.clone().remarked(remark);
            }
        }
    }

    /// Has the networks beside that of `NetworkMode` need a grant also where one is the default bridge, which needs none by
    /// itself.
    fn guard_bridge(&mut self) {
        for used in self.fields.iter_mut().filter(|used| used.is_at("NetworkingConfig.EndpointsConfig")) {
            used.guard_it();
            let uses = used.read.as_ref().and_then(|read| self.meant.uses.get_mut(read.uses.clone()));
            uses.into_iter().flatten().for_each(|one| one.turned_out = false);
        }
    }

    /// What the daemon must be asked to know all that is meant.
    pub fn questions(&self) -> impl Iterator<Item = &Reference> {
        self.meant.questions.iter()
    }

    /// The containers whose namespaces are joined, and of which the daemon must be asked what they are called.
    pub fn joined(&self) -> impl Iterator<Item = &Reference> {
        self.meant.joined.iter()
    }

    /// The uses of one that says nothing else.
    fn whole(&self, read: &Read) -> Option<&[Use]> {
        self.meant.uses.get(read.uses.clone()).filter(|_| !read.says_more)
    }
}

impl UsedField {
    /// What it means, if that is all that it says; none, where it says more than what is understood of it.
    #[must_use]
    pub fn meaning<'u>(&self, understood: &'u Understanding) -> Option<&'u [Use]> {
        understood.whole(self.read.as_ref()?)
    }
}

impl UsedParameter {
    /// What it means, if that is all that it says; none, where it says more than what is understood of it.
    #[must_use]
    pub fn meaning<'u>(&self, understood: &'u Understanding) -> Option<&'u [Use]> {
        understood.whole(&self.read)
    }

    /// Whether it needs a grant.
    #[must_use]
    pub fn guard(&self) -> Guard {
        if self.parameter.guard == Guard::Plain || self.value.is_zero() {
            Guard::Plain
        } else {
            self.parameter.guard_of(&self.value.to_string())
        }
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Operation {
    /// What it says and means.
    #[must_use]
    pub fn understand(&self) -> &Understanding {
        self.understood.0.get_or_init(|| {
            let mut understanding = self.read();
            if self.joins_bridge_beside() {
                understanding.guard_bridge();
            }
            let left_out = self.left_out(&understanding);
            understanding.meant.uses.extend(left_out);
            understanding.follow(|path| self.facts.link(path).ok()?);
            Box::new(understanding)
        })
    }

    /// Lets go of what was understood, so that it is understood anew when somebody asks next.
    pub fn understand_anew(&mut self) {
        self.understood = Kept::default();
    }

    /// Reads what is said.
    fn read(&self) -> Understanding {
        let endpoint = self.endpoint();
        let context = Context { endpoint, version: self.version(), newest: self.newest, facts: &self.facts };
        let around = Enclosing { fields: &[], context };
        let body = match (&self.body, endpoint.body) {
            (Body::Json(json), BodyKind::Json { kind, guard: _ }) => Some((kind, json)),
            (Body::None | Body::Json(_) | Body::Stream, _) => None,
        };
        let mut meant = Meant::default();
        let fields = body.map(|(kind, json)| field::used_fields(kind, json, context, &mut meant));
        let query = self.query();
        let parameters = query.iter().filter(|(_, value)| !value.is_zero()).map(|(parameter, value)| {
            let read = of_parameter(endpoint, parameter, value, query, around, &mut meant);
            UsedParameter { parameter, value: value.clone(), read }
        });
        let parameters = parameters.collect();
        if let (Some((_, json)), Some(reading)) = (body, body_reading(endpoint)) {
            let way = Way::from_top(Step::Words("the body".into()));
            reading.read(json, &way, around, &mut meant);
        }
        of_identifiers(self.identifiers(), query, context, &mut meant);
        meant.uses.extend(self.uses_inside());
        self.read_added_instructions(&mut meant);
        Understanding { fields: fields.unwrap_or_default(), parameters, meant }
    }

    /// The fields of a JSON body that are used and need a grant, whatever they mean: all of them where the body is
    /// guarded as a whole.
    pub fn guarded_fields(&self) -> impl Iterator<Item = (&UsedField, &Json)> {
        let body = match (&self.body, self.endpoint().body) {
            (Body::Json(json), BodyKind::Json { kind: _, guard }) => Some((json, guard)),
            (Body::None | Body::Json(_) | Body::Stream, _) => None,
        };
        body.into_iter().flat_map(|(json, guard)| {
            let fields = self.understand().fields.iter();
            let guarded = fields.filter(move |used| guard != Guard::Plain || used.guard != Guard::Plain);
            guarded.map(|used| (used, used.value(json).unwrap_or(&Json::Null)))
        })
    }

    /// The value of a field that it uses.
    #[must_use]
    pub fn value_of(&self, used: &UsedField) -> Option<&Json> {
        self.body_json().and_then(|body| used.value(body))
    }

    /// The paths of the host that it means, as it is understood, and of which it is not known whether a link leads there.
    #[must_use]
    pub fn untraced_paths(&self) -> BTreeSet<String> {
        let paths = self.understand().uses().filter_map(|one| one.meaning.host_path());
        paths.filter(|path| self.facts.link(path).is_err()).map(ToOwned::to_owned).collect()
    }

    /// Takes down the link that leads to a path of the host, or that there is none to be seen.
    pub fn trace(&mut self, path: String, link: Option<Link>) {
        if let (Some(understanding), Some(link)) = (self.understood.0.get_mut(), &link)
            && self.facts.link(&path).is_err()
        {
            understanding.follow(|other| (other == path).then(|| link.clone()));
        }
        self.facts.add_link(path, link);
    }

    /// Takes down that no more paths of the host are looked at: any other may be a link to anywhere.
    pub fn trace_no_more(&mut self) {
        self.facts.end_links();
        self.understand_anew();
    }

    /// What is meant by leaving something out: the image's own user, no image at all, a volume without a name.
    fn left_out(&self, understanding: &Understanding) -> Vec<Use> {
        /// Where it would stand, what it is then, and the minor version of the API from which on it is not.
        type Omission = (&'static str, fn() -> Meaning, u16);
        const USER: fn() -> Meaning = || Meaning::User(String::new());
        const IMAGE: fn() -> Meaning = || Meaning::Image(ImageRef::None);
        const NEVER: u16 = u16::MAX;
        let omissions: &[Omission] = match self.endpoint().id {
            // moby `daemon.adaptContainerSettings`: what older versions of the API take by default.
            "ContainerCreate" => &[
                ("User", USER, NEVER),
                ("Image", IMAGE, NEVER),
                ("HostConfig.CgroupnsMode", || Meaning::Namespace("cgroup:host".to_owned()), 41),
                ("HostConfig.IpcMode", || Meaning::Namespace("ipc:shareable".to_owned()), 40),
            ],
            "ContainerExec" => &[("User", USER, NEVER)],
            "ServiceCreate" | "ServiceUpdate" => &[
                ("TaskTemplate.ContainerSpec.User", USER, NEVER),
                ("TaskTemplate.ContainerSpec.Image", IMAGE, NEVER),
            ],
            "VolumeCreate" => &[("Name", || Meaning::Volume(String::new()), NEVER)],
            "ImageBuild" => &[],
            _ => return Vec::new(),
        };
        let is_used = |path: &str| understanding.fields.iter().any(|used| used.is_at(path));
        let is_left_out =
            |(path, _, until): &&Omission| self.version() < ApiVersion::new(1, *until) && !is_used(path);
        let meant =
            |(path, meaning, _): &Omission| Use::new(meaning(), Place::words(SmolStr::new_static(path)));
        let bridge = self.is_on_bridge_by_default(understanding).map(|place| Use {
            meaning: Meaning::Network(DEFAULT_BRIDGE.to_owned()),
            place: Place::words(SmolStr::new_static(place)),
            turned_out: true,
        });
        omissions.iter().filter(is_left_out).map(meant).chain(bridge).collect()
    }

    /// Where it is left out which network a container is in, or a build's containers are: then it is the default bridge.
    fn is_on_bridge_by_default(&self, understanding: &Understanding) -> Option<&'static str> {
        match self.endpoint().id {
            "ContainerCreate" => {
                let says = ["HostConfig.NetworkMode", "NetworkingConfig.EndpointsConfig", "NetworkDisabled"];
                let is_said =
                    says.iter().any(|path| understanding.fields.iter().any(|used| used.is_at(path)));
                (!is_said).then_some("HostConfig.NetworkMode")
            }
            "ImageBuild" => {
                self.query().get("networkmode").is_none_or(Value::is_zero).then_some("parameter networkmode")
            }
            _ => None,
        }
    }
}

/// How a body is read that is no struct, or that has no field of its own for what it means.
pub(super) fn body_reading(endpoint: &Endpoint) -> Option<Reading> {
    match endpoint.id {
        "PluginPull" | "PluginUpgrade" => Some(Reading::PluginPrivileges),
        "PluginSet" => Some(Reading::PluginSettings),
        _ => None,
    }
}

/// The values that stand at a path of canonical spelling, in all elements of the lists and maps on the way.
pub(super) fn values_at<'a>(kind: Kind, json: &'a Json, path: &[String]) -> Vec<&'a Json> {
    let Some((step, rest)) = path.split_first() else { return vec![json] };
    match kind {
        Kind::List(inner) => json.items().iter().flat_map(|item| values_at(*inner, item, path)).collect(),
        Kind::Map(inner) => {
            json.fields().iter().flat_map(|(_, value)| values_at(*inner, value, path)).collect()
        }
        Kind::Struct(_) => match (kind.field(step), json.get(step)) {
            (Some((_, field)), Some(value)) => values_at(field.kind, value, rest),
            (_, _) => Vec::new(),
        },
        Kind::Bool
        | Kind::Int
        | Kind::Uint
        | Kind::Float
        | Kind::Text
        | Kind::Bytes
        | Kind::StrSlice
        | Kind::Any => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::Builder;
    use super::super::dockerfile::Dockerfile;
    use super::super::tests::read;
    use super::super::thing::ThingKind;
    use super::*;

    const CREATE: &str = r#"{"Image":"app","Volumes":{"/v":{}},"HostConfig":{"Binds":["/data:/data","data:/x"],
        "NetworkMode":"container:web","VolumesFrom":["web"],"New":{"a":[1]}}}"#;

    fn operation(method: &str, target: &str, body: &str) -> Operation {
        read(method, target, &[("Content-Type", "application/json")], body).unwrap()
    }

    #[test]
    fn what_is_kept_is_what_would_be_understood_anew() {
        type Change = fn(&mut Operation);
        let shown = |text: &str| Some(Json::read_shown(text.as_bytes()).unwrap());
        let create = operation("POST", "/containers/create", CREATE);
        let mut known = create.clone();
        known.learn(
            Reference::new(ThingKind::Container, "web"),
            shown(r#"{"Id":"00ff","Name":"/web","Config":{},"Mounts":[{"Type":"bind","Source":"/srv","RW":true}]}"#),
        );
        known.learn(
            Reference::new(ThingKind::Volume, "data"),
            shown(
                r#"{"Name":"data","Driver":"local","Options":{"o":"bind","type":"none","device":"/data"}}"#,
            ),
        );
        let secret = operation("POST", "/secrets/create", r#"{"Name":"a","Data":"eA=="}"#);
        let prune = operation("POST", "/containers/prune", "");
        let list = operation("GET", "/containers/json", "");
        let build = operation("POST", "/build?t=a", "");
        let link = Link { at: "/data".to_owned(), to: "/else".to_owned() };
        for before in [create, known, secret, prune, list, build] {
            let changes: [Change; 8] = [
                |one| one.stamp("x"),
                Operation::stamp_as_nobodys,
                Operation::pin,
                |one| one.narrow_to_label("a=b"),
                |one| one.have_filtered(&[("label", "a=b".to_owned())]),
                |one| {
                    let found = Dockerfile::read(b"FROM a\nRUN b\n", &[], Builder::Classic).unwrap();
                    one.look_inside(Ok(found.into()));
                },
                |one| one.learn(Reference::new(ThingKind::Volume, "data"), None),
                |one| one.learn(Reference::new(ThingKind::Container, "web"), None),
            ];
            let assert_kept = |operation: &Operation| {
                let anew = operation.clone();
                assert_eq!(format!("{:?}", operation.understand()), format!("{:?}", anew.understand()));
            };
            for change in changes {
                let mut operation = before.clone();
                assert_kept(&operation);
                change(&mut operation);
                assert_kept(&operation);
            }
            let mut operation = before;
            for (path, link) in [("/data", Some(link.clone())), ("/srv", None), ("/data", None)] {
                assert_kept(&operation);
                operation.trace(path.to_owned(), link);
                assert_kept(&operation);
            }
        }
    }
}
