//! What a container may consume, settings of the kernel, and names with addresses.

use super::super::json::Json;
use super::reading::Reader;
use super::{Meaning, Resource, spelling};

/// `Sysctls`: a map.
pub(super) fn sysctls(value: &Json, at: &mut Reader<'_, '_>) {
    for (name, setting) in value.fields() {
        let setting = setting.as_text().unwrap_or_default();
        let text = spelling::sysctl(&format!("{name}={setting}"));
        at.means_at(&at.entry(name), Meaning::Sysctl(text));
    }
}

/// `Ulimits`: `nofile=1024:2048`, the soft limit first, as the docker CLI writes them.
pub(super) fn ulimits(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let limit = |name: &str| item.get(name).and_then(Json::as_number).unwrap_or("0").to_owned();
        let name = item.get("Name").and_then(Json::as_text).unwrap_or_default();
        let limit = spelling::ulimit(&format!("{name}={}:{}", limit("Soft"), limit("Hard")));
        at.means_at(&at.element(index), Meaning::Ulimit(limit));
    }
}

/// `ExtraHosts` of a container: `name:address`.
pub(super) fn extra_hosts(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| {
        // What stands before the colon is written into a file whose lines have names between blanks; other readers end it
        // at these signs.
        let is_odd = |name: &str| name.contains(['=', ',']);
        if text.contains(char::is_whitespace) || text.split_once(':').is_some_and(|(name, _)| is_odd(name)) {
            at.says_more();
        }
        at.means_at(way, Meaning::ExtraHost(spelling::extra_host(&text.replacen('=', ":", 1))));
    });
}

/// `Hosts` of a service: `address name…`.
pub(super) fn service_hosts(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| {
        let mut words = text.split_whitespace();
        let address = words.next().unwrap_or_default();
        if words.clone().next().is_none() {
            at.says_more();
        }
        for name in words {
            at.means_at(way, Meaning::ExtraHost(spelling::extra_host(&format!("{name}:{address}"))));
        }
    });
}

/// An amount; one that does not fit is shown as the largest. No processes means any number of them: a new container
/// has no limit then, and one that is changed loses its own.
pub(super) fn amount(resource: Resource, value: &Json, at: &mut Reader<'_, '_>) {
    match (resource, number(value)) {
        (Resource::Pids, ..=0) if at.around.context.endpoint.id == "ContainerUpdate" => {
            at.means(Meaning::Amount(resource, i64::MAX));
        }
        (Resource::Pids, 0) => {}
        (_, amount) => at.means(Meaning::Amount(resource, amount)),
    }
}

/// `CpuQuota` microseconds in each `CpuPeriod`, of which the kernel's own is 100,000. A container that is changed keeps the one
/// that is not said, whatever it is; the kernel's shortest period is 1,000.
pub(super) fn cpu_quota(value: &Json, at: &mut Reader<'_, '_>) {
    let is_change = at.around.context.endpoint.id == "ContainerUpdate";
    let usual = if is_change { 1_000 } else { 100_000 };
    let period = at.around.get("CpuPeriod").map(number).filter(|period| *period > 0).unwrap_or(usual);
    at.means(Meaning::Amount(Resource::Cpus, billionths(number(value), period)));
}

/// `CpuPeriod`, which says by itself how much it is only of a container that is changed.
pub(super) fn cpu_period(at: &mut Reader<'_, '_>) {
    match at.around.get("CpuQuota").filter(|quota| number(quota) != 0) {
        _ if at.around.context.endpoint.id != "ContainerUpdate" => {}
        Some(quota) => cpu_quota(quota, at),
        None => at.means(Meaning::Amount(Resource::Cpus, i64::MAX)),
    }
}

/// How many billionths of a CPU a quota is; no quota, where it is below zero.
pub(super) fn billionths(quota: i64, period: i64) -> i64 {
    if quota < 0 {
        return quota;
    }
    quota.saturating_mul(1_000_000_000).checked_div(period).unwrap_or(i64::MAX)
}

pub(super) fn number(value: &Json) -> i64 {
    value.as_number().and_then(|text| text.parse().ok()).unwrap_or(i64::MAX)
}
