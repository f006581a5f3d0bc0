//! `dockgate serve`: the gate itself.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::rc::Rc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime;
use tokio::task::LocalSet;

use super::{Exit, complain, log};
use crate::audit::{Audit, RequestIds};
use crate::daemon::Daemon;
use crate::gate::{Gate, Listener, Signals};
use crate::policy::{self, Mode, Policy, problem};
use crate::settings::{Limits, ServeArgs, Settings};

/// Descriptors that are not connections: standard streams, listeners, the audit, the runtime's own.
const OTHER_DESCRIPTORS: u64 = 64;

/// Serves until told to stop.
pub(super) fn serve(args: &ServeArgs) -> Exit {
    let mut settings = match Settings::load(args) {
        Ok(settings) => settings,
        Err(problems) => {
            complain(&problems);
            return Exit::Usage;
        }
    };
    log::start(settings.log_level);
    let Some((policy, policy_name)) = read_policy(&settings) else {
        return Exit::Failure;
    };
    settings.limits.connections = fit_descriptors(settings.limits);
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format_args!("dockgate cannot start its runtime: {error}"));
            return Exit::Failure;
        }
    };
    match LocalSet::new().block_on(&runtime, run(settings, policy, &policy_name)) {
        Ok(()) => Exit::Success,
        Err(message) => {
            complain(&format_args!("dockgate: {message}"));
            Exit::Failure
        }
    }
}

/// The policy that the settings name, or the built-in one; everything that is wrong with it is shown.
fn read_policy(settings: &Settings) -> Option<(Policy, String)> {
    let (name, source) = match &settings.policy {
        None => ("the built-in policy".to_owned(), policy::builtin().to_owned()),
        Some(path) => match fs::read_to_string(path) {
            Ok(source) => (path.display().to_string(), source),
            Err(error) => {
                complain(&format_args!("dockgate: the policy {} cannot be read: {error}", path.display()));
                return None;
            }
        },
    };
    let (policy, problems) = Policy::read(&source);
    if !problems.is_empty() {
        complain(&problem::render(&problems, &name, &source, io::stderr().is_terminal()));
    }
    let Some(policy) = policy else {
        complain(&format_args!("dockgate: {name} has errors: nothing is served"));
        return None;
    };
    for (listener, _) in policy.listeners_named() {
        if settings.listeners.iter().all(|known| known.name != listener) {
            let known: Vec<&str> = settings.listeners.iter().map(|listener| listener.name.as_str()).collect();
            complain(&format_args!(
                "dockgate: {name} speaks of a listener `{listener}`, and there is none of that name: the listeners are {}. Name one with --listen {listener}=ADDR.",
                known.join(", ")
            ));
            return None;
        }
    }
    tracing::info!("policy: {name}, {}", policy.hash());
    if policy.mode() == Mode::Observe {
        tracing::warn!("mode is observe: what the policy would refuse is forwarded, and recorded as such");
    }
    Some((policy, name))
}

/// How many connections the limit of open files allows, which is raised as far as it goes. A connection
/// takes two descriptors: the client's and the daemon's.
fn fit_descriptors(limits: Limits) -> usize {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return limits.connections;
    };
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
    let open = getrlimit(Resource::RLIMIT_NOFILE).map_or(hard, |(soft, _)| soft);
    let room = usize::try_from(open.saturating_sub(OTHER_DESCRIPTORS) / 2).unwrap_or(usize::MAX).max(1);
    if room < limits.connections {
        tracing::warn!("{open} open files leave room for {room} connections, not {}", limits.connections);
    }
    limits.connections.min(room)
}

async fn run(settings: Settings, policy: Policy, policy_name: &str) -> Result<(), String> {
    let signals = Signals::catch().map_err(|error| format!("signals cannot be caught: {error}"))?;
    let audit = Audit::open(&settings.audit).map_err(|error| error.to_string())?;
    audit.policy_in_force(&policy, policy_name);
    let ids = RequestIds::new()
        .map_err(|error| format!("there is no randomness to name requests with: {error}"))?;
    let mut listeners = Vec::new();
    for wanted in &settings.listeners {
        let listener = Listener::bind(wanted).await.map_err(|error| error.to_string())?;
        tracing::info!(
            "listening on {listener}{}",
            if wanted.name == listener.to_string() { String::new() } else { format!(" ({})", wanted.name) }
        );
        if listener.is_exposed() {
            tracing::warn!(
                "{listener} can be reached from other hosts, without encryption and without a password: whoever reaches it may do all that the policy allows, and can read and change what others send. Prefer a unix socket, or tcp://127.0.0.1."
            );
        }
        listeners.push(listener);
    }
    if settings.daemon.is_exposed() {
        tracing::warn!(
            "the connection to the daemon at {} is not encrypted: whoever is between can read and change what passes, and is root on its host. Prefer TLS: --daemon-tls-ca, --daemon-tls-cert, --daemon-tls-key.",
            settings.daemon.address
        );
    }
    if policy.looks_into_builds()
        && let Err(error) = tempfile::tempfile_in(&settings.build_context_dir)
    {
        tracing::warn!(
            "the policy has rules that look into builds, and there is no place to keep a build's context: {}: {error}. Builds will be refused where such a rule is for the client. Name a directory that dockgate may write to with --build-context-dir; in a container, a volume or tmpfs.",
            settings.build_context_dir.display()
        );
    }
    let daemon = Rc::new(Daemon::new(settings.daemon.clone()));
    let gate = Gate::new(policy, audit, daemon, ids, &settings);
    let drained = gate.serve(listeners, signals).await;
    match drained.cut {
        0 => tracing::info!("stopped"),
        cut => tracing::warn!("stopped; connections that were cut: {cut}"),
    }
    Ok(())
}
