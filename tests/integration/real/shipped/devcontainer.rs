//! Dev containers, by their CLI: one is built, brought up and entered under the policy that ships for it.

use std::path::Path;

use crate::harness::{Command, Container, Engine, Gate, Ran, clients, unique};

/// What is left in the engine goes with the test.
struct Project {
    directory: tempfile::TempDir,
    name: String,
}

impl Project {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("dockgate-").tempdir_in("/tmp").unwrap();
        let name = unique("dev");
        std::fs::create_dir_all(directory.path().join(&name).join(".devcontainer")).unwrap();
        Self { directory, name }
    }

    fn folder(&self) -> String {
        self.directory.path().join(&self.name).display().to_string()
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(Path::new(&self.folder()).join(".devcontainer").join(file), text).unwrap();
    }

    fn cli(&self, gate: &Gate, words: &[&str]) -> Ran {
        let data = gate.dir().join("user");
        let script = clients().join("node/node_modules/@devcontainers/cli/devcontainer.js");
        // It would look up on the network which features are not to be used.
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(
            data.join("control-manifest.json"),
            r#"{"disallowedFeatures":[],"featureAdvisories":[]}"#,
        )
        .unwrap();
        let (verb, rest) = words.split_first().unwrap();
        Command::new("node")
            .args([script.to_str().unwrap(), verb, "--workspace-folder", &self.folder()])
            .args(["--user-data-folder", data.to_str().unwrap()])
            .args(rest)
            .env("DOCKER_HOST", gate.address())
            .env("DOCKER_CONFIG", clients().join("config").to_string_lossy())
            .run()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let filter = format!("label=devcontainer.local_folder={}", self.folder());
        let left = Engine::real().docker(["ps", "--all", "--quiet", "--filter", &filter]).stdout;
        for container in left.split_whitespace() {
            Engine::real().docker(["rm", "--force", container]);
        }
        let images = format!("vsc-{}*", self.name);
        let left = Engine::real().docker(["images", "--quiet", &images]).stdout;
        for image in left.split_whitespace() {
            Engine::real().docker(["image", "rm", "--force", image]);
        }
    }
}

#[test]
fn one_is_built_and_entered_and_gets_no_more() {
    let project = Project::new();
    let shipped = include_str!("../../../../policy/devcontainer.toml");
    let folders = "host_paths = [\"/srv/projects/*\"]";
    assert!(shipped.contains(folders));
    let ours = format!("host_paths = [\"{}/*\"]", project.directory.path().display());
    let gate = Gate::with_policy_text(&shipped.replace(folders, &ours)).start();
    let other = Container::running("sleep 600");
    project.write("Dockerfile", "FROM dockgate-test/busybox\nRUN echo built > /built\n");
    let config =
        r#"{"build": {"dockerfile": "Dockerfile"}, "updateRemoteUserUID": false, "userEnvProbe": "none"}"#;
    project.write("devcontainer.json", config);
    let up = project.cli(&gate, &["up", "--buildkit", "never"]).ok();
    assert!(up.stdout.contains("\"outcome\":\"success\""), "{up:?}");
    let said = project.cli(&gate, &["exec", "cat", "/built"]).ok().stdout;
    assert!(said.contains("built"), "{said}");
    for operation in ["ImageBuild", "ContainerCreate", "SystemEvents", "ContainerExec"] {
        assert_eq!(gate.recorded("judged", operation).text("decision"), "permit");
    }
    gate.refused_nothing();

    for more in [r#""privileged": true"#, r#""mounts": ["source=/etc,target=/host,type=bind"]"#] {
        let config = format!("{{\"image\": \"dockgate-test/busybox\", \"userEnvProbe\": \"none\", {more}}}");
        project.write("devcontainer.json", &config);
        let refused = project.cli(&gate, &["up", "--remove-existing-container", "--buildkit", "never"]);
        assert_ne!(refused.code, Some(0), "{more}: {refused:?}");
        assert!(format!("{refused:?}").contains("dockgate: "), "{more}: {refused:?}");
    }
    let missed = gate.docker(["exec", &other.name, "id"]).run().failed(1);
    assert!(missed.stderr.contains("No such container"), "{missed:?}");
    assert!(other.is_running());
}
