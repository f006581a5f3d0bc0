//! The commands with which policies are written, understood and tested.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::harness::{Container, Gate, binary, clients, dockgate, unique};

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

/// What `dockgate init` writes for somebody whom no policy is for, in a directory of its own.
fn initialised(flags: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let output = dockgate().arg("init").args(flags).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    directory
}

#[test]
fn what_init_writes_is_a_policy_that_serves_its_client() {
    let written = initialised(&["--client", "panel", "--may", "look,logs,make", "--label", "panel=yes"]);
    let policy = written.path().join("policy.toml");
    for verb in ["check", "test"] {
        let output = dockgate().args([verb, "--strict"]).arg(&policy).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    let gate = Gate::with_policy_text(&std::fs::read_to_string(&policy).unwrap()).start();
    let shown = Container::run_with(&["--detach", "--label", "panel=yes"], "echo shown; sleep 600");
    let hidden = Container::running("sleep 600");
    let listed = gate.docker(["ps", "--format", "{{.Names}}"]).run().ok().stdout;
    assert!(listed.contains(&shown.name) && !listed.contains(&hidden.name), "{listed}");
    assert_eq!(gate.docker(["logs", &shown.name]).run().ok().stdout, "shown\n");
    gate.docker(["logs", &hidden.name]).run().failed(1);
    gate.docker(["stop", &shown.name]).run().failed(1);

    let own = Container::called(&unique("own"));
    let run = ["run", "--rm", "--interactive", "--name", &own.name, "dockgate-test/busybox", "cat"];
    assert_eq!(gate.docker(run).stdin("said\n").run().ok().stdout, "said\n");
    let refused = gate.docker(["run", "--rm", "--volume", "/:/host", "dockgate-test/busybox", "true"]).run();
    assert!(refused.stderr.contains("HostConfig.Binds"), "{refused:?}");
    // To whom it is not shown it does not exist, which `--force` takes for done.
    let gone = gate.docker(["rm", "--force", &hidden.name]).run();
    assert!(gone.stderr.contains("No such container"), "{gone:?}");
    assert!(hidden.is_running() && shown.is_running());
}

#[test]
fn the_compose_file_that_init_writes_is_one() {
    for listen in ["unix:///run/dockgate/traefik.sock", "tcp://0.0.0.0:2375"] {
        let written = initialised(&["--client", "traefik", "--listen", listen]);
        let file = written.path().join("compose.yml");
        // As the file says.
        std::fs::write(written.path().join(".env"), "DOCKER_GID=999\n").unwrap();
        let config = |file: &std::path::Path| {
            Command::new("docker")
                .args(["compose", "--file", file.to_str().unwrap(), "config"])
                .env("DOCKER_CONFIG", clients().join("config"))
                .output()
                .unwrap()
        };
        let output = config(&file);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("DOCKGATE_LISTEN: traefik={listen}")), "{said}");

        // With the lines for the client in force, and what it is beside them, too.
        let text = std::fs::read_to_string(&file).unwrap();
        let (head, rest) = text.split_once("  # What traefik needs, beside what it is:\n  #\n").unwrap();
        let (needs, rest) = rest.split_once("\n\n").unwrap();
        let needs: Vec<&str> = needs.lines().map(|line| line.strip_prefix("  # ").unwrap()).collect();
        std::fs::write(&file, format!("{head}{}\n    image: traefik\n\n{rest}", needs.join("\n"))).unwrap();
        let output = config(&file);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("DOCKER_HOST: ") && said.contains("image: traefik"), "{said}");
    }
}

#[test]
fn init_asks_at_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let answers = format!("homepage\n\n{}\n", directory.path().join("into").display());
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{} init", binary().display()))
        .arg("/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Which program is to use Docker?"), "{said}");
    assert!(directory.path().join("into/compose.yml").exists(), "{said}");
}

#[test]
fn a_request_is_explained_by_its_record() {
    let policy = "version = 1\n[[allow]]\nname = \"few\"\noperations = [\"GET /containers/json\", \"POST /volumes/create\"]\nquery.limit = { max = 5 }\n";
    let gate = Gate::with_policy_text(policy).start();
    gate.ask("GET /v1.41/containers/json?limit=9&all=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    gate.ask("POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"Driver\":\"nfs\"}");
    let explained = |operation: &str, more: &[&str], exit: i32| {
        let judged = gate.recorded("judged", operation);
        let output = dockgate()
            .arg("explain")
            .arg(gate.dir().join("policy.toml"))
            .arg("--audit")
            .arg(gate.dir().join("audit.jsonl"))
            .arg(judged.text("id"))
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(exit), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = explained("ContainerList", &[], 1);
    for expected in [
        "  recorded: deny, condition, rule \"few\"\n  judged then by this policy\n  the record holds all that was asked\n",
        "GET /v1.41/containers/json?all=1&limit=9\n",
        "  verdict: deny, condition\n",
    ] {
        assert!(said.contains(expected), "{expected} in:\n{said}");
    }
    let said = explained("VolumeCreate", &[], 0);
    assert!(said.contains("    the body; it used Driver. Give it with --body\n"), "{said}");
    assert!(
        said.contains(
            "  the verdict below is not what was decided then: it hangs on what is not in the record"
        ),
        "{said}"
    );
    let json = explained("VolumeCreate", &["--body", r#"{"Driver":"nfs"}"#, "--format", "json"], 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["record"]["not_recorded"], serde_json::json!([]));
    assert_eq!(
        (&json["record"]["reason"], &json["requests"][0]["reason"]),
        (&"missing_grant".into(), &"missing_grant".into())
    );

    let unknown = dockgate()
        .args(["explain", "policy/read-only.toml", "--audit"])
        .arg(gate.dir().join("audit.jsonl"))
        .arg("zz-1")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("has no request `zz-1`"));
}
