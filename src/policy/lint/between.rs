//! What rules do to each other: allow rules of which everything is forbidden, forbids that others cover, forbids of what
//! the allow rules keep out.

use crate::operation::field::Field;
use crate::operation::meaning::{Aspect, aspects_of_parameter, readings_in};
use crate::operation::table::{Endpoint, Guard, endpoints};
use crate::operation::thing::ThingKind;
use crate::policy::body::FieldCondition;
use crate::policy::condition::Condition;
use crate::policy::problem::{Code, Problem};
use crate::policy::rule::Rule;
use crate::policy::selection::{Target, key};
use crate::policy::selector::Selector;
use crate::policy::things::ThingSet;

/// Warns of an allow rule that a forbid rule takes all of.
pub(super) fn find_forbidden(rule: &Rule, forbid: &[Rule], problems: &mut Vec<Problem>) {
    let by = forbid.iter().find(|other| other.is_unconditional() && rule.is_about_part_of(other));
    if let Some(by) = by {
        let message = format!("{} can never match: {} forbids all of it", rule.name, by.name);
        problems.push(
            Problem::new(Code::NeverMatches, rule.span.clone(), message)
                .also(by.span.clone(), "a forbid that matches wins")
                .help("remove one of the two, or say with conditions what is forbidden"),
        );
    }
}

/// Warns of forbid rules that strike nothing that another does not strike.
pub(super) fn find_covered_forbids(forbid: &[Rule], problems: &mut Vec<Problem>) {
    let covers = |wide: &Rule, rule: &Rule| {
        rule.is_about_part_of(wide) && (wide.is_unconditional() || says_the_same(wide, rule))
    };
    for (place, rule) in forbid.iter().enumerate() {
        let covering = forbid.iter().enumerate().find(|(other_place, other)| {
            *other_place != place
                && covers(other, rule)
                // Of two that say the same, the later is the one too many.
                && (*other_place < place || !covers(rule, other))
        });
        if let Some((_, other)) = covering {
            let message = format!("{} forbids nothing that {} does not forbid", rule.name, other.name);
            problems.push(
                Problem::new(Code::CoveredRule, rule.span.clone(), message)
                    .also(other.span.clone(), "this one forbids all of it")
                    .help("remove it, or narrow the other if that is wider than it should be"),
            );
        }
    }
}

/// Warns of allow rules that start containers in networks of anybody, where another rule for the same clients asks whose
/// those are.
pub(super) fn find_open_starts(allow: &[Rule], clients: &[Selector], problems: &mut Vec<Problem>) {
    let asks = |rule: &&Rule| rule.things.get(&ThingKind::Network).is_some_and(ThingSet::speaks_of_owners);
    let asking: Vec<&Rule> = allow.iter().filter(asks).collect();
    for rule in allow.iter().filter(|rule| !rule.things.contains_key(&ThingKind::Network)) {
        let starts = |target: &&Target| matches!(target.endpoint.id, "ContainerStart" | "ContainerRestart");
        let Some(start) = rule.selection.targets().find(starts) else { continue };
        let Some(other) = asking.iter().find(|other| meet(rule, other, clients)) else { continue };
        let message = format!("{} starts containers in the networks of anybody", rule.name);
        problems.push(
            Problem::new(Code::OpenStart, start.span.clone(), message)
                .also(other.span.clone(), "this one asks whose the networks are")
                .help("a container is put into its networks when it starts: say `network.owner` here too"),
        );
    }
}

fn says_the_same(one: &Rule, other: &Rule) -> bool {
    let fields = |rule: &Rule| -> Vec<(String, Condition)> {
        rule.fields.iter().map(|field| (field.path.clone(), field.condition.clone())).collect()
    };
    one.conditions == other.conditions
        && one.aspects == other.aspects
        && one.things == other.things
        && fields(one) == fields(other)
}

/// Whether both rules can be for one connection.
pub(super) fn meet(one: &Rule, other: &Rule, clients: &[Selector]) -> bool {
    let (Some(mine), Some(theirs)) = (&one.clients, &other.clients) else { return true };
    let selector = |place: &usize| clients.get(*place);
    mine.iter()
        .filter_map(selector)
        .any(|one| theirs.iter().filter_map(selector).any(|other| one.meets(other)))
}

