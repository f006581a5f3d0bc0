use super::*;
use crate::audit::read::record::{Ended, Judged};

const DENIED: &str = r#"{"sequence":41,"time":"2026-01-02T03:04:05.678901Z","id":"0a-1","client":{"names":["backend"],"listener":"ui","uid":1000,"gid":999,"pid":77},"operation":"ContainerCreate","method":"POST","path":"/containers/create","version":"1.41","image":"a/b","fields":[{"field":"HostConfig.Privileged","value":"true"}],"decision":"deny","reason":"missing_grant","rules":[{"name":"install","line":12}],"detail":"it lacks","policy":"sha256:ab"}"#;
const PERMITTED: &str = r#"{"sequence":43,"time":"2026-01-02T03:04:05.678901Z","id":"0a-2","client":{"listener":"net","address":"[::1]:77"},"operation":"ContainerStop","method":"POST","path":"/containers/web/stop","targets":[{"kind":"container","asked":"web","id":"4f"}],"decision":"permit","rules":[{"name":"stop","line":3}],"policy":"sha256:ab"}"#;
const ENDED: &str = r#"{"sequence":44,"time":"2026-01-02T03:04:06.000000Z","status":204,"daemon_status":204,"request_bytes":0,"response_bytes":9,"duration_us":321099,"end":"complete"}"#;

fn judged(text: &str) -> Judged<'_> {
    serde_json::from_str(text).unwrap()
}

fn ended() -> Ended<'static> {
    serde_json::from_str(ENDED).unwrap()
}

#[test]
fn ocsf_has_what_its_class_requires_and_its_numbers_agree() {
    for (text, end) in [(DENIED, None), (PERMITTED, Some(ended()))] {
        let event = ocsf::event(&judged(text), end.as_ref());
        // What OCSF 1.3 requires of class 6003 and of its profile.
        for required in [
            "activity_id",
            "actor",
            "api",
            "category_uid",
            "class_uid",
            "metadata",
            "severity_id",
            "src_endpoint",
            "time",
            "type_uid",
            "action_id",
            "disposition_id",
        ] {
            assert!(event.get(required).is_some(), "{required}");
        }
        assert_eq!(event["type_uid"], 600_300 + event["activity_id"].as_u64().unwrap());
        assert!(
            event["api"]["operation"].is_string() && event["metadata"]["product"]["vendor_name"].is_string()
        );
    }
    let event = ocsf::event(&judged(DENIED), None);
    assert_eq!(
        (&event["activity_id"], &event["action_id"], &event["status_id"]),
        (&1.into(), &2.into(), &2.into())
    );
    assert_eq!(event["time"], 1_767_323_045_678_i64);
    assert_eq!(event["resources"][0]["name"], "a/b");
    let event = ocsf::event(&judged(PERMITTED), Some(&ended()));
    assert_eq!(
        (&event["activity_id"], &event["status_id"], &event["duration"]),
        (&3.into(), &1.into(), &321.into())
    );
    assert_eq!((&event["src_endpoint"]["ip"], &event["src_endpoint"]["port"]), (&"::1".into(), &77.into()));
    assert_eq!((&event["resources"][0]["uid"], &event["http_response"]["code"]), (&"4f".into(), &204.into()));
}

#[test]
fn ecs_has_its_categories_and_outcomes() {
    let event = ecs::event(&judged(DENIED), None);
    assert_eq!(event["event"]["type"], serde_json::json!(["creation", "denied"]));
    assert_eq!(
        (&event["event"]["outcome"], &event["event"]["code"]),
        (&"success".into(), &"missing_grant".into())
    );
    assert_eq!((&event["user"]["id"], &event["rule"]["name"]), (&"1000".into(), &"install".into()));
    let event = ecs::event(&judged(PERMITTED), Some(&ended()));
    assert_eq!(event["event"]["type"], serde_json::json!(["change", "allowed"]));
    assert_eq!(
        (&event["event"]["outcome"], &event["event"]["duration"]),
        (&"success".into(), &321_099_000.into())
    );
    assert_eq!((&event["container"]["name"], &event["source"]["ip"]), (&"web".into(), &"::1".into()));
    assert_eq!(ecs::event(&judged(PERMITTED), None)["event"]["outcome"], "unknown");
}

#[test]
fn what_an_operation_does_is_told_by_it_or_by_its_method() {
    assert_eq!(Deed::of(Some("ContainerList"), None), Deed::Read);
    assert_eq!(Deed::of(Some("ImagePrune"), None), Deed::Delete);
    assert_eq!(Deed::of(Some("ImageBuild"), None), Deed::Create);
    assert_eq!(Deed::of(None, Some("DELETE")), Deed::Delete);
    assert_eq!(Deed::of(None, Some("BREW")), Deed::Unknown);
}
