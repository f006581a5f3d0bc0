//! An explanation as tests for the policy: each request, with what the policy says of it now.

use super::Explained;
use crate::policy::case::Outcome;

/// A `[[test]]` for each request.
pub(super) fn written(explained: &[Explained], client: Option<&str>) -> String {
    explained.iter().map(|one| case(one, client)).collect::<Vec<_>>().join("\n")
}

fn case(explained: &Explained, client: Option<&str>) -> String {
    let Explained { request, read: _, outcome } = explained;
    let mut lines = vec!["[[test]]".to_owned()];
    let mut say = |key: &str, value: &str| {
        lines.push(format!("{key} = {}", toml::Value::String(value.to_owned())));
    };
    if let Some(client) = client {
        say("client", client);
    }
    say("request", &format!("{} {}", request.method, request.target));
    if !request.body.is_empty() {
        say("body", &String::from_utf8_lossy(&request.body));
    }
    match outcome {
        Outcome::Permit { rule, .. } => {
            say("verdict", "permit");
            say("rule", rule);
        }
        Outcome::Denial(refusal) => {
            say("verdict", "deny");
            refusal.rule().into_iter().for_each(|rule| say("rule", rule));
            say("reason", refusal.reason().code());
        }
        Outcome::Unreadable(unreadable) => {
            say("verdict", "deny");
            say("reason", unreadable.fault.code());
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
