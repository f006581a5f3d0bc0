use crate::operation::Fault;
use crate::operation::tests::{ask, headers_of, read};

#[test]
fn the_upgrade_is_the_endpoints_own_and_only_if_asked_for() {
    let upgrade = |method: &str, target: &str, value: Option<&str>| {
        let headers: Vec<_> = value.map(|value| ("upgrade", value)).into_iter().collect();
        let operation = read(method, target, &headers, "").unwrap();
        let encoded = operation.encode();
        let sent =
            encoded.headers.iter().find(|(name, _)| *name == "Upgrade").map(|(_, value)| value.clone());
        assert_eq!(operation.upgrade(), encoded.headers.contains(&("Connection", "Upgrade".to_owned())));
        sent.unwrap_or_default()
    };
    for any in ["tcp", "", "h2c", "websocket, x"] {
        assert_eq!(upgrade("POST", "/containers/x/attach?stream=1", Some(any)), "tcp");
        assert_eq!(upgrade("GET", "/containers/json", Some(any)), "");
    }
    assert_eq!(upgrade("POST", "/containers/x/attach", None), "");
    assert_eq!(upgrade("POST", "/session", Some("h2c")), "h2c");
    assert_eq!(upgrade("POST", "/session", Some("tcp")), "");
    assert_eq!(upgrade("GET", "/containers/x/attach/ws", Some("WebSocket")), "websocket");
    assert_eq!(upgrade("GET", "/containers/x/attach/ws", Some("tcp")), "");
}

#[test]
fn only_headers_with_a_meaning_are_sent_on() {
    let given = [
        ("x-registry-auth", "e30="),
        ("X-Registry-Auth", "other"),
        ("X-Meta-Foo", "bar"),
        ("User-Agent", "docker"),
        ("Accept-Encoding", "gzip"),
        ("Cookie", "a=b"),
    ];
    let pull = read("POST", "/images/create?fromImage=x", &given, "").unwrap().encode();
    assert_eq!(headers_of(&pull), [("X-Registry-Auth", "e30=")]);
    assert_eq!(headers_of(&read("GET", "/info", &given, "").unwrap().encode()), []);
    let archive = read("GET", "/containers/x/archive?path=/", &given, "").unwrap().encode();
    assert_eq!(headers_of(&archive), [("Accept-Encoding", "gzip")]);
    let logs = [("Accept", "application/json, */*;q=0.5"), ("accept", "text/plain")];
    let logs = read("GET", "/containers/x/logs", &logs, "").unwrap().encode();
    assert_eq!(headers_of(&logs), [("Accept", "application/json, */*;q=0.5, text/plain")]);
}

#[test]
fn a_session_and_a_websocket_keep_what_they_negotiate() {
    let given = [
        ("Upgrade", "h2c"),
        ("X-Docker-Expose-Session-Uuid", "u1"),
        ("X-Docker-Expose-Session-Name", "café"),
        ("X-Docker-Expose-Session-Grpc-Method", "/moby.filesync.v1.FileSync/DiffCopy"),
        ("X-Docker-Expose-Session-Grpc-Method", "/grpc.health.v1.Health/Check"),
    ];
    let session = read("POST", "/session", &given, "").unwrap().encode();
    assert_eq!(
        headers_of(&session),
        [given[1], given[2], given[3], given[4], ("Connection", "Upgrade"), ("Upgrade", "h2c")]
    );
    let given = [
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Origin", "http://docker"),
    ];
    let websocket = read("GET", "/containers/x/attach/ws?stdout=1", &given, "").unwrap().encode();
    assert_eq!(headers_of(&websocket), [given[0], given[1]]);
}

#[test]
fn a_header_that_does_not_fit_is_named_but_not_shown() {
    for (method, target, name, value) in [
        ("POST", "/images/create?fromImage=x", "X-Registry-Auth", "hunter2 secret"),
        ("POST", "/build", "X-Registry-Config", "{\"hunter2\":1}"),
        ("GET", "/containers/x/archive", "Accept-Encoding", "hunter2\u{1}"),
        ("GET", "/containers/x/attach/ws", "Sec-WebSocket-Version", "hunter2"),
        ("POST", "/session", "X-Docker-Expose-Session-Name", "hunter2\u{1b}"),
    ] {
        let unreadable = ask(method, target, &[(name, value)]).unwrap_err();
        assert_eq!(unreadable.fault, Fault::Malformed);
        assert!(unreadable.message.contains(name) && !unreadable.message.contains("hunter2"), "{unreadable}");
    }
}
