//! One entry of `operations`: `METHOD /path/{template}`, `METHOD ~^regex$`, an operationId, a group,
//! or `*`; and what may be meant by one that is none of these.

use toml::Spanned;

use super::Written;
use crate::operation::table::{self, Endpoint, Lookup, Method};
use crate::policy::group;
use crate::policy::nearest::{did_you_mean, list, nearest};
use crate::policy::path_expression::PathExpression;
use crate::policy::pattern::escape_expression;
use crate::policy::problem::{Code, Problem};
use crate::policy::reach::{endpoints_met, head};

/// Looks up one entry.
pub(super) fn read(operation: &Spanned<String>) -> Result<Written, Problem> {
    let text = operation.get_ref().trim();
    let fault = |code, message: String| Problem::new(code, operation.span(), message);
    if text.is_empty() {
        return Err(fault(Code::EmptyValue, "an operation is empty".to_owned()));
    }
    if text == "*" {
        return Ok(Written { endpoints: table::endpoints().collect(), expression: None });
    }
    if text.starts_with('@') {
        return read_group(text).ok_or_else(|| {
            let help = if ["@all", "@any", "@everything", "@full", "@*"].contains(&text) {
                Some("write `*` for every operation".to_owned())
            } else {
                did_you_mean(text, group::GROUPS.iter().map(|group| group.name))
            };
            fault(Code::UnknownGroup, format!("there is no group `{text}`")).help_if(help)
        });
    }
    if text.starts_with(['/', '~']) {
        return Err(
            fault(Code::MissingMethod, format!("`{text}` has no method")).help_if(suggest_method(text))
        );
    }
    let Some((method, rest)) = text.split_once(char::is_whitespace) else {
        let endpoints: Vec<_> = table::endpoints().filter(|endpoint| endpoint.id == text).collect();
        return if endpoints.is_empty() {
            Err(fault(Code::UnknownOperation, format!("there is no operation `{text}`"))
                .help(suggest_word(text)))
        } else {
            Ok(Written { endpoints, expression: None })
        };
    };
    let rest = rest.trim_start();
    let Some(method) = Method::read(method) else {
        let help = match method {
            "*" => "a rule names its methods: write one entry for each".to_owned(),
            _ => did_you_mean(method, Method::ALL.map(Method::as_str)).unwrap_or_default(),
        };
        return Err(fault(Code::UnknownMethod, format!("there is no method `{method}`")).help(help));
    };
    if let Some(expression) = rest.strip_prefix('~') {
        return read_expression(operation, method, expression);
    }
    if let Some(unversioned) = without_version(rest) {
        return Err(fault(Code::VersionInPath, format!("`{rest}` begins with an API version"))
            .help(format!("operations are the same in every version: write `{method} {unversioned}`")));
    }
    let says_so = |endpoint: &&Endpoint| endpoint.method == method && is_same(endpoint.template, rest);
    let endpoints: Vec<_> = table::endpoints_near(head(rest)).filter(says_so).collect();
    let Some(first) = endpoints.first() else {
        return Err(fault(Code::UnknownOperation, format!("the Docker API has no `{method} {rest}`"))
            .help_if(suggest_operation(method, rest)));
    };
    let is_odd = |word: &&str| rest != first.template && !is_placeholder(word);
    if let Some(word) = rest.split('/').filter_map(placeholder).find(is_odd) {
        return Err(fault(Code::UnknownOperation, format!("`{{{word}}}` is no placeholder")).help(format!(
            "braces stand for any: write `{first}`; for `{word}` alone write `{method} ~^{}$`",
            path_with_names(rest)
        )));
    }
    Ok(Written { endpoints, expression: None })
}

fn read_group(name: &str) -> Option<Written> {
    let group = group::find(name)?;
    let endpoints = table::endpoints().filter(|endpoint| group.operations.contains(&endpoint.id));
    Some(Written { endpoints: endpoints.collect(), expression: None })
}

