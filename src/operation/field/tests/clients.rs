//! Bodies of `docker run busybox true` and the like, as clients really send them: recorded, but for Engine
//! 20.10's own client, which is written after its source. None of them needs a grant.

use super::super::super::json::Json;
use super::super::super::meaning::Meant;
use super::super::{Guard, used_fields};
use super::{context, endpoint, kind_of};

const CREATE: &[(&str, &str)] = &[
    ("docker 20.10", include_str!("bodies/docker-20.10.json")),
    ("docker 28.2", include_str!("bodies/docker-28.json")),
    ("docker compose 2.26, network_mode: none", include_str!("bodies/compose.json")),
    ("docker-py 7.1", include_str!("bodies/docker-py.json")),
    ("dockerode 5.0", include_str!("bodies/dockerode.json")),
    ("bollard 0.21", include_str!("bodies/bollard.json")),
];

const OTHERS: &[(&str, &str)] = &[
    (
        "NetworkCreate",
        r#"{"Driver":"bridge","Scope":"","IPAM":{"Driver":"default","Options":{},"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"ConfigFrom":null,"Options":{},"Labels":{},"Name":"x"}"#,
    ),
    (
        "NetworkCreate",
        r#"{"CheckDuplicate":true,"Driver":"","Scope":"","EnableIPv6":false,"IPAM":null,"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"ConfigFrom":null,"Options":null,"Labels":{"com.docker.compose.network":"default"},"Name":"x_default"}"#,
    ),
    ("VolumeCreate", r#"{"Driver":"local","Name":"x"}"#),
    (
        "ContainerExec",
        r#"{"User":"","Privileged":false,"Tty":false,"AttachStdin":false,"AttachStderr":false,"AttachStdout":false,"Detach":true,"DetachKeys":"","Env":null,"WorkingDir":"","Cmd":["ls"]}"#,
    ),
    (
        "ContainerExec",
        r#"{"Container":"x","User":"","Privileged":false,"Tty":false,"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Cmd":["ls"]}"#,
    ),
    ("ExecStart", r#"{"Detach":true,"Tty":false}"#),
    ("ExecStart", r#"{"hijack":true,"stdin":true}"#),
];

#[test]
fn an_ordinary_container_needs_no_grant() {
    for (client, body) in CREATE {
        assert_plain("ContainerCreate", client, body);
    }
}

#[test]
fn ordinary_bodies_of_other_operations_need_no_grant() {
    for (id, body) in OTHERS {
        assert_plain(id, "a client", body);
    }
}

#[track_caller]
fn assert_plain(id: &str, client: &str, body: &str) {
    let endpoint = endpoint(id);
    let kind = kind_of(endpoint).unwrap();
    let json = Json::read(body.as_bytes(), kind).unwrap_or_else(|flaw| panic!("{client}: {flaw}"));
    let used = used_fields(kind, &json, context(endpoint), &mut Meant::default());
    assert!(!used.is_empty(), "{client}");
    for field in used {
        assert_eq!(field.guard, Guard::Plain, "{client}: {}", field.place());
    }
}
