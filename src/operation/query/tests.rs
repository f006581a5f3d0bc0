use proptest::prelude::*;

use super::{Query, Value, names};
use crate::operation::table::{Endpoint, endpoints};

fn endpoint(id: &str) -> &'static Endpoint {
    endpoints().find(|endpoint| endpoint.id == id).unwrap()
}

/// The query as it is sent on, or what is wrong with it.
fn sent(id: &str, raw: &str) -> Result<String, String> {
    let query = Query::read(raw.as_bytes(), endpoint(id)).map_err(|unreadable| unreadable.message)?;
    let mut out = String::new();
    query.write(&mut out);
    Ok(out)
}

#[track_caller]
fn assert_sent(id: &str, raw: &str, expected: &str) {
    assert_eq!(sent(id, raw).as_deref(), Ok(expected), "{raw}");
}

#[track_caller]
fn assert_refused(id: &str, raw: &str, part: &str) {
    let message = sent(id, raw).unwrap_err();
    assert!(message.contains(part), "{raw}: {message}");
}

#[test]
fn the_first_value_of_a_name_counts() {
    assert_sent("ContainerRename", "name=victim&name=own", "?name=victim");
    assert_sent("ContainerRename", "name=&name=own", "?name=");
    assert_sent("ContainerList", "filters=&filters=%7B%22id%22%3A%5B%22x%22%5D%7D", "");
    assert_sent("ImageBuild", "networkmode=host&networkmode=none", "?rm=1&networkmode=host");
    assert_sent("ImageCreate", "fromImage=&fromImage=allowed&fromSrc=-", "?fromImage=&fromSrc=-");
}

#[test]
fn lists_keep_every_value() {
    assert_sent("ImageGetAll", "names=a&names=b%3A1&names=a", "?names=a&names=b%3A1&names=a");
}

#[test]
fn names_are_decoded_and_keep_their_case() {
    assert_sent("ImageCreate", "%66romImage=evil", "?fromImage=evil");
    assert_sent("ImageCreate", "FromImage=evil", "");
    assert_sent("ImageBuild", "NetworkMode=none&networkmode=host", "?rm=1&networkmode=host");
}

#[test]
fn what_is_not_known_is_dropped_however_large() {
    let copied = format!("Image=x&HostConfig=%7B{}%7D&name=web&Env=\u{ff}", "%22a".repeat(30_000));
    assert_sent("ContainerCreate", &copied, "?name=web");
    assert!(names(b"a=1&b%20c&&=d&HostConfig=").iter().eq(["", "HostConfig", "a", "b c"]));
}

#[test]
fn plus_is_a_space_and_only_the_first_equals_sign_separates() {
    assert_sent("PutContainerArchive", "path=/data/+/../../tmp", "?path=%2Fdata%2F%20%2F..%2F..%2Ftmp");
    assert_sent("ContainerRename", "name=a=b?c#d", "?name=a%3Db%3Fc%23d");
}

#[test]
fn a_semicolon_or_a_broken_escape_anywhere_refuses_the_request() {
    for raw in ["a;b&remote=http://x", "name=own-b;name=victim", ";"] {
        assert_refused("ImageBuild", raw, "holds a ;");
    }
    for raw in ["x=%zz&remote=http://x", "%zz", "x=%", "remote=a&remote=%4"] {
        assert_refused("ImageBuild", raw, "two hexadecimal digits");
    }
    assert_sent("ContainerRename", "name=a%3Bb", "?name=a%3Bb");
}

#[test]
fn switches_are_off_for_five_words_only() {
    for off in ["=0", "=no", "=FALSE", "=None", "=%20false%20", "=%09no%0a", "=+0"] {
        assert_sent("ContainerStats", &format!("stream{off}"), "?stream=0");
    }
    for on in ["1", "true", "off", "f", "n", "00", "null", "disabled", "-1", "1#", "fal\u{17f}e"] {
        assert_sent("ContainerDelete", &format!("force={on}"), "?force=1");
    }
    for off in ["force", "force="] {
        assert_sent("ContainerDelete", off, "?force=0");
    }
}

#[test]
fn what_is_on_when_it_is_left_out_is_read_as_on() {
    assert_sent("ContainerStats", "", "?stream=1");
    assert_sent("ContainerStats", "stream=false", "?stream=0");
    assert_sent("ImageLoad", "", "?quiet=1");
    assert_sent("ImageCommit", "pause=0", "?pause=0");
    for raw in ["stream", "stream="] {
        assert_refused("ContainerStats", raw, "is empty; write 1 or 0");
    }
}

#[test]
fn strict_switches_are_read_as_go_parses_booleans() {
    for (raw, expected) in
        [("force=", ""), ("verbose=T", "?verbose=1"), ("verbose=False", "?verbose=0"), ("verbose=", "")]
    {
        assert_sent("NetworkInspect", raw, expected);
    }
    for text in ["yes", "tRUE", "no", "2", " 1"] {
        assert_refused("NetworkInspect", &format!("verbose={text}"), "\"verbose\": must be true or false");
    }
}

