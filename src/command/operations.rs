//! `dockgate operations`: the manual of the operations, from the endpoint table.

mod conditions;

use crate::operation::field::{Field, Kind, Part};
use crate::operation::inside::ArchiveReader;
use crate::operation::table::{
    Answer, BodyKind, Endpoint, Guard, Header, Parameter, ParameterKind, Protocol, RESOURCES, Resource,
};
use crate::policy::group::GROUPS;

const INTRODUCTION: &str = "\
# Operations

<!-- Generated from the endpoint table by `dockgate operations > docs/operations.md`; do not edit. -->

Every operation that dockgate knows: the endpoints of the Docker Engine API from Engine 20.10 to API 1.56, the
undocumented ones included. What is not here is refused.

A policy names an operation as it stands in a heading below (`GET /containers/{id}/json`), by its id
(`ContainerInspect`), or by a group. *Since* is the first API version whose reference has it.

A *plain* parameter is allowed with the operation unless a rule constrains it. A *guarded* one needs a grant in the
same rule when it is used, as it reaches outside what the operation names, consumes without bound, or hands out
secrets. The same holds for the fields of a JSON body. A parameter or field at its zero value (`false`, `0`, empty) is
not used, and needs no grant. A condition of a rule, however, looks at every number that is sent, 0 too. A switch that
is called the default is on where it is left out: it is judged, recorded and sent as `1`. A parameter that is not listed
is not passed on; a field that is not listed is guarded.

In the tables of fields, `[]` stands for each element of a list and `[…]` for each value of a map. Of a list or map that
is guarded, all that stands in it is guarded with it. The values after *but for* need no grant; of a map they are keys.
*Since* and *until* tell in which API versions a field means something; dockgate passes it on in all. *Conditions* are the
keys of a rule that speak of what the parameter or field says.

dockgate passes neither `OPTIONS` on nor a path that ends in a slash.
";

/// The manual, as Markdown.
#[must_use]
pub fn render() -> String {
    let mut page = Page(INTRODUCTION.to_owned());
    page.groups();
    page.paragraph("## Conditions");
    page.paragraph(&conditions::chapter());
    for resource in RESOURCES {
        page.resource(resource);
    }
    page.0
}

/// The text so far.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    fn groups(&mut self) {
        self.paragraph("## Groups");
        for group in GROUPS {
            self.paragraph(&format!("### `{}`", group.name));
            self.paragraph(group.summary);
            self.paragraph(&code_list(group.operations.iter().copied()));
        }
    }

    fn resource(&mut self, resource: &Resource) {
        self.paragraph(&format!("## {}", resource.name));
        for endpoint in resource.rows {
            self.endpoint(endpoint);
        }
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
        self.paragraph(&format!("### `{endpoint}`"));
        self.paragraph(&format!("{}.", endpoint.summary));
        self.line("");
        self.line(&format!("- Id: `{}`", endpoint.id));
        self.line(&format!("- {}", span(endpoint)));
        self.line(&format!("- Body: {}", body(endpoint)));
        self.line(&format!("- Answer: {}", answer(endpoint.answer)));
        if !endpoint.headers.is_empty() {
            self.line(&format!(
                "- Headers passed on: {}",
                code_list(endpoint.headers.iter().map(|h| header(*h)))
            ));
        }
        let groups = GROUPS.iter().filter(|group| group.operations.contains(&endpoint.id));
        let groups = code_list(groups.map(|group| group.name));
        if !groups.is_empty() {
            self.line(&format!("- Groups: {groups}"));
        }
        if let Some(conditions) = conditions::of_endpoint(endpoint) {
            self.line(&conditions);
        }
        if !endpoint.parameters.is_empty() {
            self.paragraph("| Parameter | Value | Meaning | Guard | Conditions |");
            self.line("| --- | --- | --- | --- | --- |");
            for parameter in endpoint.parameters {
                self.parameter(endpoint, parameter);
            }
        }
        if let BodyKind::Json { kind, guard } = endpoint.body {
            let mut rows = Vec::new();
            field_rows(kind, "", guard != Guard::Plain, &mut rows);
            if !rows.is_empty() {
                self.paragraph("| Field | Value | Meaning | Guard | Conditions |");
                self.line("| --- | --- | --- | --- | --- |");
                for row in rows {
                    self.line(&row);
                }
            }
        }
    }

    fn parameter(&mut self, endpoint: &Endpoint, parameter: &Parameter) {
        let guard = guard_in_words(parameter.guard, parameter.harmless);
        let (name, summary) = (parameter.name, parameter.summary);
        let conditions = conditions::of_parameter(endpoint, parameter);
        self.line(&format!("| `{name}` | {} | {summary} | {guard} | {conditions} |", kind(parameter.kind)));
    }
}

