//! The schema says what the reader says: of the policies that ship, of the manual's examples, and of either with a
//! key that does not exist.

use std::path::Path;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::operation::meaning::Aspect;
use crate::operation::table::{BodyKind, endpoints};
use crate::policy::case::Suite;
use crate::policy::problem::{Code, Severity};
use crate::policy::schema::schema;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);

struct Validator {
    schemas: Schemas,
    policy: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("policy.json", schema()).unwrap();
        let policy = compiler.compile("policy.json", &mut schemas).unwrap();
        Self { schemas, policy }
    }

    fn accepts(&self, policy: &Value) -> Result<(), String> {
        self.schemas.validate(policy, self.policy).map_err(|error| format!("{error:#}"))
    }
}

/// Policies that ship and examples of the manual, each with what it is called.
fn policies() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join("policy")).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
    }
    for page in ["docs/policy.md", "docs/problems.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let examples = text.split("\n```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        found.extend(examples.map(|example| (format!("{page}: {example}"), example.to_owned())));
    }
    let read = found.into_iter().map(|(name, text)| (name, read(&text)));
    read.filter(|(_, policy)| policy.get("version").is_some()).collect()
}

fn read(source: &str) -> Value {
    toml::from_str(source).unwrap()
}

/// The ways to all tables in a document.
fn tables(value: &Value, way: &str, ways: &mut Vec<String>) {
    if value.is_object() {
        ways.push(way.to_owned());
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let key = key.replace('~', "~0").replace('/', "~1");
        tables(inner, &format!("{way}/{key}"), ways);
    }
    for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
        tables(inner, &format!("{way}/{place}"), ways);
    }
}

fn errors(source: &str) -> Vec<Code> {
    let (_, problems) = Suite::read(source);
    problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .map(|problem| problem.code)
        .collect()
}

#[test]
fn what_ships_and_what_the_manual_shows_is_valid() {
    let policies = policies();
    assert!(policies.len() > 30, "{}", policies.len());
    for (name, policy) in policies {
        VALIDATOR.accepts(&policy).unwrap_or_else(|error| panic!("{name}\n{error}"));
    }
}

#[test]
fn a_key_that_the_reader_does_not_know_the_schema_does_not_know_either() {
    let mut refused = 0;
    for (name, policy) in policies() {
        let mut ways = Vec::new();
        tables(&policy, "", &mut ways);
        for way in ways {
            let mut changed = policy.clone();
            let table = changed.pointer_mut(&way).unwrap().as_object_mut().unwrap();
            table.insert("nonsense".to_owned(), json!(true));
            let source = toml::to_string(&changed).unwrap();
            let errors = errors(&source);
            let is_unknown = errors
                .iter()
                .any(|code| matches!(code, Code::UnknownKey | Code::UnknownField | Code::UnknownParameter));
            if is_unknown {
                refused += 1;
                assert!(VALIDATOR.accepts(&changed).is_err(), "{name}\n{source}");
            } else if errors.is_empty() {
                VALIDATOR.accepts(&changed).unwrap_or_else(|error| panic!("{name}\n{source}\n{error}"));
            }
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn every_operation_parameter_and_field_is_known_to_both() {
    for endpoint in endpoints() {
        let query: Vec<_> = endpoint
            .parameters
            .iter()
            .map(|parameter| format!("query.{:?} = true\n", parameter.name))
            .collect();
        let body = match endpoint.body {
            BodyKind::Json { kind, guard: _ } => kind.paths(),
            BodyKind::None | BodyKind::Tar => Vec::new(),
        };
        let mut body: Vec<_> = body.iter().map(|path| format!("body.{path:?} = true\n")).collect();
        body.sort();
        body.dedup();
        for name in [endpoint.to_string(), endpoint.id.to_owned()] {
            let source = format!(
                "version = 1\n[[allow]]\noperations = [{name:?}]\n{}{}",
                query.concat(),
                body.concat()
            );
            assert_eq!(errors(&source), [], "{source}");
            VALIDATOR.accepts(&read(&source)).unwrap_or_else(|error| panic!("{source}\n{error}"));
        }
    }
}

#[test]
fn what_is_given_as_an_example_may_be_meant() {
    for aspect in Aspect::ALL.into_iter().filter(|aspect| !matches!(aspect, Aspect::Resource(_))) {
        let source =
            format!("version = 1\n[[allow]]\noperations = \"*\"\n{aspect} = {:?}\n", aspect.examples());
        assert_eq!(errors(&source), [], "{source}");
    }
}

#[test]
fn a_value_that_cannot_be_is_refused_by_both() {
    for line in [
        "clients = []",
        "query.w = \"ten\"",
        "query.w = { max = true }",
        "query.signal = 9",
        "query.all = { regex = \"x\" }",
        "body.\"HostConfig.Privileged\" = \"x\"",
        "body.HostConfig.Privileged = 1",
        "host_paths = { regex = \"x\" }",
        "images = []",
        "images = { read_only = [\"x\"] }",
        "resources.memory = \"x\"",
        "container.name = true",
        "container.owner = false",
        "image.image = \"x\"",
        "require.non_root = false",
        "profile = \"sound\"",
        "redact = \"@everything\"",
        "reason = \" \"",
        "unguarded = \"yes\"",
    ] {
        let source =
            format!("version = 1\n[clients.a]\nlistener = \"a\"\n[[allow]]\noperations = \"*\"\n{line}\n");
        assert_ne!(errors(&source), [], "{source}");
        assert!(VALIDATOR.accepts(&read(&source)).is_err(), "{source}");
    }
    for operation in
        ["GET /containers", "POST /containers/json", "ContainerRun", "@all", "PATCH /info", "GET /v1.44/info"]
    {
        let source = format!("version = 1\n[[allow]]\noperations = {operation:?}\n");
        assert_ne!(errors(&source), [], "{source}");
        assert!(VALIDATOR.accepts(&read(&source)).is_err(), "{source}");
    }
    for operation in
        ["GET /containers/{}/json", "GET /containers/{name}/json", "GET ~^/containers/(a|b)/json$"]
    {
        let source = format!("version = 1\n[[allow]]\noperations = {operation:?}\n");
        assert_eq!(errors(&source), [], "{source}");
        VALIDATOR.accepts(&read(&source)).unwrap_or_else(|error| panic!("{source}\n{error}"));
    }
}

/// A hover in an editor shows these: every key and every entry of a closed set has a sentence.
#[test]
fn every_key_is_described() {
    fn visit(schema: &Value, place: &str, whole: &Value) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, inner) in properties {
                let definition = inner
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|to| whole.pointer(to.strip_prefix('#')?));
                let sentence = definition
                    .unwrap_or(inner)
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                assert!(!sentence.is_empty(), "{place}.{key}: {inner}");
                visit(inner, &format!("{place}.{key}"), whole);
            }
        }
        if let Some(constant) = schema.get("const").filter(|constant| constant.is_string()) {
            assert!(schema.get("description").is_some(), "{place}: {constant}");
        }
        for key in ["anyOf", "allOf"] {
            schema
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .for_each(|one| visit(one, place, whole));
        }
    }
    let schema = schema();
    visit(&schema, "", &schema);
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        visit(definition, name, &schema);
    }
    assert_eq!(schema["properties"]["version"]["const"], json!(1));
}
