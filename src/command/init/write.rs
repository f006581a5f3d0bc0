//! Writing the files, none over another that is there.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::super::push;
use super::compose;
use super::plan::Plan;
use crate::policy::case::{Files, Suite};
use crate::policy::problem::{Severity, render};

const POLICY: &str = "policy.toml";
const COMPOSE: &str = "compose.yml";

/// Writes them; what was written, and what to do next. The error is for whoever asked.
pub(super) fn files(plan: &Plan, force: bool) -> Result<String, String> {
    let judged = tried(plan)?;
    let directory = &plan.directory;
    let files = [(POLICY, plan.policy.clone()), (COMPOSE, compose::written(plan))];
    let there: Vec<String> = files
        .iter()
        .map(|(name, _)| directory.join(name))
        .filter(|path| fs::symlink_metadata(path).is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !force && !there.is_empty() {
        return Err(format!(
            "{} there already; nothing is written. Name another directory, or replace with --force",
            match there.as_slice() {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(" and ")),
            }
        ));
    }
    let fault = |error: &io::Error, path: &Path| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(directory).map_err(|error| fault(&error, directory))?;
    for (name, text) in &files {
        let path = directory.join(name);
        write(directory, &path, text, force).map_err(|error| fault(&error, &path))?;
    }
    Ok(said(plan, judged))
}

/// How many requests of its tests the policy judges as expected: a policy that fails them is not written.
fn tried(plan: &Plan) -> Result<usize, String> {
    let (suite, problems) = Suite::read(&plan.policy);
    let mut failures: Vec<_> =
        problems.into_iter().filter(|problem| problem.severity() == Severity::Error).collect();
    let ran = suite.iter().flat_map(|suite| suite.run(&Files::new()));
    let ran: Vec<_> = ran.collect();
    let judged = ran.len();
    failures.extend(ran.into_iter().filter_map(|ran| ran.failure));
    if failures.is_empty() { Ok(judged) } else { Err(render(&failures, POLICY, &plan.policy, false)) }
}

/// Whole or not at all, and only with `force` in the place of another.
fn write(directory: &Path, path: &Path, text: &str, force: bool) -> io::Result<()> {
    let readable = Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    if force {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    Ok(())
}

fn said(plan: &Plan, judged: usize) -> String {
    let directory = plan.directory.display();
    let mut said = String::new();
    push(
        &mut said,
        format_args!(
            "{directory}/{POLICY}: written; {judged} requests of its tests are judged as expected\n"
        ),
    );
    push(&mut said, format_args!("{directory}/{COMPOSE}: written\n\n"));
    push(&mut said, format_args!("Look at the policy, and try it:\n"));
    push(
        &mut said,
        format_args!("  dockgate check {directory}/{POLICY}\n  dockgate test {directory}/{POLICY}\n"),
    );
    push(
        &mut said,
        format_args!(
            "Build its image in dockgate's own directory, if that is not done yet:\n  docker build --tag dockgate .\nStart it, and give {} `DOCKER_HOST={}`, as the compose file shows:\n",
            plan.client,
            plan.listen.of_client()
        ),
    );
    push(
        &mut said,
        format_args!(
            "  echo \"DOCKER_GID=$(stat -c %g /var/run/docker.sock)\" >>{directory}/.env\n  docker compose --file {directory}/{COMPOSE} up --detach\n"
        ),
    );
    said
}
