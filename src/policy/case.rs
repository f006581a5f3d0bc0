//! Cases: requests with what the policy is expected to say of them, judged by the judge of the server.

mod coverage;
mod expected;
mod mutant;

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

use toml::Spanned;

use super::draft::{self, DraftAsker, DraftBody, DraftCase};
use super::lint;
use super::nearest::did_you_mean;
use super::problem::{Code, Problem, Severity};
use super::resolve::{self, Resolved, known_version, line_of};
use super::selector::{Selector, read_id};
use super::{Grounds, LOOK_UP_ROUNDS, MOST_QUESTIONS, Policy, Refusal, Terms, Verdict};
use crate::client::{Client, Peer, STRANGER};
use crate::operation::inside::{ArchiveReader, Found};
use crate::operation::meaning::is_network_id;
use crate::operation::table::BodyKind;
use crate::operation::thing::{ThingKind, owner_label};
use crate::operation::version::ApiVersion;
use crate::operation::{Asked, Head, Json, Operation, Reference, Unreadable};
pub use coverage::Coverage;
use expected::Expected;
pub(super) use expected::{VERDICTS, reasons};

/// A policy with its cases.
#[derive(Debug)]
pub struct Suite {
    policy: Policy,
    cases: Vec<Case>,
    draft: draft::Draft,
    source: String,
}

/// A `[[test]]`: requests of a client, and the verdict that is expected of each.
#[derive(Clone, Debug)]
pub struct Case {
    name: String,
    client: Client,
    requests: Vec<Line>,
    body: Option<Spanned<DraftBody>>,
    /// What stands in the Dockerfile of a build.
    dockerfile: Option<String>,
    newest: ApiVersion,
    /// What the daemon shows, by path.
    shows: BTreeMap<String, Option<Json>>,
    expected: Expected,
}

/// A request as it is written: `METHOD /path?query`, with its body behind it or apart.
#[derive(Clone, Debug)]
struct Line {
    span: Range<usize>,
    method: String,
    target: String,
    body: Option<String>,
}

/// What became of one request of a case.
#[derive(Debug)]
pub struct Ran {
    /// The case: its name, or its line.
    pub case: String,
    /// The request, without its body.
    pub request: String,
    /// What is not as expected.
    pub failure: Option<Problem>,
}

/// What a policy says of a request.
#[derive(Debug)]
pub enum Outcome {
    /// A rule permits it.
    Permit {
        /// Its name, or its line.
        rule: String,
        /// What of the answer the client gets to see.
        terms: Terms,
        /// For whom what is made is marked.
        owner: Option<String>,
    },
    /// The policy denies it, or would if it did not only observe.
    Denial(Box<Refusal>),
    /// It cannot be read.
    Unreadable(Unreadable),
}

/// The bodies that stand in files, by what the policy calls them.
pub type Files = BTreeMap<String, Vec<u8>>;

impl Suite {
    /// Reads a policy with its cases and finds everything that is wrong with either.
    #[must_use]
    pub fn read(source: &str) -> (Option<Self>, Vec<Problem>) {
        let (draft, mut problems) = draft::read(source);
        let mut suite = None;
        if let Some(draft) = draft {
            lint::find_odd_characters(&draft, &mut problems);
            let resolved = resolve::resolve(&draft, source, &mut problems);
            let cases = draft.cases.iter().map(|case| Case::read(case, &resolved, source, &mut problems));
            let cases: Vec<Case> = cases.collect();
            if problems.iter().all(|problem| problem.severity() != Severity::Error) {
                lint::lint(&draft, &resolved, &mut problems);
                let policy = Policy::new(resolved, &draft.judging(source));
                if policy.is_none() {
                    let message = "the regular expressions on paths are too large to be taken together";
                    problems.push(Problem::new(Code::BadRegex, 0..0, message).help("repeat less in them"));
                }
                suite = policy.map(|policy| Self { policy, cases, draft, source: source.to_owned() });
            }
        }
        lint::find_invisible_characters(source, &mut problems);
        problems.sort_by_key(Problem::start);
        (suite, problems)
    }

    /// The policy alone.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The policy alone, without what its cases need.
    #[must_use]
    pub fn into_policy(self) -> Policy {
        self.policy
    }

    /// How many cases there are.
    #[must_use]
    pub fn case_count(&self) -> usize {
        self.cases.len()
    }

    /// The files in which bodies of the cases stand, as they are written, with their places.
    pub fn files(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.cases.iter().filter_map(|case| match case.body.as_ref()?.get_ref() {
            DraftBody::File(file) => Some((file.as_str(), case.body.as_ref()?.span())),
            DraftBody::Text(_) => None,
        })
    }

