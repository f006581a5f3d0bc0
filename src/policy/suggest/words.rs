//! What a rule lacks, in a few words each.

use super::toml_text;
use crate::operation::Operation;
use crate::operation::meaning::Meaning;
use crate::policy::rule::{LackingField, Shortfall};

/// What is lacking, and where: for whoever asks why a rule does not grant a request.
pub(in crate::policy) fn in_words(operation: &Operation, shortfall: &Shortfall) -> String {
    match shortfall {
        Shortfall::Grant { parameter, guard, .. } => {
            format!("it does not grant the parameter {}, which {guard}", parameter.name)
        }
        Shortfall::Credentials => {
            "it does not grant the credentials in X-Registry-Config (`registry_credentials = true`)"
                .to_owned()
        }
        Shortfall::Body { guard } => format!("it does not grant the body, which {guard}"),
        Shortfall::Field(LackingField { place, guard, .. }) => {
            format!("it does not grant {place}, which {guard}")
        }
        Shortfall::Condition { parameter, value } => {
            let value = toml_text::short(value).map(|value| format!(" {value}")).unwrap_or_default();
            format!("its condition on {} does not admit{value}", parameter.name)
        }
        Shortfall::FieldCondition { path, value } => {
            format!("its condition on {path} does not admit {}", toml_text::short_json(value))
        }
        Shortfall::Meaning(meant) => {
            let aspect = meant.meaning.aspect();
            let vain = if super::is_read_only_in_vain(operation, &meant.meaning) {
                "; below API 1.44 a read-only mount leaves what is mounted further down writable"
            } else {
                ""
            };
            format!("its {aspect} do not have {}, in {}{vain}", value_in_words(&meant.meaning), meant.place)
        }
        Shortfall::Inside(meant) => {
            let aspect = meant.meaning.aspect();
            format!("it does not grant the {aspect} {} of {}", value_in_words(&meant.meaning), meant.place)
        }
        Shortfall::Unseen(why) => format!("what the archive says is not known: {why}"),
        Shortfall::Unknown(question) => format!("it is not known what {question} is"),
        Shortfall::Thing(reference) => format!("it is not for {reference}"),
        Shortfall::AllTags(reference) => {
            format!("{reference} without a tag stands for all its tags, and it is judged by one")
        }
        Shortfall::Made(kind) => format!("it is not for such a {kind} as is made"),
        Shortfall::Prune(kind) => {
            format!("the daemon can be told to prune each {kind} with one label only, not those it is for")
        }
        Shortfall::ReservedLabel { place } => format!("only dockgate sets the label in {place}"),
        Shortfall::Requirement(wish) => format!("`{wish}` does not hold"),
    }
}

/// What is meant, without its kind: `"/etc" (read-only)`.
pub(in crate::policy) fn value_in_words(meaning: &Meaning) -> String {
    let text = toml_text::meant(meaning);
    let aspect = meaning.aspect().as_str();
    text.strip_prefix(aspect).map_or(text.clone(), |rest| rest.trim_start().to_owned())
}
