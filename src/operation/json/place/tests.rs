use proptest::prelude::*;

use super::*;
use crate::operation::json::Expected;

fn as_it_is(text: &str) -> String {
    let mut out = Vec::new();
    let text = text.as_bytes();
    if text.starts_with(b"{") {
        rewrite_object(text, &mut out, |_, _, _| Ok::<_, Misplaced>(Kept::AsItIs)).unwrap();
    } else {
        rewrite_array(text, &mut out, |_, _| Ok::<_, Misplaced>(Kept::AsItIs)).unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn without(text: &str, gone: &str) -> String {
    let mut out = Vec::new();
    let text = text.as_bytes();
    let is_kept = |is_gone: bool| Ok::<_, Misplaced>(if is_gone { Kept::Not } else { Kept::AsItIs });
    if text.starts_with(b"{") {
        rewrite_object(text, &mut out, |key, _, _| is_kept(key == gone)).unwrap();
    } else {
        rewrite_array(text, &mut out, |value, _| is_kept(value == gone.as_bytes())).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn what_goes_takes_its_comma_along() {
    for (text, gone, expected) in [
        ("[1,2,3]", "1", "[2,3]"),
        ("[1,2,3]", "2", "[1,3]"),
        ("[1,2,3]", "3", "[1,2]"),
        ("[ 1 ]", "1", "[ ]"),
        ("[ 1 , 2 ]", "1", "[ 2 ]"),
        (r#"{"a":1,"b":"}]","c":[{}]}"#, "b", r#"{"a":1,"c":[{}]}"#),
        (r#"{ "\u0061" : 1 , "b":2}"#, "a", r#"{ "b":2}"#),
    ] {
        assert_eq!(without(text, gone), expected, "{text} without {gone}");
    }
}

#[test]
fn what_is_put_in_place_leaves_the_rest() {
    let mut out = Vec::new();
    rewrite_object(br#"{"a": 9223372036854775807 ,"b":"x"}"#, &mut out, |key, _, out| {
        Ok::<_, Misplaced>(if key == "b" {
            out.extend_from_slice(b"null");
            Kept::Written
        } else {
            Kept::AsItIs
        })
    })
    .unwrap();
    assert_eq!(out, br#"{"a": 9223372036854775807 ,"b":null}"#);
}

#[test]
fn what_is_no_json_is_misplaced() {
    for text in
        ["[1 2]", "[1,]x", "[1", "[,]", "[1]]", "[?]", "{\"a\" 1}", "{a:1}", "{\"a\":1", "{\"a\":}", "1", ""]
    {
        let mut out = Vec::new();
        let array = rewrite_array(text.as_bytes(), &mut out, |_, _| Ok::<_, Misplaced>(Kept::AsItIs));
        let object = rewrite_object(text.as_bytes(), &mut out, |_, _, _| Ok::<_, Misplaced>(Kept::AsItIs));
        assert_eq!((array, object), (Err(Misplaced), Err(Misplaced)), "{text}");
    }
    assert_eq!(read_members(br#"{"Id":"a","x":1,"Id":"b"}"#, &["Id"]), Err(Misplaced));
}

/// JSON texts, with space where it may stand.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| Json::String(text.into()).to_string()),
        Just(r#""\\\" { ] \u00e9""#.to_owned()),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let space = prop_oneof![Just(""), Just(" "), Just("\n\t")];
        prop_oneof![
            (proptest::collection::vec(inner.clone(), 0..6), space.clone())
                .prop_map(|(items, space)| format!("[{space}{}]", items.join(&format!("{space},{space}")))),
            (proptest::collection::vec(inner, 0..6), space).prop_map(|(values, space)| {
                let fields =
                    values.iter().enumerate().map(|(key, value)| format!("\"k{key}\"{space}:{space}{value}"));
                format!("{{{space}{}}}", fields.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_kept_is_the_same_byte_for_byte(text in json()) {
        if text.starts_with(['[', '{']) {
            prop_assert_eq!(as_it_is(&text), text);
        }
    }

    #[test]
    fn an_end_is_found_wherever_the_text_is_cut(text in json(), more in json(), cut in 0..200_usize) {
        if text.starts_with(['[', '{']) {
            let both = format!("{text}{more}");
            let mut search = Search::default();
            let early = search.end_of_object(&both.as_bytes()[..cut.min(both.len())]);
            let late = early.or_else(|| search.end_of_object(both.as_bytes()));
            prop_assert_eq!(late, Some(text.len()));
        }
    }

    #[test]
    fn members_are_those_of_the_value(text in json()) {
        if text.starts_with('{') {
            let whole = Json::read_any(text.as_bytes(), Expected::Names).unwrap();
            prop_assert_eq!(read_members(text.as_bytes(), &["k0", "k1", "k2", "k3", "k4", "k5"]), Ok(whole));
        }
    }
}