    /// Judges every request of every case.
    #[must_use]
    pub fn run(&self, files: &Files) -> Vec<Ran> {
        self.cases.iter().flat_map(|case| case.run(&self.policy, files)).collect()
    }
}

impl Case {
    fn read(draft: &DraftCase, resolved: &Resolved, source: &str, problems: &mut Vec<Problem>) -> Self {
        let body = draft.body.as_ref();
        let requests = draft.requests.iter().filter_map(|written| Line::read(written, body, problems));
        let requests = requests.collect();
        let name = draft.name.as_ref().map_or_else(
            || format!("line {}", line_of(source, draft.span.start)),
            |name| name.get_ref().clone(),
        );
        Self {
            name,
            client: read_client(draft.client.as_ref(), &resolved.clients, problems),
            requests,
            body: body.cloned(),
            dockerfile: draft.dockerfile.as_ref().map(|text| text.get_ref().clone()),
            newest: draft
                .version
                .as_ref()
                .and_then(|written| known_version(written, "version", problems))
                .unwrap_or(ApiVersion::NEWEST),
            shows: draft.shows.iter().map(|(path, shown)| (path.get_ref().clone(), shown.clone())).collect(),
            expected: Expected::read(draft, resolved, problems),
        }
    }

    fn run(&self, policy: &Policy, files: &Files) -> Vec<Ran> {
        let ran = self.requests.iter().map(|line| Ran {
            case: self.name.clone(),
            request: format!("{} {}", line.method, line.target),
            failure: self.expected.missed(line, &self.outcome(policy, line, files)),
        });
        ran.collect()
    }

    /// Whether all of its requests are judged as expected.
    fn passes(&self, policy: &Policy, files: &Files) -> bool {
        self.requests.iter().all(|line| self.expected.is_met(&self.outcome(policy, line, files)))
    }

    fn outcome(&self, policy: &Policy, line: &Line, files: &Files) -> Outcome {
        let apart = self.body.as_ref().map(Spanned::get_ref);
        let body = match (&line.body, apart) {
            (Some(text), _) | (None, Some(DraftBody::Text(text))) => text.as_bytes(),
            (None, Some(DraftBody::File(file))) => files.get(file).map(Vec::as_slice).unwrap_or_default(),
            (None, None) => b"",
        };
        match read_operation(&line.method, &line.target, body, self.newest) {
            Ok(mut operation) => {
                let context = self.dockerfile.as_ref().zip(ArchiveReader::of(&operation));
                if let Some(found) =
                    context.and_then(|(text, reader)| reader.read_dockerfile(text.as_bytes()))
                {
                    operation.look_inside(found);
                }
                let show = |path: &str| self.shows.get(path).cloned().flatten();
                judge(policy, &self.client, learned(policy, &self.client, operation, show))
            }
            Err(unreadable) => Outcome::Unreadable(unreadable),
        }
    }
}

/// What is wrong where a file with the body of a case cannot be read.
#[must_use]
pub fn unreadable_file(file: &str, span: Range<usize>, why: &str) -> Problem {
    Problem::new(Code::BadCase, span, format!("the file `{file}` cannot be read: {why}"))
        .help("its path begins where the policy lies")
}

/// Reads a request as the gate would, from a client that sends JSON.
///
/// # Errors
///
/// What cannot be read.
pub fn read_operation(
    method: &str,
    target: &str,
    body: &[u8],
    newest: ApiVersion,
) -> Result<Operation, Unreadable> {
    let json: (&str, &[u8]) = ("Content-Type", b"application/json");
    let headers = if body.is_empty() { &[][..] } else { &[json][..] };
    read_whole(&Head { method, target: target.as_bytes(), headers }, body, newest)
}

/// Reads a request as the gate would.
///
/// # Errors
///
/// What cannot be read.
pub fn read_whole(head: &Head<'_>, body: &[u8], newest: ApiVersion) -> Result<Operation, Unreadable> {
    let asked = Asked::read(head, newest)?;
    match asked.body_kind() {
        BodyKind::Tar => {
            let mut operation = asked.with_stream();
            if operation.endpoint().id == "PutContainerArchive" {
                operation.look_inside(Ok(Found::FILES));
            }
            Ok(operation)
        }
        BodyKind::None | BodyKind::Json { .. } => asked.with_body(body),
    }
}

