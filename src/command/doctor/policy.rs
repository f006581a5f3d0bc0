//! The policy: whether it can come into force, and who decides what is in it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::finding::{Finding, Findings};
use super::mount;
use crate::audit::read::directory_of;
use crate::policy::Mode;
use crate::reload::{PolicySource, Usable};
use crate::settings::Settings;

const PART: &str = "policy";

/// Reads it, and looks at its file.
pub(super) fn look(settings: &Settings, findings: &mut Findings) {
    let source = PolicySource::of(settings);
    let name = source.name();
    match source.read(false) {
        Ok(usable) => {
            look_at_rules(&name, &usable, findings);
            if let Err((dir, error)) = source.place_for_archives(&usable.policy) {
                findings.add(Finding::warning(
                    PART,
                    format_args!("it looks into builds, and no context can be kept in {}: {error}. Such builds are refused.", dir.display()),
                    "Name a directory that dockgate may write to with --build-context-dir; in a container, a volume or tmpfs.",
                ));
            }
        }
        Err(unusable) => {
            let cure = if unusable.problems.is_empty() {
                unusable.cure.as_ref().map(|cure| format!("{cure}; ")).unwrap_or_default()
            } else {
                format!("`dockgate check {name}` shows each with its place and what to do; ")
            };
            let cure = format!(
                "{cure}dockgate does not start with it, and one that runs keeps the policy that it has."
            );
            findings.add(Finding::error(
                PART,
                format_args!("{}.", unusable.found.trim_end_matches('.')),
                cure,
            ));
        }
    }
    match source.file() {
        Some(path) => look_at_file(path, findings),
        None => findings.add(Finding::note(
            PART,
            "no policy is given: by the one that is built in, clients can look, and change nothing.",
            "Name one with --policy; policy/ has some to start from.",
        )),
    }
}

fn look_at_rules(name: &str, usable: &Usable, findings: &mut Findings) {
    let policy = &usable.policy;
    let (rules, hash) = (policy.rule_count(), policy.hash());
    let plural = if rules == 1 { "" } else { "s" };
    findings.ok(PART, format_args!("{name}: {rules} rule{plural}, {hash}."));
    if !usable.warnings.is_empty() {
        let count = usable.warnings.lines().filter(|line| line.starts_with("warning[")).count();
        let plural = if count == 1 { "" } else { "s" };
        findings.add(Finding::warning(
            PART,
            format_args!("{name} has {count} warning{plural}."),
            format_args!("`dockgate check {name}` shows each with its place and what to do."),
        ));
    }
    if policy.mode() == Mode::Observe {
        findings.add(Finding::warning(
            PART,
            "mode is observe: nothing is refused for what the rules say.",
            "Look in the audit for `observe`; when what is there may be refused, write mode = \"enforce\".",
        ));
    }
}

fn look_at_file(path: &Path, findings: &mut Findings) {
    let Ok(file) = fs::metadata(path) else { return };
    let (shown, mode) = (path.display(), file.mode() & 0o7777);
    if mode & 0o002 != 0 {
        findings.add(Finding::warning(
            PART,
            format_args!("everybody on this machine may write to {shown} (mode {mode:04o}), and so decide what clients may do."),
            format_args!("`chmod go-w {shown}`"),
        ));
    }
    let directory = directory_of(path);
    let above = fs::metadata(directory).map_or(0, |directory| directory.mode() & 0o7777);
    if above & 0o1002 == 0o0002 {
        let above_shown = directory.display();
        findings.add(Finding::warning(
            PART,
            format_args!("everybody on this machine may put another file in the place of {shown}, as {above_shown} is theirs to write to (mode {above:04o}), and so decide what clients may do."),
            format_args!("`chmod o-w {above_shown}`"),
        ));
    }
    if mount::is_mount_point(path) {
        findings.add(Finding::note(
            PART,
            format_args!("{shown} is mounted as a file: if an editor puts another in its place, the old one stays here."),
            "Mount the directory that it is in, so that a changed policy comes into force by itself.",
        ));
    }
}