fn read_expression(operation: &Spanned<String>, method: Method, source: &str) -> Result<Written, Problem> {
    let expression = PathExpression::read(source).map_err(|fault| {
        Problem::new(Code::BadRegex, operation.span(), "this regular expression cannot be read").label(fault)
    })?;
    let endpoints = endpoints_met(&expression, method);
    if endpoints.is_empty() {
        return Err(Problem::new(
            Code::RegexMatchesNothing,
            operation.span(),
            format!("no path of the Docker API that has {method} matches this"),
        )
        .help(
            "it must match the whole path, without the version and without the query: \
             `GET ~^/containers/(web|db)/json$`",
        ));
    }
    Ok(Written { endpoints, expression: Some(expression) })
}

/// A template with its placeholders nameless: `{id}` and `{name}` say the same.
fn plain(template: &str) -> String {
    plain_segments(template).collect::<Vec<_>>().join("/")
}

fn plain_segments(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').map(|segment| if placeholder(segment).is_some() { "{}" } else { segment })
}

/// Whether two templates say the same.
fn is_same(template: &str, other: &str) -> bool {
    plain_segments(template).eq(plain_segments(other))
}

/// What a segment has in its braces.
pub(in crate::policy) fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Whether braces may hold this: nothing, or a word that a template has in them. Other words are
/// probably names, which the braces would not keep to.
fn is_placeholder(word: &str) -> bool {
    let mut known = table::endpoints().flat_map(|endpoint| endpoint.template.split('/'));
    word.is_empty() || known.any(|segment| placeholder(segment) == Some(word))
}

/// A template as a regular expression, with the names that stand in its braces.
fn path_with_names(template: &str) -> String {
    let segments = template.split('/').map(|segment| match placeholder(segment) {
        Some(word) if is_placeholder(word) => "[^/]+".to_owned(),
        Some(name) => escape_expression(name),
        None => escape_expression(segment),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The path behind `/v1.41`, where there is one.
fn without_version(path: &str) -> Option<&str> {
    let version = path.strip_prefix("/v")?;
    let end = version.find('/')?;
    let (number, rest) = version.split_at_checked(end)?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number.then_some(rest)
}

fn suggest_method(path: &str) -> Option<String> {
    if path.starts_with('~') {
        return Some(format!("write the method first: `GET {path}`"));
    }
    let path = without_version(path).unwrap_or(path);
    let found: Vec<String> = table::endpoints()
        .filter(|endpoint| is_same(endpoint.template, path))
        .map(|endpoint| format!("`{endpoint}`"))
        .collect();
    if found.is_empty() {
        let path = plain(path);
        let endpoints: Vec<_> =
            table::endpoints().map(|endpoint| (plain(endpoint.template), endpoint)).collect();
        let best = nearest(&path, endpoints.iter().map(|(template, _)| template.as_str()))?.to_owned();
        let (_, endpoint) = endpoints.iter().find(|(template, _)| *template == best)?;
        return Some(format!("did you mean `{endpoint}`?"));
    }
    Some(format!("write {}", list(&found, "or")))
}

/// What the Docker CLI and people call operations, beside what the API reference does.
const ALIASES: &[(&str, &str)] = &[
    ("ContainerCp", "PutContainerArchive"),
    ("ContainerCommit", "ImageCommit"),
    ("ContainerPs", "ContainerList"),
    ("ContainerRun", "ContainerCreate"),
    ("Exec", "ContainerExec"),
    ("ImageImport", "ImageCreate"),
    ("ImagePull", "ImageCreate"),
    ("ImageSave", "ImageGet"),
    ("PluginInstall", "PluginPull"),
    ("Ps", "ContainerList"),
    ("Pull", "ImageCreate"),
    ("Run", "ContainerCreate"),
];

/// Of how many operations with the same ending all are named.
const MOST_ENDINGS: usize = 3;

/// The operations that a word is another name of: `ImagePull`, `VolumeRemove`, `Ping`.
fn meant_by(word: &str) -> Vec<&'static str> {
    let with_id =
        |id: &str| table::endpoints().map(|endpoint| endpoint.id).filter(|known| *known == id).collect();
    if let Some((_, id)) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word)) {
        return with_id(id);
    }
    let resource = ["Remove", "Rm"].iter().find_map(|verb| word.strip_suffix(verb));
    if let Some(resource) = resource.filter(|resource| !resource.is_empty()) {
        return with_id(&format!("{resource}Delete"));
    }
    let ends = |id: &str| {
        let start = id.len().checked_sub(word.len()).and_then(|start| id.split_at_checked(start));
        start.is_some_and(|(_, end)| {
            end.eq_ignore_ascii_case(word) && end.starts_with(|first: char| first.is_ascii_uppercase())
        })
    };
    let found: Vec<_> = table::endpoints().map(|endpoint| endpoint.id).filter(|id| ends(id)).collect();
    if found.len() > MOST_ENDINGS { Vec::new() } else { found }
}

