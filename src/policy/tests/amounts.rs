//! How much is asked for, where a request does not say all of it, or more than fits.

use super::forbids::{assert_strikes, assert_strikes_host_config};
use super::*;

#[test]
fn a_number_that_does_not_fit_is_a_large_one() {
    let replicas = |number: &str| {
        format!(r#"POST /services/create {{"Mode":{{"Replicated":{{"Replicas":{number}}}}}}}"#)
    };
    assert_strikes(
        "body.\"Mode.Replicated.Replicas\" = { min = 10 }",
        &["10", "9223372036854775807", "9223372036854775808", "18446744073709551615"].map(replicas),
        &["1", "9"].map(replicas),
    );
}

#[test]
fn the_other_half_of_a_share_of_cpus_is_whatever_the_container_has() {
    let update = |body: &&str| format!("POST /containers/web/update {{{body}}}");
    let yes = [
        r#""CpuQuota":100000"#,
        r#""CpuQuota":2001"#,
        r#""CpuPeriod":1000"#,
        r#""CpuPeriod":1000,"CpuQuota":0"#,
        r#""CpuQuota":100000,"CpuPeriod":1000"#,
        r#""CpuQuota":-1"#,
    ];
    let no = [r#""CpuQuota":2000"#, r#""CpuQuota":200000,"CpuPeriod":100000"#, r#""NanoCpus":2000000000"#];
    let whole = |bodies: &[&str]| bodies.iter().map(update).collect::<Vec<_>>();
    assert_strikes("resources.cpus = { min = 2.0001 }", &whole(&yes), &whole(&no));
    for grant in ["", "body = true"] {
        let policy = policy(&format!(
            "[[allow]]\nname = \"r\"\noperations = [\"ContainerUpdate\"]\nresources.cpus = {{ max = 2 }}\n{grant}"
        ));
        for (body, expected) in
            yes.map(|body| (body, "condition r")).into_iter().chain(no.map(|body| (body, "permit r")))
        {
            assert_eq!(judged(&policy, "tcp", &update(&body)), expected, "{body}");
        }
    }
    // A new container has the kernel's own period.
    assert_strikes_host_config(
        "resources.cpus = { min = 2 }",
        &[r#""CpuQuota":200000"#, r#""CpuQuota":2000,"CpuPeriod":1000"#],
        &[r#""CpuQuota":150000"#, r#""CpuPeriod":1000"#],
    );
}
