//! `dockgate serve`: the gate itself.

use std::io;
use std::rc::Rc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;

use super::{Exit, complain, is_coloured, log};
use crate::admin::{self, Admin};
use crate::audit::{Audit, Reopening, RequestIds};
use crate::daemon::Daemon;
use crate::gate::{Gate, Listener, Signals};
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::reload::{HangUp, PolicyInForce, PolicySource, Unusable, Usable};
use crate::settings::{Limits, ServeArgs, Settings, Supervision};
use crate::systemd::Systemd;

/// Descriptors that are not connections of clients: standard streams, listeners, whoever asks at the admin
/// socket, the audit, the pipes that bulk goes through, the runtime's own.
const OTHER_DESCRIPTORS: u64 = 128;

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
    let Some(policy) = read_policy(&settings) else {
        return Exit::Failure;
    };
    settings.limits.connections = fit_descriptors(settings.limits);
    let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format_args!("dockgate cannot start its runtime: {error}"));
            return Exit::Failure;
        }
    };
    let ended = runtime.block_on(run(settings, policy));
    // The records are written, and what threads still read for clients that are gone is of no use to anybody.
    runtime.shutdown_background();
    match ended {
        Ok(()) => Exit::Success,
        Err(message) => {
            complain(&format_args!("dockgate: {message}"));
            Exit::Failure
        }
    }
}

/// The policy that the settings name, or the built-in one; everything that is wrong with it is shown.
fn read_policy(settings: &Settings) -> Option<(PolicySource, Policy)> {
    let source = PolicySource::of(settings);
    match source.read(is_coloured(&io::stderr())) {
        Ok(Usable { policy, warnings }) => {
            if !warnings.is_empty() {
                complain(&warnings);
            }
            tracing::info!("policy: {}, {}", source.name(), policy.hash());
            source.warn_of(&policy);
            Some((source, policy))
        }
        Err(Unusable { found, problems, cure }) => {
            if !problems.is_empty() {
                complain(&problems);
            }
            let cure = cure.map(|cure| format!(". {cure}.")).unwrap_or_default();
            complain(&format_args!("dockgate: {found}: nothing is served{cure}"));
            None
        }
    }
}

/// How many connections the limit of open files allows, which is raised as far as it goes. A connection
/// takes two descriptors, the client's and the daemon's, and another of each while that lags behind.
fn fit_descriptors(limits: Limits) -> usize {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return limits.connections;
    };
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
    let open = getrlimit(Resource::RLIMIT_NOFILE).map_or(hard, |(soft, _)| soft);
    let room = room_for_connections(open);
    if room < limits.connections {
        tracing::warn!("{open} open files leave room for {room} connections, not {}", limits.connections);
    }
    limits.connections.min(room)
}

/// How many connections so many open files leave room for.
pub(super) fn room_for_connections(open_files: u64) -> usize {
    usize::try_from(open_files.saturating_sub(OTHER_DESCRIPTORS) / 4).unwrap_or(usize::MAX).max(1)
}

async fn run(settings: Settings, (source, policy): (PolicySource, Policy)) -> Result<(), String> {
    let signals = Signals::catch().map_err(|error| format!("signals cannot be caught: {error}"))?;
    let hang_up = HangUp::catch().map_err(|error| format!("SIGHUP cannot be caught: {error}"))?;
    let reopening = Reopening::catch().map_err(|error| format!("SIGUSR1 cannot be caught: {error}"))?;
    let audit = Audit::open(&settings.audit).map_err(|error| error.to_string())?;
    spawn_local(reopening.attend(audit.clone()));
    let policy = Rc::new(PolicyInForce::new(source, policy, audit.clone()));
    let ids = RequestIds::new()
        .map_err(|error| format!("there is no randomness to name requests with: {error}"))?;
    let admin_listener = match &settings.admin {
        None => None,
        Some(wanted) => {
            let listener = Listener::bind(wanted).await.map_err(|error| error.to_string())?;
            tracing::info!("admin: listening on {listener}");
            Some(listener)
        }
    };
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
    let daemon = Rc::new(Daemon::new(settings.daemon.clone()));
    let systemd = Rc::new(Systemd::new(&Supervision::of_process()));
    let (watched, told) = (Rc::clone(&policy), Rc::clone(&systemd));
    spawn_local(async move { watched.watch(hang_up, &told).await });
    let metrics = Metrics::new(settings.limits.connections);
    let gate =
        Gate::new(Rc::clone(&policy), audit.clone(), Rc::clone(&daemon), Rc::clone(&metrics), ids, &settings);
    let (watched, in_force, phase) = (Rc::clone(&daemon), Rc::clone(&policy), gate.phase());
    spawn_local(async move { systemd.attend(&watched, &in_force, phase).await });
    if let Some(listener) = admin_listener {
        let (listeners, phase) = (listeners.iter().map(Listener::post).collect(), gate.phase());
        let admin = Admin::new(admin::Parts { daemon, policy, audit, metrics, phase, listeners });
        spawn_local(admin.serve(listener));
    }
    let drained = gate.serve(listeners, signals).await;
    match drained.cut {
        0 => tracing::info!("stopped"),
        cut => tracing::warn!("stopped; connections that were cut: {cut}"),
    }
    Ok(())
}