fn suggest_word(word: &str) -> String {
    let meant: Vec<String> = meant_by(word).iter().map(|id| format!("`{id}`")).collect();
    if !meant.is_empty() {
        return format!("did you mean {}?", list(&meant, "or"));
    }
    let written: Vec<String> = table::endpoints().map(Endpoint::to_string).collect();
    let candidates = table::endpoints().map(|endpoint| endpoint.id).chain(written.iter().map(String::as_str));
    let best = nearest(word, candidates);
    best.map_or_else(
        || "write it as `METHOD /path/{template}`, as the operationId of Docker's API reference, or as a group"
            .to_owned(),
        |best| format!("did you mean `{best}`?"),
    )
}

fn suggest_operation(method: Method, path: &str) -> Option<String> {
    if ["*", "/*", "/**"].contains(&path) {
        return Some(format!("write `{method} ~.*` for every operation with {method}"));
    }
    if path.starts_with('^') {
        return Some(format!("a regular expression begins with `~`: `{method} ~{path}`"));
    }
    if !path.starts_with('/') {
        return Some(format!(
            "a path begins with a slash, a regular expression with `~`: `{method} /{path}`"
        ));
    }
    if let Some((path, _)) = path.split_once('?') {
        return Some(format!("write `{method} {path}`; parameters are conditions: `query.NAME = …`"));
    }
    let others: Vec<String> = table::endpoints()
        .filter(|endpoint| is_same(endpoint.template, path))
        .map(|endpoint| format!("`{endpoint}`"))
        .collect();
    if !others.is_empty() {
        return Some(format!("that path has {}", list(&others, "and")));
    }
    if path.contains('*') {
        let segments =
            path.split("**").map(|part| part.split('*').map(escape_expression).collect::<Vec<_>>());
        let expression = segments.map(|parts| parts.join("[^/]+")).collect::<Vec<_>>().join(".+");
        return Some(format!("a template has no wildcards: write `{{id}}`, or `{method} ~^{expression}$`"));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if let Lookup::Found { endpoint, identifiers: _ } = table::find(method, &segments) {
        let expression = escape_expression(path);
        return Some(format!(
            "write `{endpoint}` for every one, or `{method} ~^{expression}$` for this one alone"
        ));
    }
    let wanted = format!("{method} {}", plain(path));
    let known: Vec<(String, &Endpoint)> = table::endpoints()
        .map(|endpoint| (format!("{} {}", endpoint.method, plain(endpoint.template)), endpoint))
        .collect();
    let best = nearest(&wanted, known.iter().map(|(text, _)| text.as_str()))?.to_owned();
    let (_, endpoint) = known.iter().find(|(text, _)| *text == best)?;
    Some(format!("did you mean `{endpoint}`?"))
}
