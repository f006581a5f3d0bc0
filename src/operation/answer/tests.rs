mod glances;
mod left_out;

use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::operation::Json;
use crate::operation::tests::recorded::{ENGINES, recorded};
use crate::operation::thing::ThingKind;

fn terms(admits: impl Fn(&Thing) -> bool + 'static) -> Terms {
    let sight = move |thing: &Thing| admits(thing).then(Redaction::default);
    Terms { sight: Some(Rc::new(sight)), ..Terms::default() }
}

fn mine() -> Terms {
    terms(|thing| thing.label("owner") == Some("me"))
}

/// What the client sees of an answer that comes in pieces of `step` bytes. `daemon` answers what is looked up.
fn seen(
    terms: &Terms,
    form: Form,
    answer: &str,
    step: usize,
    daemon: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Unexpected> {
    let mut reader = terms.read(form).unwrap();
    let mut out = Vec::new();
    for piece in answer.as_bytes().chunks(step).map(Some).chain([None]) {
        let mut came = if let Some(piece) = piece {
            reader.feed(piece, &mut out)?
        } else {
            reader.end();
            reader.step(&mut out)?
        };
        while let Step::Ask(look_up) = came {
            let answer = daemon(look_up.path()).map(|answer| Json::read_shown(answer.as_bytes()).unwrap());
            reader.learn(&look_up, answer.as_ref())?;
            came = reader.step(&mut out)?;
        }
    }
    assert_eq!(reader.step(&mut out), Ok(Step::Done));
    Ok(String::from_utf8(out).unwrap())
}

/// Answers look-ups from what this engine has answered.
fn engine(name: &'static str) -> impl Fn(&str) -> Option<String> {
    move |target| {
        let one = |file: &str, id: &str| {
            let list = Json::read_shown(recorded(name, file).as_bytes()).unwrap();
            let things = list.get("Volumes").unwrap_or(&list).items();
            let is_it = |thing: &&Json| {
                ["Id", "ID", "Name"].iter().any(|key| thing.get(key).and_then(Json::as_text) == Some(id))
            };
            things.iter().find(is_it).map(ToString::to_string)
        };
        let path = target.split('?').next().unwrap();
        match path.split('/').collect::<Vec<_>>()[..] {
            ["", "containers", "json"] => Some(recorded(name, "containers").to_owned()),
            ["", "services"] => Some(recorded(name, "services").to_owned()),
            ["", "containers", id, "json"] => {
                let listed = Json::read_shown(one("containers", id)?.as_bytes()).unwrap();
                let text = |key| listed.get(key).unwrap().to_string();
                let name = listed.get("Names").unwrap().items()[0].to_string();
                let (id, labels) = (text("Id"), text("Labels"));
                Some(format!("{{\"Id\":{id},\"Name\":{name},\"Config\":{{\"Labels\":{labels}}}}}"))
            }
            ["", "networks", id] => one("networks", id),
            ["", "volumes", id] => one("volumes", id),
            ["", "services", id] => one("services", id),
            ["", "secrets", id] => one("secrets", id),
            ["", "configs", id] => one("configs", id),
            ["", "nodes", id] => one("nodes", id),
            _ => panic!("{target}"),
        }
    }
}

fn nobody(target: &str) -> Option<String> {
    panic!("{target} is asked for");
}

const LISTS: [(&str, Form); 13] = [
    ("containers", Form::Things(ThingKind::Container)),
    ("containers-1.24", Form::Things(ThingKind::Container)),
    ("images", Form::Things(ThingKind::Image)),
    ("images-1.24", Form::Things(ThingKind::Image)),
    ("networks", Form::Things(ThingKind::Network)),
    ("networks-1.24", Form::Things(ThingKind::Network)),
    ("volumes", Form::Volumes),
    ("services", Form::Things(ThingKind::Service)),
    ("tasks", Form::Things(ThingKind::Task)),
    ("secrets", Form::Things(ThingKind::Secret)),
    ("configs", Form::Things(ThingKind::Config)),
    ("nodes", Form::Things(ThingKind::Node)),
    ("events", Form::Events),
];

#[test]
fn whoever_may_see_all_sees_the_same_byte_for_byte() {
    let count = regex::Regex::new(r#""Containers":\d+"#).unwrap();
    for name in ENGINES {
        for (file, form) in
            LISTS.into_iter().chain([("network", Form::Network), ("network-verbose", Form::Network)])
        {
            let answer = recorded(name, file);
            // The names that other containers' links have for one, and how many use an image, are others' business.
            let mut expected = answer.replace(r#","/other-linker/db""#, "");
            if file == "images" {
                expected = count.replace_all(&expected, r#""Containers":-1"#).into_owned();
            }
            for step in [1, 1000, usize::MAX] {
                // What an event was about may be gone.
                let all = |target: &str| engine(name)(target).or_else(|| panic!("{target}"));
                let daemon: &dyn Fn(&str) -> Option<String> =
                    if form == Form::Events { &|target| Some(everything(target)) } else { &all };
                let seen = seen(&terms(|_| true), form, answer, step, daemon).unwrap();
                assert_eq!(seen, expected, "{file} of {name}");
            }
        }
    }
}

/// A daemon that has whatever is looked up.
fn everything(target: &str) -> String {
    let id = target.split('/').nth(2).unwrap();
    let text = format!(r#"{{"Id":"{id}","ID":"{id}","Name":"{id}","Spec":{{}},"Config":{{}}}}"#);
    text
}

#[test]
fn whoever_may_see_nothing_sees_an_empty_list() {
    for name in ENGINES {
        for (file, form) in LISTS {
            let seen =
                seen(&terms(|_| false), form, recorded(name, file), 100, &|target| Some(everything(target)))
                    .unwrap();
            let expected = match form {
                Form::Volumes => "{\"Volumes\":[],\"Warnings\":null}\n",
                Form::Events => "",
                Form::Things(_)
                | Form::Image
                | Form::Network
                | Form::History
                | Form::Usage
                | Form::Other(_) => "[]\n",
            };
            assert_eq!(seen, expected, "{file} of {name}");
        }
    }
}

#[test]
fn of_two_owners_each_sees_its_own() {
    let names = |text: &str| {
        let json = Json::read_shown(text.trim().as_bytes()).unwrap();
        let list = json.get("Volumes").unwrap_or(&json).items().to_vec();
        let mut names: Vec<String> = list
            .iter()
            .map(|thing| {
                let spec = thing.get("Spec").and_then(|spec| spec.get("Name"));
                let name = thing.get("Name").or(spec).and_then(Json::as_text);
                let listed =
                    ["Names", "RepoTags"].iter().find_map(|key| thing.get(key)?.items().first()?.as_text());
                let task = thing.get("ServiceID").and_then(Json::as_text).map(|_| "task");
                name.or(listed).or(task).unwrap().split(".1.").next().unwrap().to_owned()
            })
            .collect();
        names.sort();
        names.join(" ")
    };
    for name in ENGINES {
        for (file, expected) in [
            ("containers", "/me-db /me-renamed /me-svc /me-web"),
            ("images", "me/labelled:1"),
            ("networks", "me-net me-overlay"),
            ("networks-1.24", "me-net me-overlay"),
            ("volumes", "me-bound me-data"),
            ("services", "me-svc"),
            ("tasks", "task"),
            ("secrets", "me-secret"),
            ("configs", "me-config"),
            ("nodes", ""),
        ] {
            let form = LISTS.iter().find(|(own, _)| *own == file).unwrap().1;
            let seen = seen(&mine(), form, recorded(name, file), 100, &engine(name)).unwrap();
            assert_eq!(names(&seen), expected, "{file} of {name}: {seen}");
            assert!(!seen.contains("other-web") && !seen.contains("linker"), "{file} of {name}: {seen}");
        }
    }
}

#[test]
fn a_network_shows_only_those_who_may_be_seen() {
    for name in ENGINES {
        let network = seen(&mine(), Form::Network, recorded(name, "network"), 100, &engine(name)).unwrap();
        assert!(network.contains("me-web") && !network.contains("other-web"), "{network}");
        let gone = seen(&mine(), Form::Network, recorded(name, "network"), 100, &|_| None).unwrap();
        assert!(gone.contains(r#""Containers":{}"#), "{gone}");
        let verbose = recorded(name, "network-verbose");
        let overlay = seen(&mine(), Form::Network, verbose, 100, &engine(name)).unwrap();
        assert_eq!(overlay, verbose);
        let other = terms(|thing| thing.label("owner") == Some("other"));
        let overlay = seen(&other, Form::Network, verbose, 100, &engine(name)).unwrap();
        assert!(!overlay.contains("me-svc") && overlay.contains("lb-me-overlay"), "{overlay}");
    }
}

#[test]
fn a_network_does_not_tell_how_many_are_on_it() {
    let network = r#"{"Name":"n","Id":"1","Status":{"IPAM":{"Subnets":{"10.0.0.0/24":{"IPsInUse":3}}}}}"#;
    assert_eq!(seen(&mine(), Form::Network, network, 100, &nobody).unwrap(), r#"{"Name":"n","Id":"1"}"#);
}

#[test]
fn look_ups_ask_for_what_is_needed_and_no_more() {
    let asked = RefCell::new(Vec::new());
    let network = recorded("28.5", "network");
    seen(&mine(), Form::Network, network, 100, &|target| {
        asked.borrow_mut().push(target.to_owned());
        engine("28.5")(target)
    })
    .unwrap();
    let asked = asked.into_inner();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("/containers/json?all=1&filters=%7B%22id%22%3A%7B%22"), "{asked:?}");
    // What says it all is not looked up, and what cannot exist neither.
    seen(&mine(), Form::Things(ThingKind::Container), recorded("28.5", "containers"), 100, &nobody).unwrap();
    let event = r#"{"Type":"volume","Action":"mount","Actor":{"ID":"../info","Attributes":{}}}"#;
    assert_eq!(seen(&mine(), Form::Events, event, 100, &nobody), Ok(String::new()));
}

#[test]
fn events_of_what_may_be_seen_pass() {
    for name in ENGINES {
        let seen = seen(&mine(), Form::Events, recorded(name, "events"), 100, &engine(name)).unwrap();
        let mut kinds: Vec<String> = Vec::new();
        for line in seen.lines() {
            let event = Json::read_shown(line.as_bytes()).unwrap();
            let text = |key| event.get(key).and_then(Json::as_text).unwrap();
            kinds.push(format!("{} {}", text("Type"), text("Action").split(':').next().unwrap()));
            assert!(!line.contains("other"), "{line}");
        }
        for expected in [
            "container start",
            "container exec_die",
            "container rename",
            "volume create",
            "volume mount",
            "network create",
            "network connect",
            "secret create",
            "config create",
            "service create",
        ] {
            assert!(kinds.iter().any(|kind| kind == expected), "{expected} of {name}: {kinds:?}");
        }
        assert!(
            !kinds.iter().any(|kind| kind.starts_with("node") || kind.ends_with("disconnect")),
            "{kinds:?}"
        );
    }
}

#[test]
fn a_json_sequence_keeps_its_separators() {
    let event = |owner: &str| {
        let actor = format!(r#"{{"ID":"4f","Attributes":{{"name":"web","owner":"{owner}"}}}}"#);
        format!("\u{1e}{{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{actor}}}\n")
    };
    let answer = [event("me"), event("other"), event("me")].concat();
    for step in 1..answer.len() {
        let seen = seen(&mine(), Form::Events, &answer, step, &nobody).unwrap();
        assert_eq!(seen, event("me").repeat(2), "in pieces of {step}");
    }
}

#[test]
fn an_event_passes_once_its_line_is_there() {
    let line = "{\"Type\":\"container\",\"Actor\":{\"ID\":\"4f\",\"Attributes\":{\"owner\":\"me\"}}}";
    let mut reader = mine().read(Form::Events).unwrap();
    assert!(reader.is_live());
    let mut out = Vec::new();
    assert_eq!(reader.feed(line.as_bytes(), &mut out), Ok(Step::Starved));
    assert!(out.is_empty());
    assert_eq!(reader.feed(b"\n{\"Type\":", &mut out), Ok(Step::Starved));
    assert_eq!(out, format!("{line}\n").into_bytes());
}

#[test]
fn what_is_used_up_is_counted_anew() {
    for name in ENGINES {
        for file in ["df", "df-1.41"] {
            let df = seen(&mine(), Form::Usage, recorded(name, file), 100, &nobody).unwrap();
            assert!(!df.contains("other-web") && !df.contains("other/"), "{df}");
            let json = Json::read_shown(df.trim().as_bytes()).unwrap();
            let images = json.get("Images").unwrap().items();
            assert_eq!(images.len(), 1);
            assert_eq!(json.get("LayersSize"), images[0].get("Size"));
            assert_eq!(images[0].get("Containers"), Some(&Json::Number("0".into())));
            let volumes = json.get("Volumes").unwrap().items();
            let uses: Vec<_> = volumes
                .iter()
                .map(|volume| volume.get("UsageData").unwrap().get("RefCount").unwrap().to_string())
                .collect();
            let names: Vec<_> =
                volumes.iter().map(|volume| volume.get("Name").unwrap().to_string()).collect();
            assert!(
                names.iter().zip(&uses).all(|(name, uses)| (name == "\"me-data\"") == (uses == "1")),
                "{df}"
            );
            assert_eq!(json.get("Containers").unwrap().items().len(), 4);
        }
    }
}

#[test]
fn the_totals_of_newer_apis_are_counted_anew() {
    let df = r#"{"ImageUsage":{"ActiveCount":2,"TotalCount":2,"Reclaimable":0,"TotalSize":9,"New":true,"Items":[
{"Id":"a","Containers":3,"Labels":{"owner":"me"},"Size":5,"SharedSize":1},{"Id":"b","Labels":{},"Size":4}]},
"ContainerUsage":{"TotalCount":2,"Items":[
{"Id":"c","Names":["/x"],"ImageID":"a","State":"exited","SizeRw":7,"Labels":{"owner":"me"}},
{"Id":"d","Names":["/y"],"ImageID":"a","State":"running","Labels":{}}]},"VolumeUsage":{"TotalCount":4,"TotalSize":9},
"BuildCacheUsage":{"TotalCount":1,"Items":[{"ID":"e","Size":6,"InUse":false}]}}"#;
    let expected = r#"{"ImageUsage":{"ActiveCount":1,"TotalCount":1,"Reclaimable":0,"TotalSize":5,"Items":[
{"Id":"a","Containers":1,"Labels":{"owner":"me"},"Size":5,"SharedSize":1}]},
"ContainerUsage":{"TotalCount":1,"Items":[
{"Id":"c","Names":["/x"],"ImageID":"a","State":"exited","SizeRw":7,"Labels":{"owner":"me"}}]},"VolumeUsage":{},
"BuildCacheUsage":{"TotalCount":0,"Items":[]}}"#;
    assert_eq!(seen(&mine(), Form::Usage, df, 100, &nobody).unwrap(), expected);
}

#[test]
fn the_history_of_an_image_names_no_other() {
    for name in ENGINES {
        let history = recorded(name, "history");
        assert!(history.contains("other/bb:1"));
        let seen = seen(&mine(), Form::History, history, 100, &nobody).unwrap();
        assert!(seen.contains("me/labelled:1") && !seen.contains("bb:1"), "{seen}");
    }
}

#[test]
fn who_uses_an_image_is_not_shown() {
    let manifest = |users: &str| {
        format!(r#"{{"ID":"m","Kind":"image","ImageData":{{"Platform":{{}},"Containers":{users}}}}}"#)
    };
    let others = r#"{"ID":"a","Kind":"attestation"}"#;
    let image = |users: &str, count: &str| {
        let manifests = [manifest(users), others.to_owned()].join(",");
        format!(r#"{{"Id":"i","RepoTags":["me/i:1"],"Containers":{count},"Manifests":[{manifests}]}}"#)
    };
    let (before, after) = (image(r#"["bb","cc"]"#, "2"), image("[]", "-1"));
    assert_eq!(seen(&terms(|_| true), Form::Image, &before, 100, &nobody), Ok(after.clone()));
    let lists = (format!("[{before}]"), format!("[{after}]"));
    let images = Form::Things(ThingKind::Image);
    assert_eq!(seen(&terms(|_| true), images, &lists.0, 100, &nobody), Ok(lists.1));
}

#[test]
fn a_limit_counts_what_is_shown() {
    let container = |id: &str, owner: &str| {
        format!(r#"{{"Id":"{id}","Names":["/{id}"],"Labels":{{"owner":"{owner}"}}}}"#)
    };
    let (other, one, two) = (container("o", "other"), container("m1", "me"), container("m2", "me"));
    let list = format!("[{other},{one},{other},{two}]\n");
    for (limit, expected) in [(1, format!("[{one}]\n")), (2, format!("[{one},{two}]\n"))] {
        let terms = Terms { limit: Some(limit), ..mine() };
        for step in [1, list.len()] {
            let seen = seen(&terms, Form::Things(ThingKind::Container), &list, step, &nobody);
            assert_eq!(seen, Ok(expected.clone()));
        }
    }
}

#[test]
fn what_making_a_volume_shows_is_redacted() {
    let mut endpoints = crate::operation::table::endpoints();
    let create = endpoints.find(|endpoint| endpoint.id == "VolumeCreate").unwrap();
    let mut terms = Terms::default();
    terms.redaction.add("@host-paths").unwrap();
    let volume = r#"{"Name":"m","Options":{"o":"bind","device":"/srv/secret"}}"#;
    let seen = seen(&terms, Form::of(create).unwrap(), volume, 100, &nobody);
    assert_eq!(seen, Ok(volume.replace("/srv/secret", "/redacted-by-dockgate")));
}

#[test]
fn what_is_not_expected_is_withheld() {
    for text in [
        "",
        "{}",
        "[",
        "[1]",
        "[{\"Id\":\"a\",\"Names\":[]},]",
        "[{\"Id\":\"a\",\"Names\":[]}{\"Id\":\"b\",\"Names\":[]}]",
        "[{\"Id\":\"a\",\"Names\":[]}] x",
        "nul",
        "nullx",
    ] {
        for step in [1, 100] {
            let form = Form::Things(ThingKind::Container);
            let seen = seen(&terms(|_| true), form, text, step, &nobody);
            assert!(seen.is_err(), "{text}: {seen:?}");
        }
    }
    for (form, text) in [
        (Form::Events, "{\"Type\":\"container\"} x"),
        (Form::Events, "[]"),
        (Form::Events, "{\"Type\":"),
        (Form::Volumes, "[]"),
        (Form::Volumes, "{\"Volumes\":{}}"),
        (Form::Volumes, "{\"Volumes\":[]"),
        (Form::Volumes, "{\"Volumes\":[]} x"),
        (Form::Volumes, "{\"Volumes\":[],\"Volumes\":[{\"Name\":\"a\"}]}"),
        (Form::Volumes, "{\"Warnings\":null"),
        (Form::Network, "[]"),
        (Form::Network, "{\"Containers\":[]}"),
        (Form::Usage, "{\"Images\":{}}"),
        (Form::Usage, "{\"Containers\":[{}}"),
        (Form::History, "{}"),
    ] {
        let seen = seen(&terms(|_| true), form, text, 100, &nobody);
        assert!(seen.is_err(), "{text}: {seen:?}");
    }
    // Of what is not known nothing is shown, and the stream goes on.
    let pod = "{\"Type\":\"pod\",\"Actor\":{\"ID\":\"1\",\"Attributes\":{}}}\n";
    assert_eq!(seen(&terms(|_| true), Form::Events, pod, 100, &nobody), Ok(String::new()));
    assert_eq!(
        seen(&terms(|_| true), Form::Things(ThingKind::Secret), "null\n", 1, &nobody),
        Ok("null\n".to_owned())
    );
}

/// An element of a container list, odd in what dockgate does not read.
fn container() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("\"\\u003c\\\"}]\\\\\"".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("-1.50E+7".to_owned()),
        Just("[{},[],{\"a\":null}]".to_owned()),
        any::<String>().prop_map(|text| Json::String(text.into()).to_string()),
    ];
    (0..1000_u32, odd, any::<bool>(), "[ \n]{0,2}").prop_map(|(id, odd, is_mine, space)| {
        let owner = if is_mine { "me" } else { "other" };
        format!(
            "{{{space}\"New\":{odd},\"Id\":{space}\"{id}\",\"Names\":[\"/c{id}\"],\"Labels\":{{\"owner\":\"{owner}\"}}}}"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_is_narrowed_element_by_element(
        elements in proptest::collection::vec(container(), 0..8),
        comma in "[ \n]?,[ \n]?",
        step in 1..300_usize,
    ) {
        let list = |elements: &[String]| format!("[{}]\n", elements.join(&comma));
        let all = list(&elements);
        let form = Form::Things(ThingKind::Container);
        prop_assert_eq!(seen(&terms(|_| true), form, &all, step, &nobody), Ok(all.clone()));
        let kept: Vec<String> = elements.into_iter().filter(|element| element.contains("\"me\"")).collect();
        prop_assert_eq!(seen(&mine(), form, &all, step, &nobody), Ok(list(&kept)));
    }

    #[test]
    fn no_text_makes_it_panic(text: String, step in 1..50_usize) {
        for (_, form) in LISTS.into_iter().chain([("", Form::Usage), ("", Form::Network), ("", Form::History)]) {
            drop(seen(&mine(), form, &text, step, &|_| None));
        }
    }
}
