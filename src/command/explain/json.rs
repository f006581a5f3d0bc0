//! An explanation as JSON.

use serde_json::{Value, json};

use super::{Explained, Understood};
use crate::policy::account::{Finding, RuleAccount};
use crate::policy::case::Outcome;
use crate::policy::{Mode, Suggestion};

/// Everything; `record` is what is said of the record that the request is from.
pub(super) fn written(explained: &[Explained], mode: Mode, record: Option<Value>) -> Value {
    let mut all = json!({
        "mode": mode.as_str(),
        "requests": explained.iter().map(request).collect::<Vec<_>>(),
    });
    if let (Some(record), Some(fields)) = (record, all.as_object_mut()) {
        fields.insert("record".to_owned(), record);
    }
    all
}

fn request(explained: &Explained) -> Value {
    let Explained { request, read, outcome } = explained;
    let (verdict, rule, reason, message, suggestion) = match outcome {
        Outcome::Permit { rule, .. } => ("permit", Some(rule.as_str()), None, None, None),
        Outcome::Denial(refusal) => (
            "deny",
            refusal.rule(),
            Some(refusal.reason().code()),
            Some(refusal.message()),
            refusal.suggestion().map(suggested),
        ),
        Outcome::Unreadable(unreadable) => {
            ("deny", None, Some(unreadable.fault.code()), Some(unreadable.message.as_str()), None)
        }
    };
    let lacks = match outcome {
        Outcome::Denial(refusal) => refusal.lacks(),
        Outcome::Permit { .. } | Outcome::Unreadable(_) => &[],
    };
    json!({
        "method": request.method,
        "target": request.target,
        "operation": read.as_ref().map(operation),
        "verdict": verdict,
        "rule": rule,
        "reason": reason,
        "lacks": lacks,
        "message": message,
        "suggestion": suggestion,
    })
}

fn operation(read: &Understood) -> Value {
    let account = &read.account;
    let meant = account.meant.iter();
    let guarded = account.guarded.iter();
    json!({
        "id": read.id,
        "endpoint": read.endpoint,
        "version": read.version.to_string(),
        "client": account.client,
        "not_shown": read.not_shown,
        "untraced": read.untraced,
        "means": meant
            .map(|one| json!({ "kind": one.aspect, "value": one.what, "place": one.place }))
            .collect::<Vec<_>>(),
        "guarded": guarded.map(|one| json!({ "place": one.place, "why": one.why })).collect::<Vec<_>>(),
        "unknown": account.unknown,
        "rules": account.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn rule(account: &RuleAccount) -> Value {
    let (finding, details) = match &account.finding {
        Finding::Matches => ("matches", &[][..]),
        Finding::OtherOperations => ("other_operations", &[][..]),
        Finding::OtherPaths => ("other_paths", &[][..]),
        Finding::OtherClients(names) => ("other_clients", names.as_slice()),
        Finding::Fails(lacks) => ("fails", lacks.as_slice()),
    };
    let kind = if account.forbids { "forbid" } else { "allow" };
    json!({ "rule": account.rule, "kind": kind, "finding": finding, "details": details })
}

fn suggested(suggestion: &Suggestion) -> Value {
    match suggestion {
        Suggestion::Rule(rule) => json!({ "rule": null, "add": rule.to_string() }),
        Suggestion::Lines { rule, lines } => json!({ "rule": rule, "add": lines }),
    }
}
