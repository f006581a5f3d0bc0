use proptest::prelude::*;

use super::{Expected, Json, MAX_DEPTH, shown, value};
use crate::operation::field::{container, network};

const CREATE: Expected<'static> = Expected::Kind(&container::CREATE);

/// What is wrong with the body of a container create.
fn flaw(text: &[u8]) -> String {
    value(text, CREATE).unwrap_err().to_string()
}

#[track_caller]
fn assert_reads(text: &str) {
    assert!(value(text.as_bytes(), CREATE).is_ok(), "{text}");
}

#[track_caller]
fn assert_reads_unknown(text: &str) {
    assert!(value(text.as_bytes(), Expected::Unknown).is_ok(), "{text}");
}

#[test]
fn a_folded_duplicate_is_refused_where_a_struct_stands() {
    for text in [
        r#"{"HostConfig":{"Privileged":true},"HostConfig":{}}"#,
        r#"{"Privileged":false,"privileged":true}"#,
        r#"{"HostConfig":{"Privileged":false,"\u0050RIVILEGED":true}}"#,
        r#"{"Mounts":[{"Type":"bind","TYPE":"volume"}]}"#,
        r#"{"HostConfig":{"Binds":["/:/h"],"Binds":[null]}}"#,
        r#"{"NetworkingConfig":{"EndpointsConfig":{"n":{"Aliases":[],"aliases":[]}}}}"#,
        r#"{"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HOSTIP":""}]}}}"#,
        r#"{"IPAM":{"Config":[{"Subnet":"","subnet":""}]}}"#,
        r#"{"Labels":{},"labels":{}}"#,
    ] {
        assert!(flaw(text.as_bytes()).contains("this field stands twice"), "{text}");
    }
}

#[test]
fn a_field_name_beyond_ascii_is_refused_in_any_spelling() {
    for text in [
        r#"{"HoſtConfig":{}}"#,
        r#"{"Ho\u017ftConfig":{}}"#,
        "{\"HostConfig\":{\"Networ\u{212a}Mode\":\"host\"}}",
        r#"{"HostConfig":{"Networ\u212aMode":"host"}}"#,
        r#"{"Uſer":"0"}"#,
        r#"{"NetworkingConfig":{"EndpointsConfig":{"n":{"Alia\u017fes":[]}}}}"#,
        r#"{"New":{"\u017f":[]}}"#,
    ] {
        assert!(flaw(text.as_bytes()).contains("beyond ASCII"), "{text}");
    }
}

