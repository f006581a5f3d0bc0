//! Alive, ready, well: what is said when something is wrong, and that it is true.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

use super::{EVENTS, LIST, ask, becomes, health, socket, text, with_admin};
use crate::harness::{FakeDaemon, Gate, dockgate, eventually};

#[test]
fn a_daemon_that_goes_and_comes_back_is_told_of() {
    let starting = with_admin(Gate::with_policy("everything"));
    let place = starting.dir().join("daemon.sock");
    let flags = ["--breaker-open-time", "200ms", "--retry-max-delay", "200ms", "--health-interval", "200ms"];
    let gate = starting.daemon_at(&format!("unix://{}", place.display())).with(flags).start();

    assert_eq!(ask(&gate, "/livez").status, 200, "it is alive without a daemon");
    let unready = becomes(&gate, "/readyz", 503);
    assert!(text(&unready).contains("there is no socket at"), "{}", text(&unready));
    let (status, unwell) = health(&gate);
    assert_eq!((status, unwell["status"].as_str()), (503, Some("failing")));
    assert_eq!(unwell["problems"][0]["part"], "daemon");
    assert!(unwell["problems"][0]["cure"].as_str().unwrap().contains("Start the Docker daemon"), "{unwell}");
    assert_eq!(unwell["daemon"]["last_error"]["code"], "ENOENT");

    let daemon = FakeDaemon::playing_at(&place, |daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
    });
    assert_eq!(text(&becomes(&gate, "/readyz", 200)), "ready\n");
    let (status, well) = health(&gate);
    assert_eq!((status, well["status"].as_str()), (200, Some("ok")), "{well}");
    assert_eq!(
        (&well["daemon"]["daemon_version"], &well["daemon"]["breaker"]),
        (&"20.10.24".into(), &"closed".into())
    );
    assert_eq!(daemon.received(), [], "what is asked here is no request of a client's");
    assert!(!gate.audit().iter().any(|record| record.text("event") == "judged"));

    drop(daemon);
    fs::remove_file(&place).unwrap();
    becomes(&gate, "/readyz", 503);
    becomes(&gate, "/healthz", 503);
}

#[test]
fn a_daemon_that_is_wedged_is_found_out_by_a_listing() {
    let wedged = Arc::new(AtomicBool::new(true));
    let is_wedged = Arc::clone(&wedged);
    let daemon = FakeDaemon::playing(move |daemon| {
        if is_wedged.load(Ordering::Relaxed) {
            daemon.read_to_end();
        } else {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        }
    });
    let gate = with_admin(Gate::with_policy("everything"))
        .behind(&daemon)
        .with(["--connect-timeout", "300ms"])
        .start();
    becomes(&gate, "/readyz", 200);
    let answer = ask(&gate, "/readyz?listing");
    assert_eq!(answer.status, 503);
    assert!(text(&answer).contains("did not list its containers within 900ms"), "{}", text(&answer));
    wedged.store(false, Ordering::Relaxed);
    becomes(&gate, "/readyz?listing", 200);
}

#[test]
fn a_daemon_that_lists_something_large_is_well() {
    let daemon = FakeDaemon::playing(|daemon| {
        let list = format!("[\"{}\"]", "x".repeat(16 * 1024 * 1024));
        daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{list}", list.len()));
    });
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).start();
    becomes(&gate, "/readyz?listing", 200);
}

#[test]
fn a_policy_that_could_not_come_into_force_is_told_of() {
    let daemon = FakeDaemon::content();
    let policy = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";
    let gate = with_admin(Gate::with_policy_text(policy)).behind(&daemon).start();
    becomes(&gate, "/readyz", 200);
    fs::write(gate.dir().join("policy.toml"), policy.replace("@read", "@raed")).unwrap();
    let unwell = eventually("the policy's failure", || {
        let (status, health) = health(&gate);
        assert_eq!(status, 200, "clients are served");
        (health["status"] == "impaired").then_some(health)
    });
    assert_eq!(unwell["problems"][0]["part"], "policy");
    let told = unwell["policy"]["failure"]["problems"].as_str().unwrap();
    assert!(told.contains("policy.toml:3:15") && told.contains("did you mean `@read`?"), "{told}");
    assert_eq!(ask(&gate, "/readyz").status, 200);
    fs::write(gate.dir().join("policy.toml"), policy).unwrap();
    eventually("all to be well", || (health(&gate).1["status"] == "ok").then_some(()));
}

#[test]
fn an_audit_that_cannot_be_written_is_told_of() {
    let daemon = FakeDaemon::content();
    let gate =
        with_admin(Gate::with_policy("everything")).behind(&daemon).audit_at("/dev/full".into()).start();
    becomes(&gate, "/readyz", 200);
    assert_eq!(gate.ask(LIST).status, 503);
    let (status, unwell) = health(&gate);
    assert_eq!((status, &unwell["problems"][0]["part"]), (503, &"audit".into()), "{unwell}");
    assert!(unwell["audit"]["records_lost"].as_u64().unwrap() > 0);
    assert!(text(&becomes(&gate, "/readyz", 503)).contains("audit: "));
    let metrics = text(&ask(&gate, "/metrics"));
    assert!(metrics.contains("\ndockgate_audit_failing 1\n"), "{metrics}");
    assert!(!metrics.contains("\ndockgate_audit_records_lost_total 0\n"), "{metrics}");
}

