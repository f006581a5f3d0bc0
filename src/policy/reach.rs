//! Which endpoints have paths that a regular expression matches: decided by walking the expression and the templates
//! side by side, so that one that matches nothing is found when the policy is read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_automata::nfa::thompson::{NFA, State, Transition};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::Extractor;

use super::path_expression::{Meaning, PathExpression, automaton};
use crate::operation::table::{self, Endpoint, Identifier, Method};

/// The templates of all endpoints, by method and first segment, each in the order of the table.
static TEMPLATES: LazyLock<BTreeMap<(Method, &str), Vec<Template>>> = LazyLock::new(|| {
    let mut templates: BTreeMap<_, Vec<Template>> = BTreeMap::new();
    for endpoint in table::endpoints() {
        templates.entry((endpoint.method, head(endpoint.template))).or_default().push(Template::of(endpoint));
    }
    templates
});

/// The template of an endpoint.
struct Template {
    endpoint: &'static Endpoint,
    /// What stands before the first name, or all of it.
    beginning: &'static str,
    /// What stands behind the last name; nothing where there is none.
    end: &'static str,
    /// All of it.
    places: Vec<Place>,
}

/// What may stand in one place of a path.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// This byte.
    Byte(u8),
    /// A name: one byte or more.
    Name { slashes: bool },
}

/// The endpoints of the method that have a canonical path which the expression matches; also others, where an
/// identifier cannot be spelled as it would have to be, and all, where the expression is too large.
pub(super) fn endpoints_met(expression: &PathExpression, method: Method) -> Vec<&'static Endpoint> {
    let endpoint = |template: &Template| template.endpoint;
    match expression.meaning() {
        Meaning::Path(path) => {
            let of_head = TEMPLATES.get(&(method, head(path))).into_iter().flatten();
            of_head.filter(|template| spells(template, path.as_bytes(), true)).map(endpoint).collect()
        }
        Meaning::Paths(meaning) => {
            let of_method = TEMPLATES.range((method, "")..).take_while(|((own, _), _)| *own == method);
            let is_met = meets_one(meaning);
            of_method
                .flat_map(|(_, templates)| templates)
                .filter(|template| is_met(template))
                .map(endpoint)
                .collect()
        }
    }
}

/// Tells whether a path of a template is matched.
fn meets_one(meaning: &Hir) -> impl Fn(&Template) -> bool {
    let beginnings = Extractor::new().extract(meaning);
    // Some say which paths they match, and need nothing more.
    let is_exact = beginnings.is_exact() && beginnings.literals().is_some();
    let automaton = if is_exact { None } else { automaton(meaning) };
    move |template| {
        let may_begin = beginnings.literals().is_none_or(|literals| {
            literals.iter().any(|literal| spells(template, literal.as_bytes(), is_exact))
        });
        may_begin && automaton.as_ref().is_none_or(|automaton| meets(automaton, &template.places))
    }
}

impl Template {
    fn of(endpoint: &'static Endpoint) -> Self {
        let (template, places) = (endpoint.template, places(endpoint));
        let beginning = template.split_once('{').map_or(template, |(beginning, _)| beginning);
        let end = template.rsplit_once('}').map_or("", |(_, end)| end);
        Self { endpoint, beginning, end, places }
    }

    /// From the first name on; `to_name` to the last one only.
    fn names(&self, to_name: bool) -> &[Place] {
        let behind = if to_name { self.end.len() } else { 0 };
        let end = self.places.len().saturating_sub(behind);
        self.places.get(self.beginning.len()..end).unwrap_or_default()
    }
}

