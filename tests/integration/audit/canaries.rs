//! Secrets in every place where requests have some, looked for in everything that dockgate writes but its answers.

use std::fs;

use crate::harness::{FakeDaemon, Gate, RawClient, dockgate};

/// Requests with `canary` where a secret may stand.
const REQUESTS: [(&str, &str, &str); 12] = [
    (
        "POST /v1.41/containers/create?name=web",
        "X-Registry-Auth: canary-auth\r\n",
        r#"{"Image":"a","Env":["TOKEN=canary"],"Labels":{"a":"canary"},"Healthcheck":{"Test":["canary"]},"HostConfig":{"LogConfig":{"Type":"syslog","Config":{"token":"canary"}},"StorageOpt":{"a":"canary"}}}"#,
    ),
    ("POST /v1.41/containers/web/exec", "", r#"{"Cmd":["canary"],"Env":["A=canary"]}"#),
    ("POST /v1.41/secrets/create", "", r#"{"Name":"s","Data":"canarydata12"}"#),
    ("POST /v1.41/configs/create", "", r#"{"Name":"c","Data":"canarydata12"}"#),
    ("POST /v1.41/auth", "", r#"{"username":"u","password":"canary","identitytoken":"canary"}"#),
    ("POST /v1.41/swarm/unlock", "", r#"{"UnlockKey":"canary"}"#),
    ("POST /v1.41/swarm/join", "", r#"{"JoinToken":"canary","RemoteAddrs":["h:1"]}"#),
    (
        "POST /v1.41/services/create",
        "",
        r#"{"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"a","Env":["A=canary"]}}}"#,
    ),
    (
        "POST /v1.41/volumes/create",
        "",
        r#"{"Name":"v","Driver":"local","DriverOpts":{"o":"password=canary"}}"#,
    ),
    ("POST /v1.41/build?buildargs=%7B%22A%22%3A%22canary%22%7D&t=x", "X-Registry-Config: e30=\r\n", ""),
    ("POST /v1.41/images/create?fromSrc=http://u:canary@h/x&unknown=canary", "", ""),
    ("POST /v1.41/containers/create?broken=canary", "", r#"{"Image":"canary","Env":["A=canary"#),
];

#[test]
fn no_secret_is_in_anything_that_is_written() {
    for policy in ["everything", "read-only"] {
        let daemon = FakeDaemon::content();
        let starting = Gate::with_policy(policy).behind(&daemon);
        let admin = starting.dir().join("admin.sock");
        let gate = starting
            .with(["--admin", &format!("unix://{}", admin.display()), "--audit-copies", "stdout"])
            .start();
        for (line, header, body) in REQUESTS {
            let answer = gate.ask(format!(
                "{line} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n{header}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ));
            assert!(answer.status >= 200, "{line}: {answer:?}");
        }
        let mut written = vec![("the log", gate.log())];
        for path in ["/metrics", "/healthz", "/readyz"] {
            let mut client = RawClient::unix(&admin);
            client.send(format!("GET {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"));
            written.push((path, String::from_utf8(client.answer().body).unwrap()));
        }
        let file = gate.dir().join("audit.jsonl");
        written.push(("the audit", fs::read_to_string(&file).unwrap()));
        let file = file.to_str().unwrap();
        let id = gate.recorded("judged", "VolumeCreate").text("id").to_owned();
        for arguments in [
            &["query"][..],
            &["query", "--format", "json"],
            &["query", "--format", "csv"],
            &["stats"],
            &["show", &id],
            &["export", "--format", "ocsf"],
            &["export", "--format", "ecs"],
            &["verify"],
        ] {
            let (verb, rest) = arguments.split_first().unwrap();
            let out = dockgate().args(["audit", verb]).args(rest).arg(file).output().unwrap();
            let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
            assert!(out.status.success(), "{arguments:?}: {text}");
            written.push((verb, text));
        }
        for (what, text) in written {
            assert!(!text.is_empty(), "{what} says something");
            assert!(!text.contains("canary"), "{what}, by {policy}: {text}");
        }
    }
}