#[test]
fn what_goes_on_without_a_record_is_told_of_with_its_cause() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("everything"))
        .behind(&daemon)
        .audit_at("/dev/full".into())
        .with(["--audit-on-failure", "continue"])
        .start();
    becomes(&gate, "/readyz", 200);
    assert_eq!(gate.ask(LIST).status, 200);
    let (status, unwell) = health(&gate);
    assert_eq!((status, &unwell["status"]), (200, &"impaired".into()), "{unwell}");
    let cause = unwell["audit"]["failure"].as_str().unwrap();
    assert!(cause.contains("No space left on device"), "{cause}");
    assert!(unwell["problems"][0]["found"].as_str().unwrap().starts_with(cause), "{unwell}");
}

#[test]
fn a_receiver_that_must_have_copies_and_is_away_is_what_to_mend() {
    let daemon = FakeDaemon::content();
    let copies = ["--audit-copies", "journald:/nonexistent/socket", "--audit-copies-must", "yes"];
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).with(copies).start();
    becomes(&gate, "/livez", 200);
    assert_eq!(gate.ask(LIST).status, 503);
    let (status, unwell) = health(&gate);
    let problem = &unwell["problems"][0];
    assert_eq!((status, &problem["part"]), (503, &"audit".into()), "{unwell}");
    assert!(problem["found"].as_str().unwrap().contains("journald:/nonexistent/socket"), "{unwell}");
    assert!(problem["cure"].as_str().unwrap().starts_with("Start that receiver"), "{unwell}");
}

#[test]
fn while_it_stops_it_is_alive_and_not_ready() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        daemon.read_to_end();
    });
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).start();
    becomes(&gate, "/readyz", 200);
    let mut stream = gate.connect();
    stream.send(EVENTS);
    stream.head();
    gate.signal(Signal::SIGTERM);
    assert!(text(&becomes(&gate, "/readyz", 503)).contains("stopping"));
    assert_eq!(ask(&gate, "/livez").status, 200);
    assert_eq!(health(&gate).1["phase"], "stopping");
    drop(stream);
    assert!(gate.wait().success());
    assert!(!socket(&gate).exists(), "the socket is removed");
}

#[test]
fn the_health_command_asks_the_dockgate_that_runs() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("read-only")).behind(&daemon).start();
    let admin = format!("unix://{}", socket(&gate).display());
    // As a user who may not open the daemon's socket would: that it is somewhere else shows that nobody looks.
    let look = |listen: &str, admin: &str| {
        let flags =
            ["health", "--listen", listen, "--admin", admin, "--daemon", "unix:///nowhere/daemon.sock"];
        let output = dockgate().args(flags).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    eventually("all to be well", || (look(&gate.address(), &admin).0 == Some(0)).then_some(()));
    let (code, said) = look("unix:///nowhere/docker.sock", &admin);
    assert!(
        code == Some(1) && said.contains("listener unix:///nowhere/docker.sock: does not accept"),
        "{said}"
    );
    let (code, said) = look(&gate.address(), "unix:///nowhere/admin.sock");
    assert!(code == Some(1) && said.contains("admin unix:///nowhere/admin.sock: "), "{said}");

    drop(daemon);
    let (code, said) = eventually("the daemon to be missed", || {
        Some(look(&gate.address(), &admin)).filter(|(code, _)| *code == Some(1))
    });
    assert!(said.contains("daemon: ") && said.contains("accepts clients"), "{code:?} {said}");
}

#[test]
fn clients_do_not_get_there_and_others_are_kept_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).start();
    assert_eq!(fs::metadata(socket(&gate)).unwrap().permissions().mode() & 0o7777, 0o600);
    for target in ["/healthz", "/metrics", "/livez", "/readyz"] {
        assert_eq!(gate.ask(format!("GET {target} HTTP/1.1\r\nHost: d\r\n\r\n")).status, 404, "{target}");
    }
    // And the other way round.
    assert_eq!(ask(&gate, "/v1.41/containers/json").status, 404);
    assert_eq!(daemon.received(), []);

    for (address, says) in [
        ("tcp://0.0.0.0:9", "write tcp://127.0.0.1:9"),
        ("tcp://192.0.2.1:9", "may be reached by others"),
        (gate.address().as_str(), "is also the address of listener 2"),
    ] {
        let (status, log) = Gate::with_policy("everything")
            .behind(&daemon)
            .listen(&gate.address())
            .with(["--admin", address])
            .start_in_vain();
        assert!(!status.success());
        assert!(log.contains(says), "{log}");
    }
    assert_eq!(gate.ask(LIST).status, 200);
}
