//! Whatever is chosen, what is written works.

use std::fs;

use clap::{Parser, ValueEnum as _};

use super::*;
use crate::policy::case::{Files, Suite};
use crate::policy::problem::{Code, Problem, render};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    init: InitArguments,
}

/// Runs it with these flags, or at a terminal where the answers are these.
fn run(flags: &[&str], answers: Option<&str>) -> (Exit, String) {
    let arguments = Line::try_parse_from(["init"].iter().chain(flags)).unwrap().init;
    let mut out = Vec::new();
    let mut lines = answers.unwrap_or_default().as_bytes();
    let exit = init(&arguments, &mut lines, answers.is_some(), &mut out).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

/// Insists that a policy passes its tests, which notice whatever is changed of it, and that nothing of it looks doubtful.
#[track_caller]
fn assert_whole(policy: &str) {
    let (suite, mut problems) = Suite::read(policy);
    let suite = suite.unwrap_or_else(|| panic!("{}", render(&problems, "policy", policy, false)));
    problems.extend(suite.run(&Files::new()).into_iter().filter_map(|ran| ran.failure));
    problems.extend(suite.coverage(&Files::new()).untested);
    let doubtful: Vec<Problem> =
        problems.into_iter().filter(|problem| problem.code != Code::GivesHostAway).collect();
    assert!(doubtful.is_empty(), "{}\n{policy}", render(&doubtful, "policy", policy, false));
}

#[test]
fn every_choice_of_abilities_is_a_policy_that_its_tests_hold() {
    let label = Label::read("app.managed=true").unwrap();
    for chosen in 1_u32..1 << Ability::ALL.len() {
        let abilities: Vec<Ability> = Ability::ALL
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| chosen >> bit & 1 == 1)
            .map(|(_, one)| one)
            .collect();
        for label in [None, Some(&label)] {
            assert_whole(&ability::policy("panel", &abilities, label));
        }
    }
}

#[test]
fn every_policy_that_ships_is_written_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    assert!(shipped::names().count() > 20);
    for client in shipped::names() {
        let into = directory.path().join(client);
        let (exit, said) = run(&["--client", client, into.to_str().unwrap()], None);
        assert_eq!(exit, Exit::Success, "{said}");
        assert_eq!(fs::read_to_string(into.join("policy.toml")).unwrap(), shipped::policy(client).unwrap());
        let compose = fs::read_to_string(into.join("compose.yml")).unwrap();
        assert!(compose.contains(&format!("DOCKGATE_LISTEN: {client}=unix:///run/dockgate/{client}.sock\n")));
    }
}

#[test]
fn nothing_is_replaced_unless_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().to_str().unwrap();
    let policy = directory.path().join("policy.toml");
    let flags = ["--client", "panel", "--may", "look", into];
    assert_eq!(run(&flags, None).0, Exit::Success);
    fs::write(&policy, "mine").unwrap();
    fs::remove_file(directory.path().join("compose.yml")).unwrap();

    assert_eq!(run(&flags, None).0, Exit::Failure);
    assert_eq!(fs::read_to_string(&policy).unwrap(), "mine");
    assert!(!directory.path().join("compose.yml").exists(), "all or nothing");

    assert_eq!(run(&[&flags[..], &["--force"]].concat(), None).0, Exit::Success);
    assert_whole(&fs::read_to_string(&policy).unwrap());
}

#[test]
fn a_link_that_leads_nowhere_is_there_too() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    let into = directory.path().join("into");
    fs::create_dir(&into).unwrap();
    std::os::unix::fs::symlink(&elsewhere, into.join("policy.toml")).unwrap();
    let flags = ["--client", "traefik", into.to_str().unwrap()];
    assert_eq!(run(&flags, None).0, Exit::Failure);
    assert_eq!(run(&[&flags[..], &["--force"]].concat(), None).0, Exit::Success);
    assert!(!elsewhere.exists(), "the link is replaced, not followed");
}

#[test]
fn who_sits_at_a_terminal_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().join("x");
    let answers =
        format!("My Panel\npanel\ny\nn\ny\nperhaps\nn\nn\nn\nn\nno label\napp=web\n\n{}\n", into.display());
    let (exit, said) = run(&[], Some(&answers));
    assert_eq!(exit, Exit::Success, "{said}");
    for expected in [
        "  traefik ",
        "`My Panel` is no name",
        "There is no policy for panel yet",
        "write y or n",
        "write KEY=VALUE",
        "[unix:///run/dockgate/panel.sock]: ",
        "requests of its tests are judged as expected",
        "docker build --tag dockgate .",
    ] {
        assert!(said.contains(expected), "{expected} in:\n{said}");
    }
    let policy = fs::read_to_string(into.join("policy.toml")).unwrap();
    assert_eq!(
        policy,
        ability::policy("panel", &[Ability::Look, Ability::Logs], Label::read("app=web").ok().as_ref())
    );
}

#[test]
fn who_stops_answering_gets_nothing() {
    let (exit, _) = run(&["/nonexistent/x"], Some("panel\ny\n"));
    assert_eq!(exit, Exit::Usage);
    let (exit, _) = run(&[], None);
    assert_eq!(exit, Exit::Usage);
}

#[test]
fn what_cannot_be_meant_is_said() {
    for flags in [
        &["--client", "nobody-knows-it"][..],
        &["--client", "../etc", "--may", "look"],
        &["--client", "x\ny", "--may", "look"],
        &["--client", "traefik", "--listen", "unix:///tmp/x.sock"],
        &["--client", "traefik", "--listen", "unix:///run/dockgate/a/x.sock"],
        &["--client", "traefik", "--listen", "http://x"],
    ] {
        assert_eq!(run(flags, None).0, Exit::Usage, "{flags:?}");
    }
    assert!(Line::try_parse_from(["init", "--client", "x", "--may", "fly"]).is_err());
    assert!(Line::try_parse_from(["init", "--client", "x", "--may", "look", "--label", "a\"=b"]).is_err());
}

#[test]
fn a_name_that_is_nearly_that_of_a_policy_is_told_which() {
    let said = |client: &str| {
        let line = Line::try_parse_from(["init", "--client", client]).unwrap();
        Plan::of_flags(&line.init).err().unwrap()
    };
    assert!(
        said("trafik")
            .starts_with("dockgate has no policy for `trafik`. Did you mean `traefik`? For another")
    );
    assert!(said("nobody-knows-it").contains("It has some for acme-companion, "));
}

#[test]
fn over_tcp_they_share_a_network_that_leads_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().to_str().unwrap();
    assert_eq!(run(&["--client", "homepage", "--listen", "tcp://0.0.0.0:2375", into], None).0, Exit::Success);
    let compose = fs::read_to_string(directory.path().join("compose.yml")).unwrap();
    assert!(
        compose.contains("homepage=tcp://0.0.0.0:2375") && compose.contains("internal: true"),
        "{compose}"
    );
    assert!(compose.contains("\"tcp://dockgate:2375\"") && !compose.contains("network_mode"), "{compose}");
}

#[test]
fn every_ability_is_asked_for() {
    assert_eq!(Ability::value_variants(), Ability::ALL);
}