/// Whether no operation that an allow rule lets through has a parameter or field that a forbid rule's condition strikes.
pub(super) fn strikes_nothing(rule: &Rule, allow: &[&Rule]) -> bool {
    let can_strike = |endpoint: &'static Endpoint, other: &Rule| {
        other.selection.paths(endpoint).is_some()
            && rule.conditions.iter().all(|(name, condition)| has_parameter(other, endpoint, name, condition))
            && rule.fields.iter().all(|field| has_field(other, endpoint, field))
    };
    let mut endpoints = endpoints().filter(|endpoint| rule.selection.paths(endpoint).is_some());
    !endpoints.any(|endpoint| allow.iter().any(|other| can_strike(endpoint, other)))
}

/// Whether the allow rule lets through such a value of the parameter. Where that is not clear it does.
fn has_parameter(rule: &Rule, endpoint: &Endpoint, name: &str, condition: &Condition) -> bool {
    let Some(parameter) = endpoint.parameter(name) else { return false };
    match rule.conditions.get(name) {
        Some(own) => !own.is_disjoint_from(condition),
        None => {
            parameter.guard == Guard::Plain
                || !parameter.harmless.is_empty()
                || rule.grants.everything
                || says(rule, aspects_of_parameter(endpoint, parameter))
        }
    }
}

/// The same of a field.
fn has_field(rule: &Rule, endpoint: &Endpoint, field: &FieldCondition) -> bool {
    let Some((_, found)) = field.places.get(&key(endpoint)) else { return false };
    if let Some(own) = rule.fields.iter().find(|own| own.path == field.path) {
        return !own.condition.is_disjoint_from(&field.condition);
    }
    let is_near = |own: &FieldCondition| {
        let within =
            |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        within(&own.path, &field.path) || within(&field.path, &own.path)
    };
    found.guard == Guard::Plain
        || !found.field.harmless.is_empty()
        || rule.grants.everything
        || rule.grants.body
        || !rule.things.is_empty()
        || rule.fields.iter().any(is_near)
        || says(rule, &meant_by(found.field))
}

fn meant_by(field: &Field) -> Vec<Aspect> {
    readings_in(field).iter().flat_map(|reading| reading.aspects()).copied().collect()
}

