//! The commands with which policies are written, understood and tested.

use std::process::Command;

use crate::harness::{clients, dockgate};

/// What `dockgate explain --record` says of a docker command under a policy that ships.
fn recorded(policy: &str, arguments: &[&str]) -> String {
    let output = dockgate()
        .args(["explain", &format!("policy/{policy}.toml"), "--record", "--", "docker"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DOCKER_CONFIG", clients().join("config"))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code().is_some_and(|code| code < 2), "{err}");
    out.into_owned()
}

#[test]
fn a_docker_command_is_explained_call_by_call() {
    let said = recorded(
        "read-only",
        &["run", "--rm", "--volume", "/etc:/host:ro", "--name", "x", "alpine:3", "true"],
    );
    for expected in [
        "(SystemPingHead)",
        "  permit  HEAD /_ping\n",
        "host_paths \"/etc\" (read-only)",
        "images/create?fromImage=",
        "verdict: deny, no_rule\n",
        "/attach?",
        "/wait?condition=removed\n",
        "/start\n",
    ] {
        assert!(said.contains(expected), "{expected} in:\n{said}");
    }
}

#[test]
fn compose_goes_all_the_way_to_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("compose.yml");
    std::fs::write(&file, "name: app\nservices:\n  web:\n    image: nginx:1\n    volumes: [\"data:/data\"]\nvolumes: {data: {}}\n")
        .unwrap();
    let said = recorded("everything", &["compose", "--file", file.to_str().unwrap(), "up", "--detach"]);
    for expected in
        ["/networks/create\n", "/volumes/create\n", "/containers/create?name=app-web-1\n", "/start\n"]
    {
        assert!(said.contains(expected), "{expected} in:\n{said}");
    }
    assert!(said.contains("0 of them denied"), "{said}");
}

/// What bash completes, when the words so far are these.
fn completed(words: &[&str]) -> String {
    let script = dockgate().args(["completions", "bash"]).output().unwrap().stdout;
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let line = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={last}; _dockgate dockgate {} {}; echo \"${{COMPREPLY[@]}}\"",
        String::from_utf8(script).unwrap(),
        words.join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &line]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_verbs_flags_and_values() {
    assert_eq!(completed(&["dockgate", "exp"]), "explain\n");
    assert!(completed(&["dockgate", "schema", ""]).contains("policy settings"));
    assert!(completed(&["dockgate", "check", "--f"]).contains("--format"));
    assert!(completed(&["dockgate", "check", "--format", ""]).contains("text json sarif"));
}

#[test]
fn each_verb_has_a_page_for_man() {
    let directory = tempfile::tempdir().unwrap();
    let made = dockgate().arg("man").arg(directory.path()).status().unwrap();
    assert!(made.success());
    for page in ["dockgate", "dockgate-check", "dockgate-explain", "dockgate-serve", "dockgate-audit-verify"]
    {
        let text = std::fs::read_to_string(directory.path().join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{text}");
        assert!(text.contains(".SH DESCRIPTION"), "{text}");
    }
    let missing = dockgate().args(["man", "/nonexistent"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nonexistent"));
}