/// The rows of all fields in a value of this kind that stands at `path`; within what is guarded as a whole
/// nothing is said of guards.
fn field_rows(kind: Kind, path: &str, in_guarded: bool, rows: &mut Vec<String>) {
    match kind {
        Kind::List(inner) => field_rows(*inner, &format!("{path}[]"), in_guarded, rows),
        Kind::Map(inner) => field_rows(*inner, &format!("{path}[…]"), in_guarded, rows),
        Kind::Struct(parts) => parts.iter().for_each(|part| part_rows(part, path, in_guarded, rows)),
        Kind::Bool
        | Kind::Int
        | Kind::Uint
        | Kind::Float
        | Kind::Text
        | Kind::Bytes
        | Kind::StrSlice
        | Kind::Any => {}
    }
}

fn part_rows(part: &Part, path: &str, in_guarded: bool, rows: &mut Vec<String>) {
    if let Some(elsewhere) = part.same_as {
        let (Some(first), Some(last)) = (part.fields.first(), part.fields.last()) else { return };
        let (first, last) = (first.name, last.name);
        rows.push(format!(
            "| `{first}` … `{last}` | as below `{elsewhere}` | What stands below `{elsewhere}`, in Engines up to \
             26.1; each of its fields | as below `{elsewhere}` | |"
        ));
        return;
    }
    for field in part.fields {
        let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        let guard = part.guard_of(field);
        let has_own_row =
            guard != Guard::Plain || !matches!(field.kind, Kind::Struct(parts) if !parts.is_empty());
        if has_own_row {
            let said = if in_guarded {
                "as the whole".to_owned()
            } else {
                guard_in_words(guard, part.harmless_of(field))
            };
            let (kind, meaning) = (type_of(field.kind), meaning(field));
            let conditions = conditions::of_field(field);
            rows.push(format!("| `{path}` | {kind} | {meaning} | {said} | {conditions} |"));
        }
        // Of a map of structs each field is guarded or plain by itself.
        let each_by_itself = matches!(field.kind, Kind::Map(Kind::Struct(_)));
        let in_guarded = in_guarded || (guard != Guard::Plain && !each_by_itself);
        field_rows(field.kind, &path, in_guarded, rows);
    }
}

fn meaning(field: &Field) -> String {
    let since = field.since.map(|since| format!("since {since}"));
    let until = field.until.map(|until| format!("until {until}"));
    let empty = field.empty_counts.then(|| "a zero value counts".to_owned());
    let below =
        field.guarded_below.map(|(directory, reason)| format!("**guarded** below `{directory}`: {reason}"));
    let more: Vec<String> = [since, until, empty, below].into_iter().flatten().collect();
    if more.is_empty() {
        field.summary.to_owned()
    } else {
        format!("{} ({})", field.summary, more.join(", "))
    }
}

fn guard_in_words(guard: Guard, harmless: &[&'static str]) -> String {
    match guard {
        Guard::Plain => "plain".to_owned(),
        Guard::Guarded(reason) if harmless.is_empty() => format!("**guarded**: {reason}"),
        Guard::Guarded(reason) => {
            format!("**guarded** but for {}: {reason}", code_list(harmless.iter().copied()))
        }
    }
}

fn type_of(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Int | Kind::Uint => "whole number".to_owned(),
        Kind::Float => "number".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Bytes => "base64".to_owned(),
        Kind::StrSlice => "list of text, or text".to_owned(),
        Kind::List(inner) => format!("list of {}", type_of(*inner)),
        Kind::Map(inner) => format!("map of {}", type_of(*inner)),
        Kind::Struct([]) => "empty struct".to_owned(),
        Kind::Struct(_) => "struct".to_owned(),
        Kind::Any => "anything".to_owned(),
    }
}

fn span(endpoint: &Endpoint) -> String {
    let until = endpoint.until.map(|until| format!(", until {until}")).unwrap_or_default();
    let unversioned = if endpoint.versioned { "" } else { "; asked of the daemon without a version" };
    format!("Since {}{until}{unversioned}", endpoint.since)
}

fn body(endpoint: &Endpoint) -> String {
    match endpoint.body {
        BodyKind::None => "none".to_owned(),
        BodyKind::Tar if ArchiveReader::reads(endpoint) => {
            "a tar archive, looked into where a rule says what it may hold".to_owned()
        }
        BodyKind::Tar => "a tar archive, not looked into".to_owned(),
        BodyKind::Json { kind, guard } => {
            let whole = if let Kind::List(inner) = kind {
                format!("a JSON array of {}", type_of(*inner))
            } else {
                "a JSON object".to_owned()
            };
            match guard {
                Guard::Plain => whole,
                Guard::Guarded(reason) => format!("{whole}, **guarded** as a whole: {reason}"),
            }
        }
    }
}

const fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Plain => "ordinary",
        Answer::Stream => "a stream, which may go on without end or come late",
        Answer::Hijack(Protocol::Tcp) => "a tunnel to the streams of a container (`Upgrade: tcp`)",
        Answer::Hijack(Protocol::WebSocket) => {
            "a tunnel to the streams of a container (`Upgrade: websocket`)"
        }
        Answer::Hijack(Protocol::H2c) => "a tunnel of gRPC (`Upgrade: h2c`)",
    }
}

const fn kind(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Bool | ParameterKind::StrictBool => "true or false",
        ParameterKind::Int => "number",
        ParameterKind::Text => "text",
        ParameterKind::List => "text, repeatable",
        ParameterKind::Filters => "filters",
        ParameterKind::Json => "JSON",
    }
}

const fn header(header: Header) -> &'static str {
    match header {
        Header::RegistryAuth => "X-Registry-Auth",
        Header::RegistryConfig => "X-Registry-Config",
        Header::AcceptEncoding => "Accept-Encoding",
        Header::Accept => "Accept",
        Header::ExposeSession => "X-Docker-Expose-Session-*",
    }
}

fn code_list(items: impl Iterator<Item = &'static str>) -> String {
    items.map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::operation::meaning::{Aspect, aspects_of};
    use crate::operation::table::endpoints;

    #[test]
    fn docs_operations_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == render(),
            "docs/operations.md is not what the endpoint table says; run: dockgate operations > docs/operations.md"
        );
    }

    #[test]
    fn every_endpoint_and_parameter_is_in_the_manual() {
        let manual = render();
        for endpoint in endpoints() {
            let (_, section) = manual.split_once(&format!("### `{endpoint}`\n")).unwrap();
            let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
            assert!(section.contains(&format!("- Id: `{}`\n", endpoint.id)), "{endpoint}");
            for parameter in endpoint.parameters {
                assert!(
                    section.contains(&format!("\n| `{}` |", parameter.name)),
                    "{endpoint}?{}",
                    parameter.name
                );
                if let Guard::Guarded(reason) = parameter.guard {
                    assert!(section.contains(reason), "{endpoint}?{}", parameter.name);
                }
            }
        }
    }

    #[test]
    fn every_field_is_in_the_manual() {
        let mut rows = Vec::new();
        let create = endpoints().find(|endpoint| endpoint.id == "ContainerCreate").unwrap();
        let BodyKind::Json { kind, .. } = create.body else { panic!("it has no body") };
        field_rows(kind, "", false, &mut rows);
        let row = |path: &str| rows.iter().find(|row| row.starts_with(&format!("| `{path}` |"))).unwrap();
        assert!(row("HostConfig.Privileged").contains("**guarded**: gives the container every right"));
        assert!(row("HostConfig.Mounts[].Source").ends_with("| as the whole |  |"));
        assert!(row("Healthcheck.Test").ends_with("| plain |  |"));
        assert!(row("HostConfig.Binds").ends_with("| `host_paths`, `volumes` |"));
        assert!(row("NetworkingConfig.EndpointsConfig[…].NetworkID").contains("**guarded**"));
        let again = rows.iter().filter(|row| row.contains("as below `HostConfig`")).count();
        assert_eq!(again, 2, "once for its own fields, once for the limits");
    }

    #[test]
    fn every_condition_is_in_the_manual_with_what_it_speaks_of() {
        let manual = render();
        for aspect in Aspect::ALL {
            let row = manual.lines().find(|line| line.starts_with(&format!("| `{aspect}` |"))).unwrap();
            assert!(row.contains(aspect.summary()), "{row}");
            let said = endpoints().filter(|endpoint| aspects_of(endpoint).contains(&aspect));
            let said: Vec<_> = said.collect();
            assert!(!said.is_empty(), "{aspect}");
            for endpoint in said {
                assert!(row.contains(&format!("`{}`", endpoint.id)), "{row}");
                let (_, section) = manual.split_once(&format!("### `{endpoint}`\n")).unwrap();
                let list = section.split("\n\n").nth(1).unwrap();
                assert!(
                    list.contains("- Conditions: ") && list.contains(&format!("`{aspect}`")),
                    "{endpoint}: {list}"
                );
            }
        }
        assert!(manual.contains("- Conditions: `container.…`\n"));
    }

    #[test]
    fn no_cell_breaks_its_table() {
        for line in render().lines().filter(|line| line.starts_with('|')) {
            let columns = line.matches('|').count();
            assert!([3, 5, 6].contains(&columns), "{line}");
        }
    }
}
