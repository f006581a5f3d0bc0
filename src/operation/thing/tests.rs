use super::{Event, Thing, ThingKind};
use crate::operation::Json;

fn json(text: &str) -> Json {
    Json::read_shown(text.as_bytes()).unwrap()
}

fn thing<'a>(kind: ThingKind, id: &'a str, names: &[&'a str], labels: &[(&'a str, &'a str)]) -> Thing<'a> {
    let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Thing { names: names.iter().map(|name| (*name).into()).collect(), labels, ..Thing::new(kind, id) }
}

#[test]
fn a_container_is_the_same_inspected_and_listed_and_in_an_event() {
    let expected = Thing {
        image: Some("own/bb:1".into()),
        image_id: Some("sha256:e7".into()),
        ..thing(ThingKind::Container, "4f5a", &["web"], &[("owner", "me")])
    };
    let inspected = json(
        r#"{"Id":"4f5a","Name":"/web","Image":"sha256:e7","Config":{"Image":"own/bb:1","Labels":{"owner":"me"}}}"#,
    );
    assert_eq!(Thing::inspected(ThingKind::Container, &inspected), Some(expected.clone()));
    let listed = json(
        r#"{"Id":"4f5a","Names":["/own-a/web","/web"],"Image":"own/bb:1","ImageID":"sha256:e7","Labels":{"owner":"me"}}"#,
    );
    assert_eq!(Thing::listed(ThingKind::Container, &listed), Some(expected.clone()));
    let event = json(
        r#"{"status":"die","id":"4f5a","from":"own/bb:1","Type":"container","Action":"die","Actor":{"ID":"4f5a",
        "Attributes":{"exitCode":"0","image":"own/bb:1","name":"web","owner":"me"}},"scope":"local","time":1}"#,
    );
    let event = Event::read(&event).unwrap();
    assert_eq!(event.thing, Thing { image_id: None, ..expected });
    assert!(event.is_whole && event.container.is_none());
}

#[test]
fn the_references_of_an_image_are_its_names() {
    let listed = json(
        r#"{"Id":"sha256:e7","RepoTags":["own/bb:1","<none>:<none>"],"RepoDigests":["<none>@<none>"],"Labels":null}"#,
    );
    assert_eq!(
        Thing::listed(ThingKind::Image, &listed),
        Some(thing(ThingKind::Image, "sha256:e7", &["own/bb:1"], &[]))
    );
    let inspected = json(
        r#"{"Id":"sha256:e7","RepoTags":[],"RepoDigests":["own/bb@sha256:aa"],"Config":{"Labels":{"a":"b"}}}"#,
    );
    assert_eq!(
        Thing::inspected(ThingKind::Image, &inspected),
        Some(thing(ThingKind::Image, "sha256:e7", &["own/bb@sha256:aa"], &[("a", "b")]))
    );
    let pulled = json(
        r#"{"Type":"image","Action":"pull","Actor":{"ID":"own/bb:1","Attributes":{"name":"own/bb","signal":"x"}}}"#,
    );
    assert_eq!(
        Event::read(&pulled).unwrap().thing,
        thing(ThingKind::Image, "own/bb:1", &["own/bb", "own/bb:1"], &[("signal", "x")])
    );
}

#[test]
fn what_the_swarm_keeps_is_named_in_its_spec() {
    let shown = json(r#"{"ID":"s1","Spec":{"Name":"db","Labels":{"owner":"me"},"Data":"eA=="}}"#);
    for kind in [ThingKind::Service, ThingKind::Secret, ThingKind::Config] {
        let expected = thing(kind, "s1", &["db"], &[("owner", "me")]);
        assert_eq!(Thing::listed(kind, &shown), Some(expected.clone()));
        assert_eq!(Thing::inspected(kind, &shown), Some(expected));
    }
    let node = json(r#"{"ID":"n1","Spec":{"Role":"manager","Labels":{}},"Description":{"Hostname":"box"}}"#);
    assert_eq!(Thing::listed(ThingKind::Node, &node), Some(thing(ThingKind::Node, "n1", &["box"], &[])));
}

#[test]
fn a_task_has_the_labels_of_its_containers_and_an_owner() {
    let task = json(
        r#"{"ID":"t1","Labels":{"a":"task"},"ServiceID":"s1",
        "Spec":{"ContainerSpec":{"Image":"own/bb","Labels":{"a":"container","b":"c"}}}}"#,
    );
    let expected = Thing {
        image: Some("own/bb".into()),
        owner: Some("s1".into()),
        ..thing(ThingKind::Task, "t1", &[], &[("a", "task"), ("b", "c")])
    };
    assert_eq!(Thing::listed(ThingKind::Task, &task), Some(expected));
    let exec = json(r#"{"ID":"e1","Running":true,"ContainerID":"4f5a"}"#);
    assert_eq!(Thing::inspected(ThingKind::Exec, &exec).unwrap().owner.as_deref(), Some("4f5a"));
}

#[test]
fn an_event_says_when_more_must_be_looked_up() {
    let connected = json(
        r#"{"Type":"network","Action":"connect","Actor":{"ID":"n1","Attributes":
        {"container":"4f5a","name":"own-net","type":"bridge"}}}"#,
    );
    let event = Event::read(&connected).unwrap();
    assert_eq!(event.thing, thing(ThingKind::Network, "n1", &["own-net"], &[]));
    assert_eq!((event.is_whole, event.container.as_deref()), (false, Some("4f5a")));
    let mounted = json(
        r#"{"Type":"volume","Action":"mount","Actor":{"ID":"data","Attributes":{"container":"4f5a","driver":"local"}}}"#,
    );
    let event = Event::read(&mounted).unwrap();
    assert_eq!(event.thing, thing(ThingKind::Volume, "data", &["data"], &[]));
    assert_eq!((event.is_whole, event.container.as_deref()), (false, Some("4f5a")));
    let pruned =
        json(r#"{"Type":"volume","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":"0"}}}"#);
    assert_eq!(Event::read(&pruned).unwrap().thing, thing(ThingKind::Volume, "", &[], &[]));
}

#[test]
fn what_is_shown_in_another_shape_is_no_thing() {
    for kind in ThingKind::ALL {
        for text in ["{}", "[]", "null", r#"{"Id":1,"ID":1}"#, r#"{"Id":"","ID":"","Name":""}"#] {
            assert_eq!(Thing::listed(kind, &json(text)), None, "{kind} {text}");
            assert_eq!(Thing::inspected(kind, &json(text)), None, "{kind} {text}");
        }
    }
    let labels = json(r#"{"Id":"4f5a","Names":[],"Labels":{"a":1}}"#);
    assert_eq!(Thing::listed(ThingKind::Container, &labels), None);
    for text in [
        r#"{"Type":"container","Action":"die"}"#,
        r#"{"Type":"pod","Actor":{"ID":"1","Attributes":{}}}"#,
        r#"{"Actor":{"ID":"1","Attributes":{}}}"#,
        r#"{"Type":"container","Actor":{"ID":"1","Attributes":{"name":1}}}"#,
    ] {
        assert_eq!(Event::read(&json(text)), None, "{text}");
    }
}
