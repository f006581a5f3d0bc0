pub(super) mod recorded;

use std::cell::OnceCell;

use proptest::prelude::*;

use super::table::{BodyKind, endpoints};
use super::version::ApiVersion;
use super::{Asked, Body, Encoded, Fault, Head, Operation, Unreadable};

const DAEMON: ApiVersion = ApiVersion::new(1, 51);
const JSON: (&str, &str) = ("Content-Type", "application/json");

pub(super) fn ask(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Asked, Unreadable> {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    Asked::read(&Head { method, target: target.as_bytes(), headers: &headers }, DAEMON)
}

pub(super) fn read(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Operation, Unreadable> {
    let asked = ask(method, target, headers)?;
    match asked.body_kind() {
        BodyKind::Tar => Ok(asked.with_stream()),
        BodyKind::None | BodyKind::Json { .. } => asked.with_body(body.as_bytes()),
    }
}

fn fault(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Fault {
    let read = read(method, target, headers, body);
    read.map(|operation| operation.encode()).expect_err(&format!("{method} {target} {body}")).fault
}

/// The target that the daemon gets for a `GET`.
fn target(asked: &str) -> String {
    read("GET", asked, &[], "").unwrap().encode().target
}

pub(super) fn headers_of(encoded: &Encoded) -> Vec<(&str, &str)> {
    encoded.headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn an_operation_says_what_was_asked() {
    let operation = read("GET", "/v1.41/images/own%2Fbb%3Alatest/json?manifests=1&x=y", &[], "").unwrap();
    assert_eq!(operation.endpoint().id, "ImageInspect");
    assert_eq!(operation.version(), ApiVersion::new(1, 41));
    assert_eq!(operation.identifiers(), ["own/bb:latest"]);
    assert_eq!(operation.path(), "/images/own/bb:latest/json");
    assert_eq!(operation.query().iter().count(), 1);
    assert_eq!(operation.body(), &Body::None);
    assert!(!operation.upgrade());
    let expected = Encoded {
        method: "GET",
        target: "/v1.41/images/own/bb:latest/json?manifests=1".to_owned(),
        headers: Vec::new(),
        body: None,
        bare: OnceCell::new(),
    };
    assert_eq!(operation.encode(), expected);
}

#[test]
fn the_version_is_sent_in_one_spelling_or_refused() {
    assert_eq!(target("/info"), "/v1.51/info");
    for spelled in [
        "/v1.41/info",
        "/v1.41.0.0/info",
        "/v01.041/info",
        "/v1.41./info",
        "/v1%2E41/info",
        "/%761.41%2Finfo",
    ] {
        assert_eq!(target(spelled), "/v1.41/info");
    }
    assert_eq!(target("/v1.24/info"), "/v1.24/info");
    assert_eq!(target("/v1.56/info"), "/v1.56/info");
    for version in
        ["1.4.1", "1", ".1.41", "1..41", "1.23", "1.12", "1.57", "1.999", "1.41.1", "2.0", "0", "..."]
    {
        assert_eq!(
            fault("GET", &format!("/v{version}/info"), &[], ""),
            Fault::UnsupportedVersion,
            "{version}"
        );
    }
    for path in ["/v1.41/v1.41/info", "/V1.41/info", "/v1,41/info", "/v1.41a/info", "/v1.41", "/"] {
        assert_eq!(fault("GET", path, &[], ""), Fault::UnknownEndpoint, "{path}");
    }
    let unreadable = ask("GET", "/v1.57/info", &[]).unwrap_err();
    assert_eq!(unreadable.message, "client version 1.57 is too new. Maximum supported API version is 1.56");
    assert_eq!(unreadable.endpoint.unwrap().id, "SystemInfo");
}

#[test]
fn an_endpoint_that_is_gone_is_not_found_and_a_newer_one_is_the_daemons_to_refuse() {
    assert_eq!(fault("POST", "/v1.24/containers/x/copy", &[JSON], "{}"), Fault::UnknownEndpoint);
    assert_eq!(target("/v1.24/configs"), "/v1.24/configs");
}

#[test]
fn methods_are_exact() {
    for method in ["OPTIONS", "get", "Get", "FOO", "CONNECT", "PATCH"] {
        assert_eq!(fault(method, "/info", &[], ""), Fault::UnknownEndpoint, "{method}");
    }
    for method in ["", "G@T", "GET /", "GÉT"] {
        assert_eq!(fault(method, "/info", &[], ""), Fault::Malformed, "{method}");
    }
    assert_eq!(fault("HEAD", "/containers/json", &[], ""), Fault::UnknownEndpoint);
    assert!(read("HEAD", "/_ping", &[], "").is_ok());
    let message = ask("HEAD", "/v1.41/info", &[]).unwrap_err().message;
    assert_eq!(message, "page not found: the path has GET, not HEAD");
}

#[test]
fn the_daemon_gets_the_path_that_was_matched() {
    assert_eq!(target("http://elsewhere/containers%2Fown%2Da/json"), "/v1.51/containers/own-a/json");
    for path in ["/Containers/json", "/containers/JSON", "/_PING", "/no/such"] {
        assert_eq!(fault("GET", path, &[], ""), Fault::UnknownEndpoint, "{path}");
    }
    for path in ["//info", "/a/../info", "/containers/json/", "/info#x", "/networks/", "/volumes/", "*", ""] {
        assert_eq!(fault("GET", path, &[], ""), Fault::Malformed, "{path}");
    }
    assert_eq!(fault("DELETE", "/containers/victim/x/..?force=1", &[], ""), Fault::Malformed);
    assert_eq!(fault("POST", "/containers/create?a;b", &[JSON], "{}"), Fault::Malformed);
}

#[test]
fn what_only_an_image_can_be_named_is_not_found_elsewhere() {
    for path in
        ["/containers/own/x:1/json", "/volumes/own/x:1", "/volumes/x@sha256:ab", "/containers/a/b/c/json"]
    {
        assert_eq!(fault("GET", path, &[], ""), Fault::NoSuchThing, "{path}");
    }
    for path in ["/containers/%2e%2e/json", "/containers/a%00b/json", "/volumes/a%20b"] {
        assert_eq!(fault("GET", path, &[], ""), Fault::Malformed, "{path}");
    }
    let message = ask("GET", "/volumes/x:1", &[]).unwrap_err().message;
    assert!(message.contains("nothing is named x:1: a name or ID begins"), "{message}");
}

#[test]
fn forms_are_refused_on_every_endpoint_and_method() {
    for value in [
        "application/x-www-form-urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/x-www-form-urlencoded;;",
        " \tapplication/x-www-form-urlencoded ; charset=utf-8",
        "multipart/form-data; boundary=B",
        "Multipart/Mixed",
        "text/plain, application/x-www-form-urlencoded",
        "mult\u{130}part/form-data",
    ] {
        for endpoint in endpoints() {
            let path =
                endpoint.template.replace("{name}", "x").replace("{id}", "x").replace("{checkpoint}", "x");
            if ask(endpoint.method.as_str(), &path, &[]).is_err() {
                continue;
            }
            for headers in [vec![("content-type", value)], vec![JSON, ("CONTENT-TYPE", value)]] {
                let unreadable = ask(endpoint.method.as_str(), &path, &headers).unwrap_err();
                assert_eq!(unreadable.fault, Fault::UnsupportedMediaType, "{endpoint} {value}");
                assert_eq!(unreadable.endpoint, Some(endpoint));
            }
        }
    }
}

#[test]
fn a_json_body_is_written_anew_under_its_own_type() {
    let body = "{ \"Image\" : \"own\\/bb\", \"HostConfig\":{\"Memory\":9007199254740993} }";
    for types in
        [vec![], vec![JSON], vec![("Content-Type", "Application/JSON; charset=utf-16")], vec![JSON, JSON]]
    {
        let encoded = read("POST", "/containers/create?name=web", &types, body).unwrap().encode();
        assert_eq!(
            encoded.body.as_deref(),
            Some(&br#"{"Image":"own/bb","HostConfig":{"Memory":9007199254740993}}"#[..])
        );
        assert_eq!(headers_of(&encoded), [("Content-Type", "application/json")]);
        assert_eq!(encoded.target, "/v1.51/containers/create?name=web");
    }
    for types in [
        vec![("Content-Type", "text/plain")],
        vec![JSON, ("Content-Type", "text/plain")],
        vec![("Content-Type", "")],
    ] {
        assert_eq!(fault("POST", "/services/create", &types, body), Fault::UnsupportedMediaType);
    }
    assert_eq!(read("POST", "/containers/create", &[JSON], "null").unwrap().encode().body.unwrap(), b"{}");
    assert_eq!(fault("POST", "/containers/create", &[JSON], "[]"), Fault::Malformed);
    assert_eq!(fault("POST", "/containers/create", &[JSON], "{}{}"), Fault::Malformed);
    let message = read("POST", "/containers/create", &[JSON], "{\"Env\":[x]}").unwrap_err().message;
    assert_eq!(message, "the JSON body cannot be read: at byte 8, Env[0]: a JSON value belongs here");
}

#[test]
fn what_was_redacted_does_not_come_back() {
    for (target, body, place) in [
        (
            "/containers/create",
            r#"{"Image":"x","Env":["A=b","SECRET=redacted-by-dockgate"]}"#,
            "the JSON body at Env[1]",
        ),
        (
            "/containers/create",
            r#"{"Image":"x","hostconfig":{"binds":["/redacted-by-dockgate:/d"]}}"#,
            "the JSON body at HostConfig.Binds[0]",
        ),
        (
            "/networks/n/connect",
            r#"{"Container":"c","EndpointConfig":{"IPAMConfig":{"IPv4Address":"192.0.2.100"}}}"#,
            "the JSON body at EndpointConfig.IPAMConfig.IPv4Address",
        ),
        ("/commit?container=c&changes=ENV%20A%3Dredacted-by-dockgate", "{}", "parameter \"changes\""),
    ] {
        let unreadable = read("POST", target, &[JSON], body).unwrap_err();
        assert_eq!(unreadable.fault, Fault::Malformed);
        assert!(
            unreadable.message.starts_with(&format!("{place} holds what dockgate put there")),
            "{unreadable}"
        );
    }
}

#[test]
fn an_absent_json_body_stays_absent_whatever_its_type() {
    let encoded =
        read("POST", "/v1.41/volumes/create", &[("Content-Type", "text/plain")], "").unwrap().encode();
    assert_eq!((encoded.body, encoded.headers), (None, Vec::new()));
}

#[test]
fn a_large_copy_is_told_in_reasonable_time() {
    let names: Vec<String> = (0..90_000).map(|number| number.to_string()).collect();
    let target = format!("/containers/x/stop?{}", names.join("&"));
    let body = format!("{{\"{}\":1}}", names[..100].join("\":1,\""));
    assert!(read("POST", &target, &[JSON], &body).is_ok());
}

#[test]
fn a_body_where_none_belongs_must_say_nothing() {
    for body in ["", " \r\n", "{}", "null", "\"\"", "[]", "{ }"] {
        let operation = read("POST", "/v1.41/containers/x/start", &[JSON], body).unwrap();
        assert_eq!(operation.encode().body, None, "{body}");
    }
    for body in ["t=1", r#"{"Binds":["/:/host"]}"#, r#"{"HostConfig":{}}"#, "x", "[1]", "{}{}"] {
        assert_eq!(fault("POST", "/v1.41/containers/x/start", &[JSON], body), Fault::Malformed, "{body}");
    }
    assert_eq!(fault("GET", "/containers/json", &[JSON], r#"{"all":1}"#), Fault::Malformed);
}

#[test]
fn a_body_that_is_larger_than_the_gate_reads_is_none() {
    let volume = |bytes: usize| format!(r#"{{"Name":"{}"}}"#, "x".repeat(bytes - r#"{"Name":""}"#.len()));
    let most = 2 * 1024 * 1024;
    assert!(read("POST", "/volumes/create", &[JSON], &volume(most)).is_ok());
    assert_eq!(fault("POST", "/volumes/create", &[JSON], &volume(most + 1)), Fault::BodyTooLarge);
    let blanks = " ".repeat(1024);
    assert!(read("POST", "/v1.41/containers/x/start", &[JSON], &blanks).is_ok());
    assert_eq!(fault("POST", "/v1.41/containers/x/start", &[JSON], &format!("{blanks} ")), Fault::Malformed);
}

#[test]
fn dockerodes_copy_of_the_query_is_let_go() {
    let pull = read("POST", "/images/create?fromImage=a&tag=1", &[JSON], r#"{"fromImage":"evil","tag":"1"}"#);
    assert_eq!(pull.unwrap().encode().target, "/v1.51/images/create?fromImage=a&tag=1");
    let attach = "/containers/x/attach?stream=true&stdin=true&hijack=true";
    let body = r#"{"stream":true,"stdin":true,"hijack":true}"#;
    assert!(read("POST", attach, &[JSON, ("Upgrade", "tcp")], body).is_ok());
    assert_eq!(fault("POST", "/containers/x/attach?stream=true", &[JSON], body), Fault::Malformed);
}

#[test]
fn nextclouds_copy_of_the_path_is_let_go() {
    let delete = |body| read("DELETE", "/v1.44/volumes/nc_app_x_data", &[JSON], body);
    let encoded = delete(r#"{"name":"nc_app_x_data"}"#).unwrap().encode();
    assert_eq!((encoded.target.as_str(), encoded.body), ("/v1.44/volumes/nc_app_x_data", None));
    for body in
        [r#"{"name":"other"}"#, r#"{"name":["nc_app_x_data"]}"#, r#"{"name":"nc_app_x_data","force":true}"#]
    {
        assert_eq!(delete(body).unwrap_err().fault, Fault::Malformed, "{body}");
    }
}

#[test]
fn an_archive_is_streamed_where_one_belongs() {
    for (method, target) in [
        ("PUT", "/containers/x/archive?path=/data"),
        ("POST", "/build"),
        ("POST", "/images/load"),
        ("POST", "/images/create?fromSrc=-"),
    ] {
        let asked = ask(method, target, &[("Content-Type", "application/tar")]).unwrap();
        assert_eq!(asked.body_kind(), BodyKind::Tar, "{target}");
        let encoded = asked.with_stream().encode();
        assert_eq!(headers_of(&encoded), [("Content-Type", "application/x-tar")]);
        assert_eq!(encoded.body, None);
    }
    let pull = ask("POST", "/images/create?fromImage=x", &[]).unwrap();
    assert_eq!(pull.body_kind(), BodyKind::None);
    assert_eq!(pull.with_stream().body(), &Body::None);
}

#[test]
fn a_query_of_many_kilobytes_is_read() {
    let target = format!("/containers/create?HostConfig={}&name=web", "%7B".repeat(100_000));
    assert_eq!(
        read("POST", &target, &[JSON], "{}").unwrap().encode().target,
        "/v1.51/containers/create?name=web"
    );
    let target = format!("/info?{}", "x".repeat(super::MAX_TARGET_BYTES));
    assert_eq!(fault("GET", &target, &[], ""), Fault::TargetTooLong);
}

/// Requests that are often readable: a row's template with some names, some parameters, some body.
fn nearly_request() -> impl Strategy<Value = (String, String, Vec<(&'static str, String)>, String)> {
    let endpoint = prop::sample::select(endpoints().collect::<Vec<_>>());
    let name = prop::sample::select(vec![
        "x",
        "own-a",
        "a/b:1",
        "own%2Fbb",
        "a%40sha256:00",
        "[::1]:5/x",
        "%7e",
        "a b",
        "..",
    ]);
    let version = prop::sample::select(vec![
        "",
        "/v1.41",
        "/v01.041.0",
        "/v1.24.",
        "http://h/v1.56",
        "/v1.57",
        "unix://",
    ]);
    let query = prop::sample::select(vec![
        "",
        "?",
        "?force=1&stream=0&all",
        "?t=5&t=6&signal=KILL",
        "?filters={\"label\":[\"a=b\"]}",
        "?path=/a%20b+c&x=%zz",
        "?fromImage=a%2Fb&tag=1",
        "?fromSrc=-&changes=ENV+a=b&changes=USER+x",
        "?names=a&names=b&platform=linux/amd64",
        "?platform={\"os\":\"linux\"}&labels={\"é\":\"\"}&t=a",
    ]);
    let header = prop::sample::select(vec![
        ("Content-Type", "application/json"),
        ("Content-Type", "text/plain"),
        ("X-Registry-Auth", "e30="),
        ("X-Registry-Config", "e30="),
        ("Upgrade", "tcp"),
        ("Upgrade", "h2c"),
        ("Upgrade", "websocket"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip;q=0.5"),
        ("X-Docker-Expose-Session-Grpc-Method", "/a/B"),
        ("Sec-WebSocket-Key", "AA=="),
        ("Sec-WebSocket-Protocol", "a"),
    ]);
    let headers = prop::collection::vec(header.prop_map(|(name, value)| (name, value.to_owned())), 0..6);
    let body = prop::sample::select(vec![
        "",
        "{}",
        "null",
        "[]",
        "[\"a=b\"]",
        " { \"Image\" : \"x\" , \"Labels\" : { \"a\" : \"1\", \"A\" : \"\" } } ",
        "{\"HostConfig\":{\"Memory\":1.50e3,\"Binds\":[\"\\u00e9\\u007f\"]}}",
        "{\"hostconfig\":{\"MEMORY\":1500,\"Binds\":[\"\\u00e9\\u007f\"],\"new\":0},\"New\":{\"a\":1.50e3}}",
        "{\"cmd\":\"true\",\"HostConfig\":{\"CapAdd\":\"ALL\",\"MaskedPaths\":[]}}",
        "{\"t\":5}",
        "{\"a\":1,\"A\":2}",
    ]);
    (endpoint, name, version, query, headers, body).prop_map(
        |(endpoint, name, version, query, headers, body)| {
            let path: Vec<&str> = endpoint
                .template
                .split('/')
                .map(|segment| if segment.starts_with('{') { name } else { segment })
                .collect();
            let target = format!("{version}{}{query}", path.join("/"));
            (endpoint.method.as_str().to_owned(), target, headers, body.to_owned())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_encoded_is_read_as_the_same_operation((method, target, headers, body) in nearly_request()) {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Ok(operation) = read(&method, &target, &headers, &body) {
            let encoded = operation.encode();
            let sent = String::from_utf8(encoded.body.clone().unwrap_or_default()).unwrap();
            let again = read(encoded.method, &encoded.target, &headers_of(&encoded), &sent);
            // The debug pages are asked for without a version: it does not count for them.
            if operation.endpoint().versioned {
                prop_assert_eq!(again.as_ref(), Ok(&operation));
            }
            prop_assert_eq!(again.map(|again| again.encode()), Ok(encoded));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(method: String, target: Vec<u8>, name: String, value: Vec<u8>, body: Vec<u8>) {
        for method in [method.as_str(), "GET", "POST"] {
            let head = Head { method, target: &target, headers: &[(&name, &value), ("Content-Type", &value)] };
            let _read = Asked::read(&head, DAEMON).and_then(|asked| asked.with_body(&body));
            let head = Head { target: b"/containers/create", ..head };
            let _read = Asked::read(&head, DAEMON).and_then(|asked| asked.with_body(&body));
        }
    }
}

#[test]
fn a_request_names_no_more_things_than_can_be_asked_about() {
    let list = |count: usize, behind: &str| {
        let names = (0..count).map(|number| format!("\"n{number}\"{behind}"));
        names.collect::<Vec<_>>().join(",")
    };
    let create = |count| {
        let endpoints = list(count, ":{}");
        let body = format!("{{\"NetworkingConfig\":{{\"EndpointsConfig\":{{{endpoints}}}}}}}");
        read("POST", "/containers/create", &[JSON], &body)
    };
    assert_eq!(create(1000).unwrap().references().len(), 1000);
    assert!(create(1001).unwrap_err().message.contains("more than 1000 things"));
    let since = |count| {
        let names = list(count, "");
        read("GET", &format!("/containers/json?filters={{\"since\":[{names}]}}"), &[], "")
    };
    assert_eq!(since(1000).unwrap().references().len(), 1000);
    assert!(since(1001).is_err());
}