#[test]
fn names_that_the_client_makes_up_are_exact() {
    assert_reads(r#"{"Labels":{"a":"1","A":"2","ſ":"x","s":"y","é":""}}"#);
    assert_reads(r#"{"labels":{"a":"1","A":"2"}}"#);
    assert_reads(r#"{"HostConfig":{"LogConfig":{"Config":{"a":"1","A":"2"}}}}"#);
    let network =
        r#"{"ipam":{"Options":{"a":"1","A":"2"},"Config":[{"AuxiliaryAddresses":{"h":"","H":""}}]}}"#;
    assert!(value(network.as_bytes(), Expected::Kind(&network::CREATE)).is_ok());
    assert_reads(r#"{"NetworkingConfig":{"EndpointsConfig":{"n":{"DriverOpts":{"a":"","A":""}},"N":null}}}"#);
    for text in [
        r#"{"Labels":{"a":"1","a":"2"}}"#,
        r#"{"NetworkingConfig":{"EndpointsConfig":{"n":{},"\u006e":{}}}}"#,
    ] {
        assert!(flaw(text.as_bytes()).contains("this key stands twice"), "{text}");
    }
}

#[test]
fn one_value_is_read_and_nothing_beside_it() {
    assert_reads_unknown(" \t\r\n{ \"a\" : [ 1 , { } , [ ] ] } \n");
    for text in ["{}{}", "{}}", "{}]", "{} garbage", "null 2", "nullx", "{}\0"] {
        assert!(flaw(text.as_bytes()).contains("something follows"), "{text}");
    }
    for text in
        ["", " ", "{", "[", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "\"", "\"a", "-", "tru"]
    {
        assert!(value(text.as_bytes(), Expected::Unknown).is_err(), "{text}");
    }
}

#[test]
fn what_only_lenient_parsers_take_is_refused() {
    for text in [
        "\u{feff}{}",
        "{'a':1}",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "/**/{}",
        "{}//",
        "NaN",
        "Infinity",
        "True",
        "\u{a0}{}",
        "\u{b}{}",
        "[1 2]",
        "{\"a\" 1}",
        "{1:1}",
        "\"\t\"",
        "\"\n\"",
        "\"\0\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\u{41}\"",
        "\"\\",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\\u0000\"",
        "01",
        "-01",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "0x1",
        "--1",
        "1.e1",
        "1_0",
        "-",
        "٣",
    ] {
        assert!(value(text.as_bytes(), Expected::Unknown).is_err(), "{text}");
    }
    for bytes in [
        &b"\"\xff\""[..],
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"{\"Privileged\xff\":true}",
        b"\xff\xfe{\0}\0",
    ] {
        assert!(flaw(bytes).contains("not UTF-8"));
    }
}

#[test]
fn escapes_are_read() {
    let read = value(br#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\uDE00""#, Expected::Unknown).unwrap();
    assert_eq!(read, Json::String("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600}".into()));
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_reads_unknown(&nested(MAX_DEPTH));
    assert!(flaw(nested(MAX_DEPTH + 1).as_bytes()).contains("deeper than 64 levels"));
    assert!(value("[".repeat(5_000_000).as_bytes(), Expected::Unknown).is_err());
    assert_reads_unknown(&format!("[{}[]]", "[],".repeat(1000)));
}

#[test]
fn a_flaw_says_where_and_never_shows_a_value() {
    assert_eq!(
        flaw(br#"{"HostConfig":{"Binds":["/secret","/b",'/c']}}"#),
        "at byte 39, HostConfig.Binds[2]: a JSON value belongs here"
    );
    assert_eq!(
        flaw(br#"{"HostConfig":{"LogConfig":{"Type":"hunter2","type":1}}}"#),
        "at byte 45, HostConfig.LogConfig.type: this field stands twice (upper and lower case do not count); keep one"
    );
    assert_eq!(flaw(b"[1,[2,x]]"), "at byte 6, [1][1]: a JSON value belongs here");
    assert_eq!(
        flaw(b"{\"Labels\":{\"a.b\\u001b\":\"\",\"a.b\\u001b\":2}}"),
        "at byte 26, Labels.\"a.b\\u{1b}\": this key stands twice; keep one"
    );
    assert_eq!(
        flaw("{\"Networ\u{212a}Mode\":1}".as_bytes()),
        "at byte 1, \"Networ\\u{212a}Mode\": the name of a field holds a character beyond ASCII; no Docker field does"
    );
    let long = format!("{{\"{}\":x}}", "k".repeat(1000));
    assert_eq!(
        flaw(long.as_bytes()),
        format!("at byte 1004, {}…: a JSON value belongs here", "k".repeat(64))
    );
}

#[test]
fn what_is_of_another_type_than_the_table_says_is_refused() {
    for (text, belongs) in [
        (r#"{"Tty":1}"#, "at byte 7, Tty: true or false belongs here"),
        (r#"{"Tty":"hunter2"}"#, "at byte 7, Tty: true or false belongs here"),
        (r#"{"Image":1}"#, "at byte 9, Image: a text belongs here"),
        (r#"{"Env":"A=b"}"#, "at byte 7, Env: an array […] belongs here"),
        (r#"{"Env":["a",2]}"#, "at byte 12, Env[1]: a text belongs here"),
        (r#"{"Cmd":1}"#, "at byte 7, Cmd: a list of texts belongs here, or one text"),
        (r#"{"Cmd":[1]}"#, "at byte 8, Cmd[0]: a text belongs here"),
        (r#"{"Labels":[]}"#, "at byte 10, Labels: an object {…} belongs here"),
        (r#"{"HostConfig":"x"}"#, "at byte 14, HostConfig: an object {…} belongs here"),
    ] {
        assert_eq!(flaw(text.as_bytes()), belongs);
    }
    for number in ["1.0", "1e7", "1e99", "9223372036854775808", "\"5\"", "true"] {
        let flaw = flaw(format!("{{\"HostConfig\":{{\"Memory\":{number}}}}}").as_bytes());
        assert!(flaw.ends_with("a whole number belongs here, of 64 bits and written out"), "{flaw}");
    }
    for number in ["-1", "-0", "1.5"] {
        assert!(flaw(format!("{{\"ConsoleSize\":[{number}]}}").as_bytes()).contains("ConsoleSize[0]"));
    }
    assert_reads(
        r#"{"HostConfig":{"Memory":-9223372036854775808,"CpuShares":-0,"BlkioWeight":18446744073709551615}}"#,
    );
    assert_reads(r#"{"Tty":null,"Env":null,"Cmd":null,"Labels":null,"HostConfig":null,"StopTimeout":null}"#);
}

/// What a body of a container create is sent on as.
fn sent(text: &str) -> String {
    Json::read(text.as_bytes(), container::CREATE).unwrap().to_string()
}

#[test]
fn fields_are_spelled_as_the_daemon_spells_them() {
    assert_eq!(
        sent(
            r#"{"iMAGE":"x","labels":{"Image":"a","image":"b"},"hostconfig":{"PRIVILEGED":true,"newField":1}}"#
        ),
        r#"{"Image":"x","Labels":{"Image":"a","image":"b"},"HostConfig":{"Privileged":true,"newField":1}}"#
    );
}

#[test]
fn one_text_for_a_list_is_that_list() {
    assert_eq!(
        sent(r#"{"Cmd":"true","Entrypoint":"","HostConfig":{"CapAdd":"SYS_ADMIN"}}"#),
        r#"{"Cmd":["true"],"Entrypoint":[""],"HostConfig":{"CapAdd":["SYS_ADMIN"]}}"#
    );
}

#[test]
fn a_field_that_nobody_knows_is_left_out_where_it_is_zero() {
    assert_eq!(
        sent(r#"{"New":[],"Image":"x","HostConfig":{"New":{"a":0,"b":{}}}}"#),
        r#"{"Image":"x","HostConfig":{}}"#
    );
    assert_eq!(sent(r#"{"New":[0],"Labels":{"a":""}}"#), r#"{"New":[0],"Labels":{"a":""}}"#);
}

#[test]
fn a_large_body_is_read_in_reasonable_time() {
    let env: Vec<String> = (0..90_000).map(|n| format!("\"K{n}\":\"{n}\"")).collect();
    assert_reads(&format!("{{\"Labels\":{{{}}},\"Padding\":\"{}\"}}", env.join(","), "x".repeat(4_000_000)));
}

#[test]
fn a_body_of_countless_values_is_refused() {
    let body = format!("{{\"Cmd\":[{}\"\"]}}", "\"\",".repeat(100_000));
    let flaw = Json::read(body.as_bytes(), container::CREATE).unwrap_err();
    assert!(flaw.to_string().contains("more than 100000 values"), "{flaw}");
}

/// Any value as `serde_json` has it.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        // Eighths, which serde_json's own reader does not round.
        any::<i32>().prop_map(|number| serde_json::Value::from(f64::from(number) / 8.0)),
        ".*".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec((".*", inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Text that is nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"A\"",
        "\"Labels\"",
        "\"\\u0061\"",
        "\"\\ud83d\\ude00\"",
        "1",
        "-0",
        "1.5e3",
        "1e999",
        "0",
        "null",
        "true",
        "false",
        " ",
        "\n",
        "\\",
        "\"",
        "x",
        "\"é\"",
        "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn as_serde(json: &Json) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(text) => serde_json::from_str(text).unwrap(),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(as_serde).collect(),
        Json::Object(fields) => {
            fields.iter().map(|(key, value)| (key.to_string(), as_serde(value))).collect()
        }
    }
}

/// Whatever is read here, `serde_json` reads too, with the same value; it cannot hold 1e999, though.
fn agrees_with_serde(bytes: &[u8]) -> Result<(), TestCaseError> {
    for keys in [Expected::Unknown, Expected::Names] {
        if let Ok(json) = value(bytes, keys) {
            match serde_json::from_slice::<serde_json::Value>(bytes) {
                Ok(serde) => prop_assert_eq!(as_serde(&json), serde),
                Err(error) => prop_assert!(error.to_string().contains("number out of range"), "{}", error),
            }
            prop_assert_eq!(value(json.to_string().as_bytes(), keys), Ok(json));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        agrees_with_serde(&bytes)?;
    }

    #[test]
    fn what_is_nearly_json_is_read_as_serde_json_reads_it(text in nearly_json()) {
        agrees_with_serde(text.as_bytes())?;
    }

    #[test]
    fn what_serde_json_writes_is_read_as_it_was(json in any_json()) {
        let text = json.to_string();
        let read = shown(text.as_bytes()).unwrap();
        prop_assert_eq!(as_serde(&read), json);
        prop_assert_eq!(shown(read.to_string().as_bytes()), Ok(read));
    }
}