/// The operation with everything that the daemon would be asked before it is judged; `show` says what the daemon has
/// at a path. Links on the host are not looked for: no path is taken to have one on its way, as far as the gate would look.
#[must_use]
pub fn learned(
    policy: &Policy,
    client: &Client,
    mut operation: Operation,
    show: impl Fn(&str) -> Option<Json>,
) -> Operation {
    let mut unknown = policy.unknown(client, &operation);
    for _ in 0..LOOK_UP_ROUNDS {
        let questions = mem::take(&mut unknown.questions);
        if questions.is_empty() {
            break;
        }
        for question in questions.into_iter().take(MOST_QUESTIONS) {
            let Some(path) = question.path() else { continue };
            let shown = show(&path).or_else(|| supposed_network(&operation, &question));
            operation.learn(question, shown);
        }
        unknown = policy.unknown(client, &operation);
    }
    if unknown.paths.len() > MOST_QUESTIONS {
        for path in unknown.paths.into_iter().take(MOST_QUESTIONS) {
            operation.trace(path, None);
        }
        operation.trace_no_more();
    }
    operation
}

/// The network that a service is put into, where nobody describes it: one of that name, unless it is written as an ID.
pub(super) fn supposed_network(operation: &Operation, question: &Reference) -> Option<Json> {
    let is_of_service = matches!(operation.endpoint().id, "ServiceCreate" | "ServiceUpdate")
        && !is_network_id(&question.name);
    let name = || Json::String(question.name.as_str().into());
    (is_of_service && question.kind == ThingKind::Network)
        .then(|| Json::Object(vec![("Name".into(), name()), ("Id".into(), name())]))
}

/// What the policy says of the operation, whether or not it only observes.
#[must_use]
pub fn judge(policy: &Policy, client: &Client, operation: Operation) -> Outcome {
    match policy.judge(client, operation) {
        Verdict::Permit(permit) => match permit.grounds() {
            Grounds::Rule { name, line: _ } => {
                let made = permit.operation().made();
                let owner = made.and_then(|made| made.label(owner_label(made.kind)).map(str::to_owned));
                Outcome::Permit { rule: name.clone(), terms: permit.terms().clone(), owner }
            }
            Grounds::Observed(refusal) => Outcome::Denial(refusal.clone()),
        },
        Verdict::Denial(denial) => Outcome::Denial(Box::new(denial.refusal().clone())),
    }
}

impl Line {
    fn read(
        written: &Spanned<String>,
        body: Option<&Spanned<DraftBody>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut words = written.get_ref().trim().splitn(3, char::is_whitespace);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            let message = format!("`{}` is no request", written.get_ref());
            problems.push(
                Problem::new(Code::BadCase, written.span(), message)
                    .help("write method and path: `request = \"GET /containers/json?all=1\"`"),
            );
            return None;
        };
        let own = words.next().map(str::trim).filter(|own| !own.is_empty()).map(str::to_owned);
        if let (Some(_), Some(body)) = (&own, body) {
            problems.push(
                Problem::new(Code::BadCase, written.span(), "this request has two bodies")
                    .also(body.span(), "the other is here")
                    .help("keep one of them"),
            );
        }
        Some(Self { span: written.span(), method: method.to_owned(), target: target.to_owned(), body: own })
    }
}

/// Who asks: a client of the policy, someone who connects as it is said, or a stranger.
fn read_client(draft: Option<&DraftAsker>, clients: &[Selector], problems: &mut Vec<Problem>) -> Client {
    let stranger = Client { listener: String::new(), peer: Peer::Tcp(SocketAddr::new(STRANGER, 1)) };
    match draft {
        None => stranger,
        Some(DraftAsker::Named(name)) => {
            if let Some(client) = clients.iter().find(|client| client.name == *name.get_ref()) {
                return client.example();
            }
            let message = format!("there is no client `{}`", name.get_ref());
            let known = clients.iter().map(|client| client.name.as_str());
            let help = did_you_mean(name.get_ref(), known).unwrap_or_else(|| {
                "this policy names none: say how it connects: `client = { listener = \"…\" }`".to_owned()
            });
            problems.push(Problem::new(Code::UnknownClient, name.span(), message).help(help));
            stranger
        }
        Some(DraftAsker::Connecting { listener, uid, gid, address }) => {
            let listener = listener.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default();
            let address = address.as_ref().and_then(|written| read_address(written, problems));
            let mut id = |written: &Option<Spanned<i64>>, what| {
                written.as_ref().and_then(|id| read_id(id, what, problems))
            };
            let peer = match (id(uid, "user"), id(gid, "group"), address) {
                (None, None, Some(address)) => Peer::Tcp(SocketAddr::new(address, 1)),
                (None, None, None) => stranger.peer,
                (uid, gid, _) => Peer::process(uid, gid),
            };
            Client { listener, peer }
        }
    }
}

fn read_address(written: &Spanned<String>, problems: &mut Vec<Problem>) -> Option<IpAddr> {
    let address = written.get_ref().parse().ok();
    if address.is_none() {
        let message = format!("`{}` is no address", written.get_ref());
        problems.push(
            Problem::new(Code::BadCase, written.span(), message)
                .help("write an IP address, without a port: `address = \"10.0.0.7\"`"),
        );
    }
    address
}