/// Whether the rule says something of one of these, by which it may grant more.
fn says(rule: &Rule, aspects: &[Aspect]) -> bool {
    aspects.iter().any(|aspect| rule.aspects.contains_key(aspect))
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    const CLIENTS: &str = "version = 1\n[clients.a]\nlistener = \"a\"\n[clients.b]\nlistener = \"b\"\n[clients.c]\nuid = 1\n\
                           [[allow]]\nname = \"greet\"\nclients = [\"a\", \"b\", \"c\"]\noperations = [\"@ping\"]\n";

    /// The codes of what is found, but for what gives the host away.
    fn found(rules: &str) -> Vec<&'static str> {
        let (policy, problems) = Policy::read(&format!("{CLIENTS}{rules}"));
        assert!(policy.is_some(), "{problems:?}");
        let codes = problems.iter().map(|problem| problem.code.as_str());
        codes.filter(|code| *code != "gives-host-away").collect()
    }

    fn allow(text: &str) -> String {
        format!("[[allow]]\n{text}\n")
    }

    fn forbid(text: &str) -> String {
        format!("[[forbid]]\n{text}\n")
    }

    #[test]
    fn an_allow_rule_that_is_forbidden_as_a_whole_never_matches() {
        let info = "operations = [\"GET /info\"]";
        assert_eq!(found(&(allow(info) + &forbid(info))), ["never-matches"]);
        assert_eq!(found(&(allow(info) + &forbid("operations = [\"*\"]\nclients = \"a\""))), [""; 0]);
        let more = "operations = [\"GET /info\", \"GET /events\"]";
        assert_eq!(found(&(allow(more) + &forbid(info))), [""; 0], "some of it is left");
    }

    #[test]
    fn a_forbid_for_clients_to_whom_nothing_is_granted_does_not_bite() {
        let info = |client: &str| format!("operations = [\"GET /info\"]\nclients = \"{client}\"");
        assert_eq!(found(&(allow(&info("a")) + &forbid(&info("b")))), ["unreachable-forbid"]);
        let everyone = "operations = [\"GET /info\"]";
        assert_eq!(found(&(allow(everyone) + &forbid(&info("b")))), [""; 0]);
        let of_c = "operations = [\"GET /info\", \"GET /events\"]\nclients = \"a\"";
        assert_eq!(found(&(allow(of_c) + &forbid(&info("c")))), [""; 0], "somebody can be both");
    }

    #[test]
    fn who_is_asked_whose_networks_he_uses_is_asked_when_he_starts_containers() {
        let create = allow(
            "operations = [\"POST /containers/create\"]\nclients = \"a\"\nown = \"a\"\nnetwork.owner = \"a\"",
        );
        for (start, expected) in [
            ("clients = \"a\"", &["open-start"][..]),
            ("container.owner = \"a\"", &["open-start"]),
            ("clients = \"a\"\nnetwork.owner = \"a\"", &[]),
            ("clients = \"b\"", &[]),
        ] {
            let start = allow(&format!("operations = [\"POST /containers/{{id}}/start\"]\n{start}"));
            assert_eq!(found(&(create.clone() + &start)), expected, "{start}");
            assert_eq!(found(&start), [""; 0], "nobody asks: {start}");
        }
    }

    #[test]
    fn a_forbid_that_another_covers_is_found_with_both_places() {
        let both = forbid("operations = [\"GET /info\", \"GET /events\"]");
        let one = forbid("operations = [\"GET /info\"]\nclients = \"a\"");
        let all = allow("operations = [\"GET ~.*\"]");
        assert_eq!(found(&(all.clone() + &one + &both)), ["covered-rule"]);
        let long = |seconds: u32| {
            format!("operations = [\"POST /containers/{{id}}/stop\"]\nquery.t = {{ min = {seconds} }}")
        };
        let stop = allow("operations = [\"POST /containers/{id}/stop\"]");
        assert_eq!(found(&(stop.clone() + &forbid(&long(5)) + &forbid(&long(5)))), ["covered-rule"]);
        assert_eq!(found(&(stop + &forbid(&long(5)) + &forbid(&long(6)))), [""; 0]);
    }

    #[test]
    fn a_forbid_of_values_that_nothing_lets_through_does_not_bite() {
        let stop = "operations = [\"POST /containers/{id}/stop\"]";
        let create = "operations = [\"POST /containers/create\"]";
        for (allowed, forbidden, bites) in [
            (format!("{stop}\nquery.t = {{ max = 10 }}"), format!("{stop}\nquery.t = {{ min = 11 }}"), false),
            (format!("{stop}\nquery.t = {{ max = 10 }}"), format!("{stop}\nquery.t = {{ min = 10 }}"), true),
            (
                format!("{stop}\nquery.signal = [\"TERM\", \"INT\"]"),
                format!("{stop}\nquery.signal = \"K*\""),
                false,
            ),
            (
                format!("{stop}\nquery.signal = [\"TERM\", \"I*\"]"),
                format!("{stop}\nquery.signal = \"*T\""),
                true,
            ),
            (stop.to_owned(), format!("{stop}\nquery.t = {{ min = 11 }}"), true),
            (create.to_owned(), format!("{create}\nbody.\"HostConfig.Privileged\" = true"), false),
            (create.to_owned(), format!("{create}\nbody.\"HostConfig.NetworkMode\" = true"), true),
            (create.to_owned(), format!("{create}\nbody.Labels = \"a=*\""), true),
            (
                format!("{create}\nbody = true"),
                format!("{create}\nbody.\"HostConfig.Privileged\" = true"),
                true,
            ),
            (
                format!("{create}\ncapabilities = [\"ALL\"]"),
                format!("{create}\nbody.\"HostConfig.Privileged\" = true"),
                true,
            ),
            (
                format!("{create}\nbody.\"HostConfig.Mounts\" = true"),
                format!("{create}\nbody.\"HostConfig.Mounts.Source\" = \"/etc\""),
                true,
            ),
        ] {
            let expected: &[&str] = if bites { &[] } else { &["unreachable-forbid"] };
            assert_eq!(found(&(allow(&allowed) + &forbid(&forbidden))), expected, "{allowed}\n{forbidden}");
        }
    }

    #[test]
    fn an_allow_rule_that_requires_what_it_keeps_out_never_matches() {
        let create = "operations = [\"POST /containers/create\"]";
        for (more, matches) in [
            ("query.name = \"a*\"\nrequire.query.name = \"b\"", false),
            ("query.name = \"a*\"\nrequire.query.name = \"*b\"", true),
            ("resources.memory = { max = \"1GiB\" }\nrequire.memory = { min = \"2GiB\" }", false),
            ("resources.memory = { max = \"1GiB\" }\nrequire.memory = true", true),
            ("resources.pids = false\nrequire.pids = true", false),
            ("body.Hostname = \"a\"\nrequire.Hostname = [\"b\", \"c\"]", false),
        ] {
            let expected: &[&str] = if matches { &[] } else { &["never-matches"] };
            assert_eq!(found(&allow(&format!("{create}\n{more}"))), expected, "{more}");
        }
    }
}
