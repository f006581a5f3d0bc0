//! The runner of GitHub Actions, which runs the docker CLI: a job with a service, an action that is built, and a container.

use std::path::Path;

use crate::harness::{BUSYBOX, Container, Engine, Gate, Ran, unique};

/// The label that the runner gives to what is its own.
const LABEL: &str = "f8b5a3";

/// A runner in a directory of its own, with the job that it runs: gone with the test, and so is what the job has made.
struct Runner {
    home: tempfile::TempDir,
    gate: Gate,
    job: String,
    network: String,
    action: String,
}

impl Runner {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix("dockgate-").tempdir_in("/tmp").unwrap();
        for directory in ["_work/_temp", "_work/app/app", "externals", "action"] {
            std::fs::create_dir_all(home.path().join(directory)).unwrap();
        }
        let shipped = include_str!("../../../../policy/github-actions-runner.toml");
        let policy = shipped.replace("/home/runner", home.path().to_str().unwrap());
        let gate = Gate::with_policy_text(&policy).start();
        let job = unique("job");
        let (network, action) = (format!("github_network_{job}"), format!("{LABEL}:{job}"));
        Self { home, gate, job, network, action }
    }

    fn path(&self, below: &str) -> String {
        self.home.path().join(below).display().to_string()
    }

    fn docker(&self, words: &[&[&str]]) -> Ran {
        self.gate.docker(words.concat()).env("DOCKER_BUILDKIT", "0").run()
    }

    /// What it does before a job.
    fn tidy(&self) {
        let own = format!("label={LABEL}");
        self.docker(&[&["version", "--format", "{{.Server.APIVersion}}"]]).ok();
        let stale = self.docker(&[&["ps", "--all", "--quiet", "--no-trunc", "--filter", &own]]).ok();
        assert_eq!(stale.stdout, "", "what has the label without being its own is not seen");
        self.docker(&[&["network", "prune", "--force", "--filter", &own]]).ok();
        self.docker(&[&["network", "create", "--label", LABEL, &self.network]]).ok();
    }

    /// An action that comes as a Dockerfile.
    fn act(&self) {
        let file = self.path("action/Dockerfile");
        std::fs::write(Path::new(&file), format!("FROM {BUSYBOX}\nRUN echo built > /built\n")).unwrap();
        self.docker(&[&["build", "-t", &self.action, "-f", &file, &self.path("action")]]).ok();
        let name = format!("{}_action", self.job);
        let run = ["run", "--name", &name, "--label", LABEL, "--workdir", "/github/workspace", "--rm"];
        let workspace = format!("{}:/github/workspace", self.path("_work/app/app"));
        let with = ["-e", "CI=true", "--network", &self.network, "-v", &workspace, &self.action];
        assert_eq!(self.docker(&[&run, &with, &["cat", "/built"]]).ok().stdout, "built\n");
    }

    fn serve(&self) -> Container {
        let service = Container::called(&format!("{}_redis", self.job));
        let create = ["create", "--name", &service.name, "--label", LABEL];
        let network = ["--network", &self.network, "--network-alias", "redis", "-p", "6379"];
        self.docker(&[&create, &network, &["-e", "GITHUB_ACTIONS=true", BUSYBOX, "sleep", "600"]]).ok();
        self.docker(&[&["start", &service.name]]).ok();
        self.docker(&[&["port", &service.name]]).ok();
        let health = "{{if .Config.Healthcheck}}{{print .State.Health.Status}}{{end}}";
        self.docker(&[&["inspect", "--format", health, &service.name]]).ok();
        self.docker(&[&["logs", "--details", &service.name]]).ok();
        service
    }

    /// A job in a container: refused with the socket that the runner puts into it, until that is granted.
    fn work(&self) -> Container {
        let container = Container::called(&format!("{}_job", self.job));
        let create = ["create", "--name", &container.name, "--label", LABEL, "--workdir", "/__w/app/app"];
        let (work, externals) =
            (format!("{}:/__w", self.path("_work")), format!("{}:/__e:ro", self.path("externals")));
        let with = ["--network", &self.network, "-e", "CI=true", "-v", &work, "-v", &externals];
        let runs = ["--entrypoint", "tail", BUSYBOX, "-f", "/dev/null"];
        let socket = ["-v", "/var/run/docker.sock:/var/run/docker.sock"];
        let refused = self.docker(&[&create, &with, &socket, &runs]).failed(1);
        assert!(refused.stderr.contains("host_paths \"/var/run/docker.sock\""), "{refused:?}");
        self.docker(&[&create, &with, &runs]).ok();
        self.docker(&[&["start", &container.name]]).ok();
        let exec = ["exec", "-i", "--workdir", "/__w/app/app", "-e", "STEP=1", &container.name];
        assert_eq!(self.docker(&[&exec, &["sh", "-c", "echo $STEP"]]).ok().stdout, "1\n");
        container
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        Engine::real().docker(["network", "rm", &self.network]);
        Engine::real().docker(["image", "rm", "--force", &self.action]);
    }
}

#[test]
fn a_job_runs_with_a_service_and_an_action_and_gets_no_more() {
    let other = Container::run_with(&["--label", LABEL], "sleep 600");
    let runner = Runner::new();
    runner.tidy();
    runner.act();
    let (service, job) = (runner.serve(), runner.work());

    for more in [
        &["--privileged"][..],
        &["-v", "/:/host"],
        &["--network", "host"],
        &["--pid", "host"],
        &["--cap-add", "ALL"],
    ] {
        let refused = runner.docker(&[&["create"], more, &[BUSYBOX]]).failed(1);
        assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
    }
    for verb in [&["rm", "--force"][..], &["container", "inspect"], &["logs"]] {
        let missed = runner.docker(&[verb, &[&other.name]]);
        assert!(missed.stderr.contains("No such container"), "{missed:?}");
    }
    let missed = runner.docker(&[&["exec", &other.name, "id"]]).failed(1);
    assert!(missed.stderr.contains("No such container"), "{missed:?}");
    assert!(other.is_running());
    for container in [&job.name, &service.name] {
        runner.docker(&[&["rm", "--force", container]]).ok();
    }
    runner.docker(&[&["network", "rm", &runner.network]]).ok();
}
