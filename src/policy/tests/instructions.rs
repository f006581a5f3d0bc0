//! What a build brings and does is judged.

use super::*;
use crate::operation::build::Builder;
use crate::operation::dockerfile::Dockerfile;

#[test]
fn credentials_of_a_build_need_a_grant() {
    let build = |credentials: &[u8]| {
        let headers: &[(&str, &[u8])] = &[("X-Registry-Config", credentials)];
        let head = Head { method: "POST", target: b"/build", headers };
        Asked::read(&head, ApiVersion::NEWEST).unwrap().with_stream()
    };
    let plain = policy("[[allow]]\nname = \"r\"\noperations = [\"ImageBuild\"]");
    assert_eq!(verdict(&plain, "tcp", build(b"e30=")), "permit r");
    assert_eq!(verdict(&plain, "tcp", build(b"eyJ4Ijp7fX0=")), "missing_grant r");
    let Verdict::Denial(denial) = plain.judge(&client("tcp"), build(b"eyJ4Ijp7fX0=")) else { panic!() };
    assert!(denial.message().ends_with("registry_credentials = true"), "{}", denial.message());
    let granting =
        policy("[[allow]]\nname = \"r\"\noperations = [\"ImageBuild\"]\nregistry_credentials = true");
    assert_eq!(verdict(&granting, "tcp", build(b"eyJ4Ijp7fX0=")), "permit r");
}

#[test]
fn a_build_is_judged_by_its_instructions() {
    let build = |dockerfile: &str| {
        let mut operation = read("POST /build?t=own/x", ApiVersion::NEWEST);
        operation.look_inside(Dockerfile::read(dockerfile.as_bytes(), &[], Builder::Classic).map(Into::into));
        operation
    };
    let bounded = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ImageBuild\"]\ninstructions = [\"from\", \"COPY\", \"LABEL\"]",
    );
    let forbidden = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ImageBuild\"]\n[[forbid]]\nname = \"f\"\noperations = [\"ImageBuild\"]\ninstructions = [\"RUN\"]",
    );
    for (dockerfile, is_bounded, is_forbidden) in [
        ("FROM a\nCOPY x /y\n", "permit r", "permit r"),
        ("FROM a\nrun id\n", "condition r", "forbidden f"),
        ("FROM a\nONBUILD RUN id\n", "condition r", "forbidden f"),
        ("FROM a\nENV a=b\n", "condition r", "permit r"),
    ] {
        assert_eq!(verdict(&bounded, "tcp", build(dockerfile)), is_bounded, "{dockerfile}");
        assert_eq!(verdict(&forbidden, "tcp", build(dockerfile)), is_forbidden, "{dockerfile}");
    }
    assert_eq!(verdict(&forbidden, "tcp", read("POST /build", ApiVersion::NEWEST)), "forbidden f");
}
