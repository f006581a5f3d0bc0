//! That keys of structs may be spelled in any case, and nothing else may.

use proptest::prelude::*;

use super::super::super::json::Json;
use super::super::{Kind, container, service};

/// A value of a kind, not too large.
fn value_of(kind: Kind) -> BoxedStrategy<Json> {
    match kind {
        Kind::Bool => any::<bool>().prop_map(Json::Bool).boxed(),
        Kind::Int => any::<i64>().prop_map(|number| Json::Number(number.to_string().into())).boxed(),
        Kind::Uint => any::<u64>().prop_map(|number| Json::Number(number.to_string().into())).boxed(),
        Kind::Float => any::<i32>().prop_map(|number| Json::Number(format!("{number}.5").into())).boxed(),
        Kind::Bytes => Just(Json::String("aGk=".into())).boxed(),
        Kind::Text | Kind::Any => "[a-zſK]{0,3}".prop_map(|text| Json::String(text.into())).boxed(),
        Kind::StrSlice => value_of(Kind::TEXTS),
        Kind::List(inner) => prop::collection::vec(value_of(*inner), 0..3).prop_map(Json::Array).boxed(),
        Kind::Map(inner) => prop::collection::btree_map("[a-zA-ZſK]{1,3}", value_of(*inner), 0..3)
            .prop_map(|map| {
                Json::Object(
                    map.into_iter().map(|(key, value): (String, Json)| (key.into(), value)).collect(),
                )
            })
            .boxed(),
        Kind::Struct(_) => {
            let fields: Vec<_> = kind.fields().map(|(_, field)| field).collect();
            let most = fields.len().min(4);
            prop::sample::subsequence(fields, 0..=most)
                .prop_flat_map(|fields| {
                    let values: Vec<_> = fields
                        .into_iter()
                        .map(|field| {
                            let value = prop_oneof![1 => Just(Json::Null), 4 => value_of(field.kind)];
                            value.prop_map(|value| (field.name.into(), value))
                        })
                        .collect();
                    values.prop_map(Json::Object)
                })
                .boxed()
        }
    }
}

/// The value with the keys of its structs respelled, and whether any of them went beyond ASCII.
fn respelled(value: &Json, kind: Kind, respell: &mut impl FnMut(&str) -> String) -> (Json, bool) {
    let mut odd = false;
    let json = match (value, kind) {
        (Json::Object(fields), Kind::Struct(_)) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| {
                    let (value, below) = respelled(value, kind.field(key).unwrap().1.kind, respell);
                    let key = respell(key);
                    odd |= below || !key.is_ascii();
                    (key.into(), value)
                })
                .collect(),
        ),
        (Json::Object(fields), Kind::Map(inner)) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| {
                    let (value, below) = respelled(value, *inner, respell);
                    odd |= below;
                    (key.clone(), value)
                })
                .collect(),
        ),
        (Json::Array(items), Kind::List(inner)) => Json::Array(
            items
                .iter()
                .map(|item| {
                    let (item, below) = respelled(item, *inner, respell);
                    odd |= below;
                    item
                })
                .collect(),
        ),
        _ => value.clone(),
    };
    (json, odd)
}

fn body() -> impl Strategy<Value = (Kind, Json)> {
    prop_oneof![Just(container::CREATE), Just(service::SPEC)]
        .prop_flat_map(|kind| value_of(kind).prop_map(move |json| (kind, json)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_body_of_the_table_is_read_as_it_is((kind, json) in body()) {
        prop_assert_eq!(Json::read(json.to_string().as_bytes(), kind), Ok(json));
    }

    #[test]
    fn any_mixture_of_case_is_the_same_body((kind, json) in body(), seed in any::<u64>()) {
        let mut bits = seed;
        let (folded, _) = respelled(&json, kind, &mut |key| {
            key.chars()
                .map(|c| {
                    bits = bits.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    if bits & 1 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
                })
                .collect()
        });
        prop_assert_eq!(Json::read(folded.to_string().as_bytes(), kind), Ok(json));
    }

    #[test]
    fn what_only_go_folds_is_refused((kind, json) in body()) {
        let (folded, odd) =
            respelled(&json, kind, &mut |key| key.replace(['s', 'S'], "ſ").replace(['k', 'K'], "\u{212a}"));
        let read = Json::read(folded.to_string().as_bytes(), kind);
        prop_assert_eq!(read.is_err(), odd);
    }
}