#[test]
fn numbers_are_decimal_and_of_64_bits() {
    for (raw, expected) in [
        ("t=5", "?t=5"),
        ("t=-1", "?t=-1"),
        ("t=%2B5", "?t=5"),
        ("t=007", "?t=7"),
        ("t=", ""),
        ("t=9223372036854775807", "?t=9223372036854775807"),
    ] {
        assert_sent("ContainerStop", raw, expected);
    }
    for text in ["1.5", "1e3", "0x10", "+5", "five", "9223372036854775808", "1_0", "-", " 1"] {
        assert_refused("ContainerStop", &format!("t={text}"), "\"t\": must be a whole number");
    }
}

#[test]
fn filters_are_sent_in_one_spelling() {
    let map = "?filters=%7B%22label%22%3A%7B%22owner%3Dme%22%3Atrue%7D%7D";
    assert_sent("ContainerList", "filters={\"label\":[\"owner=me\"]}", map);
    assert_sent("ContainerList", "filters=%7B%22label%22%3A%7B%22owner%3Dme%22%3Afalse%7D%7D", map);
    for none in ["filters={}", "filters=null", "filters", "filters="] {
        assert_sent("ContainerPrune", none, "");
    }
    assert_refused("ContainerList", "filters={\"a\":[\"b\"]}x", "\"filters\": at byte 11");
}

#[test]
fn json_is_read_strictly_and_kept() {
    let raw = "buildargs={}&labels={\"a\":\"1\",\"A\":\"2\"}&cachefrom=[]&ulimits=null&cpusetcpus=&t=own/t&memory=0";
    assert_sent(
        "ImageBuild",
        raw,
        "?t=own%2Ft&cachefrom=%5B%5D&rm=1&memory=0&cpusetcpus=&buildargs=%7B%7D\
         &labels=%7B%22a%22%3A%221%22%2C%22A%22%3A%222%22%7D&ulimits=null",
    );
    assert_sent("ImageBuild", "buildargs=", "?rm=1");
    assert_refused(
        "ImageBuild",
        "buildargs={\"A\":\"1\",\"A\":\"2\"}",
        "\"buildargs\": at byte 9, A: this key stands twice",
    );
    assert_refused("ImageBuild", "ulimits=[{\"Name\":\"a\",\"name\":\"b\"}]", "this field stands twice");
}

#[test]
fn control_characters_and_broken_text_are_refused_without_being_shown() {
    for raw in ["name=a%00b", "name=a%1bb", "name=a%7f", "name=a%c2%85"] {
        assert_refused("ContainerRename", raw, "parameter \"name\": holds a control character");
    }
    assert_refused("ContainerRename", "name=%ff", "parameter \"name\": is not UTF-8");
    assert_sent("ImageCommit", "comment=two%0Alines", "?comment=two%0Alines&pause=1");
    assert_sent("ContainerArchive", "path=/caf%C3%A9", "?path=%2Fcaf%C3%A9");
}

#[test]
fn zero_values_are_told_from_others() {
    let query = |raw: &str| Query::read(raw.as_bytes(), endpoint("ImageBuild")).unwrap();
    let zeros = query("remote=&nocache=0&memory=0&t=&labels={}&ulimits=null");
    let given = || zeros.iter().filter(|(parameter, _)| parameter.default.is_none());
    assert_eq!(given().count(), 6);
    assert!(given().all(|(_, value)| value.is_zero()));
    let others = query("remote=x&nocache=1&memory=1&t=&t=a&labels={\"a\":\"\"}&ulimits=[0]");
    assert!(others.iter().all(|(_, value)| !value.is_zero()));
    assert_eq!(others.get("remote"), Some(&Value::Text("x".to_owned())));
    assert_eq!(others.get("t").unwrap().to_string(), ",a");
    assert!(others.get("nothing").is_none() && !others.is_empty());
}

/// A query of known and unknown names with values that are often of the right kind.
fn nearly_query(endpoint: &'static Endpoint) -> impl Strategy<Value = String> {
    let names: Vec<&str> = endpoint.parameters.iter().map(|parameter| parameter.name).chain(["x"]).collect();
    let value = prop_oneof![
        prop::sample::select(vec![
            "",
            "1",
            "0",
            "true",
            "false",
            "-7",
            "a+b",
            "%7B%7D",
            "{\"a\":[\"b\"]}",
            "{\"a\":{\"b\":false}}",
            "[1.50]",
            "null",
            "%00",
            "%zz",
            ";",
            "{\"a\":\"\\u007f\\n\"}",
            "[\"\\ud83d\\ude00\"]",
        ])
        .prop_map(str::to_owned),
        "[ -~é]{0,12}",
    ];
    let pair = (prop::sample::select(names), value).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..12).prop_map(|pairs| pairs.join("&"))
}

fn any_endpoint() -> impl Strategy<Value = &'static Endpoint> {
    prop::sample::select(endpoints().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn what_is_sent_is_read_as_it_was((endpoint, raw) in any_endpoint().prop_flat_map(|e| (Just(e), nearly_query(e)))) {
        if let Ok(query) = Query::read(raw.as_bytes(), endpoint) {
            let mut sent = String::new();
            query.write(&mut sent);
            prop_assert!(sent.is_ascii());
            let again = sent.strip_prefix('?').unwrap_or_default();
            prop_assert_eq!(Query::read(again.as_bytes(), endpoint), Ok(query));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(endpoint in any_endpoint(), raw: Vec<u8>) {
        let _read = Query::read(&raw, endpoint);
    }
}
