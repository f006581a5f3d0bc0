//! Which conditions of a rule speak of an operation, a parameter, a field.

use super::code_list;
use crate::command::push;
use crate::operation::field::Field;
use crate::operation::meaning::{Aspect, Stance, aspects_of, aspects_of_parameter};
use crate::operation::table::{Endpoint, Parameter, endpoints};
use crate::policy::things_met;

const INTRODUCTION: &str = "\
A rule says what may be meant by these keys, whatever parameter or field says it; `docs/policy.md` describes how. In an
allow rule such a key also grants the guarded parameters and fields that say nothing beyond it. The tables of operations have
the keys that speak of each. Beside them any parameter and field can have a condition of its own: `query.NAME = …`,
`body.\"FIELD\" = …`.
";

/// The chapter on all of them.
pub(super) fn chapter() -> String {
    let mut text =
        format!("{INTRODUCTION}\n| Key | About | As in | Operations |\n| --- | --- | --- | --- |\n");
    for aspect in Aspect::ALL {
        let operations = endpoints().filter(|endpoint| aspects_of(endpoint).contains(&aspect));
        let operations = code_list(operations.map(|endpoint| endpoint.id));
        let (about, examples) = (aspect.summary(), code_list(aspect.examples().iter().copied()));
        push(&mut text, format_args!("| `{aspect}` | {about} | {examples} | {operations} |\n"));
    }
    text.push_str(
        "\nWhat the containers of `ContainerCreate`, `ServiceCreate` and `ServiceUpdate` must be like:\n\n\
         | Key | The container |\n| --- | --- |\n",
    );
    for stance in Stance::ALL {
        push(&mut text, format_args!("| `require.{}` | {} |\n", stance.as_str(), stance.summary()));
    }
    text.trim_end().to_owned()
}

/// Those that speak of an operation as a whole, for its list.
pub(super) fn of_endpoint(endpoint: &Endpoint) -> Option<String> {
    let things = things_met(endpoint).into_iter().map(|kind| format!("`{kind}.…`"));
    let aspects = Aspect::ALL.into_iter().filter(|aspect| aspects_of(endpoint).contains(aspect));
    let keys: Vec<String> = things.chain(aspects.map(|aspect| format!("`{aspect}`"))).collect();
    (!keys.is_empty()).then(|| format!("- Conditions: {}", keys.join(", ")))
}

pub(super) fn of_parameter(endpoint: &Endpoint, parameter: &Parameter) -> String {
    listed(aspects_of_parameter(endpoint, parameter))
}

pub(super) fn of_field(field: &Field) -> String {
    listed(field.reading.map_or(&[], |reading| reading.aspects()))
}

fn listed(aspects: &[Aspect]) -> String {
    code_list(aspects.iter().map(|aspect| aspect.as_str()))
}