/// The first segment. That of a template is no name.
pub(super) fn head(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn places(endpoint: &Endpoint) -> Vec<Place> {
    let mut identifiers = endpoint.identifiers.iter();
    let mut places = Vec::new();
    for segment in endpoint.template.split('/').skip(1) {
        places.push(Place::Byte(b'/'));
        if segment.starts_with('{') {
            let slashes = match identifiers.next() {
                Some(
                    Identifier::Exec
                    | Identifier::Volume
                    | Identifier::Swarm
                    | Identifier::Checkpoint
                    | Identifier::Profile,
                ) => false,
                // Names of these may hold slashes.
                Some(
                    Identifier::Container | Identifier::Image | Identifier::Network | Identifier::Plugin,
                )
                | None => true,
            };
            places.push(Place::Name { slashes });
        } else {
            places.extend(segment.bytes().map(Place::Byte));
        }
    }
    places
}

impl Place {
    /// Whether one of these bytes may stand there. Canonical paths are printable ASCII.
    fn takes(self, first: u8, last: u8) -> bool {
        match self {
            Self::Byte(byte) => (first..=last).contains(&byte),
            Self::Name { slashes } => {
                let (first, last) = (first.max(b'!'), last.min(b'~'));
                first <= last && (slashes || first != b'/' || last != b'/')
            }
        }
    }
}

/// Whether a path of the template begins with the text, or, where `whole`, is the text.
fn spells(template: &Template, text: &[u8], whole: bool) -> bool {
    // Before the first name there is one way to go, and behind the last as well; most templates go another.
    let beginning = template.beginning.as_bytes();
    let Some(mut text) = text.strip_prefix(beginning) else { return !whole && beginning.starts_with(text) };
    if whole {
        let Some(between) = text.strip_suffix(template.end.as_bytes()) else { return false };
        text = between;
    }
    let places = template.names(whole);
    if let ([name], true) = (places, whole) {
        return !text.is_empty() && text.iter().all(|byte| name.takes(*byte, *byte));
    }
    // Where in them the next byte may belong.
    let mut here = vec![0];
    let mut next: Vec<usize> = Vec::new();
    for byte in text {
        for at in here.drain(..) {
            let Some(place) = places.get(at).filter(|place| place.takes(*byte, *byte)) else { continue };
            let stays = matches!(place, Place::Name { .. }).then_some(at);
            for to in stays.into_iter().chain([at.saturating_add(1)]) {
                if !next.contains(&to) {
                    next.push(to);
                }
            }
        }
        if next.is_empty() {
            return false;
        }
        std::mem::swap(&mut here, &mut next);
    }
    !whole || here.contains(&places.len())
}

/// Whether a path of the template is matched.
fn meets(automaton: &NFA, template: &[Place]) -> bool {
    let end = template.len();
    let mut seen = vec![false; automaton.states().len().saturating_mul(end.saturating_add(1))];
    let mut open: Vec<(StateID, usize)> = vec![(automaton.start_anchored(), 0)];
    while let Some((id, at)) = open.pop() {
        let pair = id.as_usize().saturating_mul(end.saturating_add(1)).saturating_add(at);
        match seen.get_mut(pair) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        let mut read = |transition: &Transition| {
            let place = template.get(at).filter(|place| place.takes(transition.start, transition.end));
            let Some(place) = place else { return };
            open.push((transition.next, at.saturating_add(1)));
            if matches!(place, Place::Name { .. }) {
                open.push((transition.next, at));
            }
        };
        match automaton.state(id) {
            State::ByteRange { trans } => read(trans),
            State::Sparse(transitions) => transitions.transitions.iter().for_each(read),
            State::Dense(transitions) => {
                for byte in b'!'..=b'~' {
                    if let Some(next) = transitions.matches_byte(byte) {
                        read(&Transition { start: byte, end: byte, next });
                    }
                }
            }
            State::Look { look: Look::Start, .. } if at > 0 => {}
            State::Look { look: Look::End, .. } if at < end => {}
            // Whether the others hold is not gone into.
            State::Look { look: _, next } | State::Capture { next, .. } => open.push((*next, at)),
            State::Union { alternates } => open.extend(alternates.iter().map(|next| (*next, at))),
            State::BinaryUnion { alt1, alt2 } => open.extend([(*alt1, at), (*alt2, at)]),
            State::Match { .. } if at == end => return true,
            State::Match { .. } | State::Fail => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::table::Method;

    fn endpoints(expression: &str) -> Vec<&'static Endpoint> {
        let expression = PathExpression::read(expression).unwrap();
        let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete];
        methods.into_iter().flat_map(|method| endpoints_met(&expression, method)).collect()
    }

    fn met(expression: &str) -> Vec<&'static str> {
        let met = endpoints_met(&PathExpression::read(expression).unwrap(), Method::Get);
        met.into_iter().map(|endpoint| endpoint.template).collect()
    }

    #[test]
    fn an_expression_meets_the_endpoints_that_have_such_paths() {
        assert_eq!(met("^/containers/(web|db)/json$"), ["/containers/{id}/json"]);
        assert_eq!(met("/containers/json"), ["/containers/json"]);
        assert_eq!(met("/containers/[^/]+/logs|/_ping"), ["/_ping", "/containers/{id}/logs"]);
    }

    #[test]
    fn a_path_spelled_out_meets_what_the_same_as_an_expression_does() {
        for path in [
            "^/containers/web/json$",
            "/containers/json",
            "^/containers/a/b/json",
            "/volumes/a",
            "/volumes/a/b$",
            "/images/a/b/json",
            "/plugins/a/json",
            "/containers/a/checkpoints/b",
            "/containers/a/b/checkpoints/c/d",
            "/containers/checkpoints/b",
            "/containers/",
            "/",
            "",
            "^$",
        ] {
            assert_eq!(endpoints(path), endpoints(&format!("(?:{path})|(?:{path})[^ -~]")), "{path}");
        }
    }

    #[test]
    fn an_expression_that_no_path_matches_meets_nothing() {
        for expression in
            ["/v1\\.41/containers/json", "containers/json", "/containers", "(?i)/CONTAINERS", "", "/é"]
        {
            assert_eq!(met(expression), Vec::<&str>::new(), "{expression}");
        }
        assert_eq!(met("(?i)/CONTAINERS/JSON"), ["/containers/json"]);
    }

    #[test]
    fn only_an_expression_too_large_to_decide_may_meet_everything() {
        assert_eq!(endpoints("[ab]*a[ab]{30}").len(), 0);
        assert_eq!(endpoints("/?[^/]{1,100000}").len(), table::endpoints().count());
    }

    #[test]
    fn every_endpoint_is_met_by_what_matches_everything() {
        assert_eq!(endpoints(".*").len(), table::endpoints().count());
    }
}
