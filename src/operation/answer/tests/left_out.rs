//! What is too large, or cannot be read, is left out, and the rest goes on.

use super::*;
use crate::operation::answer::split::MAX_ELEMENT_BYTES;

const MINE: &str = r#"{"Id":"m","Names":["/m"],"Labels":{"owner":"me"}}"#;

/// The same with what `seen` says, and whether anything was left out.
fn left(terms: &Terms, form: Form, answer: &str, step: usize) -> (Result<String, Unexpected>, bool) {
    let mut reader = terms.read(form).unwrap();
    let (mut out, mut is_left_out) = (Vec::new(), false);
    for piece in answer.as_bytes().chunks(step) {
        if let Err(unexpected) = reader.feed(piece, &mut out) {
            return (Err(unexpected), is_left_out);
        }
        is_left_out |= reader.left_out().is_some();
    }
    reader.end();
    let end = reader.step(&mut out);
    is_left_out |= reader.left_out().is_some();
    (end.map(|_| String::from_utf8(out).unwrap()), is_left_out)
}

/// Another's container, with this much in a label.
fn large(bytes: usize) -> String {
    format!(
        r#"{{"Id":"o","Names":["/o"],"Labels":{{"owner":"other","x":"{}\\"}}}}"#,
        "[{\\\"".repeat(bytes / 4)
    )
}

#[test]
fn what_cannot_be_read_in_a_list_is_left_out() {
    let many = format!(r#"{{"Id":"o","Names":[{}"/o"]}}"#, r#""/o","#.repeat(100_000));
    let deep = format!(r#"{{"Id":"o","Names":["/o"],"Labels":{}1{}}}"#, "[".repeat(70), "]".repeat(70));
    for odd in [
        many.as_str(),
        &deep,
        &large(MAX_ELEMENT_BYTES + 1),
        &large(3 * MAX_ELEMENT_BYTES),
        "{}",
        r#"{"Id":"o"}"#,
        r#"{"Id":"o","Names":["/o"],"Labels":1}"#,
        r#"{"Id":"o","Id":"m","Names":["/o"]}"#,
    ] {
        for (list, expected) in [
            (format!("[ {odd}]\n"), "[]\n".to_owned()),
            (format!("[ {MINE}, {odd}]\n"), format!("[ {MINE}]\n")),
            (format!("[ {odd}, {MINE}]\n"), format!("[ {MINE}]\n")),
            (format!("[ {MINE}, {odd}, {MINE}]\n"), format!("[ {MINE}, {MINE}]\n")),
        ] {
            for step in [4099, list.len()] {
                let shown = left(&mine(), Form::Things(ThingKind::Container), &list, step);
                assert_eq!(shown, (Ok(expected.clone()), true), "{odd:.60}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_in_a_stream_is_left_out() {
    let event = |owner: &str, more: &str| {
        format!(
            "{{\"Type\":\"container\",\"Actor\":{{\"ID\":\"4f\",\"Attributes\":{{\"name\":\"x\",\"owner\":\"{owner}\"{more}}}}}}}\n"
        )
    };
    let mine_is = event("me", "");
    let label = format!(",\"x\":\"{}\"", "<".repeat(MAX_ELEMENT_BYTES));
    for odd in [event("other", &label), "{\"Type\":1,}\n".to_owned()] {
        for step in [4099, usize::MAX] {
            let stream = format!("{mine_is}{odd}{mine_is}{odd}");
            assert_eq!(left(&mine(), Form::Events, &stream, step), (Ok(mine_is.repeat(2)), true));
        }
    }
    // Of the last one nothing more came.
    let stream = format!("{mine_is}{}", event("other", &label).trim_end_matches("}\n"));
    assert_eq!(left(&mine(), Form::Events, &stream, 4099), (Err(Unexpected::NOT_JSON), false));
}

#[test]
fn what_holds_nul_can_be_read() {
    let nul = r#"{"Id":"n","Names":["/n"],"Labels":{"owner":"me","x":"a\u0000b"}}"#;
    let list = format!("[{nul},{MINE}]\n");
    let shown = left(&mine(), Form::Things(ThingKind::Container), &list, 100);
    assert_eq!(shown, (Ok(list), false));
    let mut redaction = Redaction::default();
    redaction.add("Config.Env").unwrap();
    let terms = Terms { redaction, ..Terms::default() };
    let container = r#"{"Config":{"Env":["A=b","\u0000","A\u0000=b"]}}"#;
    let (shown, _) = left(&terms, Form::Other(Shape::Container), container, 100);
    let hidden = r#"{"Config":{"Env":["A=redacted-by-dockgate","\u0000","A\u0000=redacted-by-dockgate"]}}"#;
    assert_eq!(shown.unwrap(), hidden);
}

#[test]
fn volumes_are_gone_through_one_by_one() {
    let volume = |owner: &str, bytes: usize| {
        format!(r#"{{"Name":"v","Labels":{{"owner":"{owner}","x":"{}"}}}}"#, "x".repeat(bytes))
    };
    let (mine_is, large) = (volume("me", 0), volume("other", MAX_ELEMENT_BYTES));
    for (before, behind) in [
        ("{\"Volumes\": ", ",\"Warnings\":null}\n"),
        ("{\"Warnings\":[\"x\"],\"Volumes\":", "}"),
        (" {\"Volumes\":", "} "),
    ] {
        let others = vec![large.as_str(); 17].join(",");
        let list = format!("{before}[{others},{mine_is}]{behind}");
        for step in [50_021, usize::MAX] {
            let expected = format!("{before}[{mine_is}]{behind}");
            assert_eq!(left(&mine(), Form::Volumes, &list, step), (Ok(expected), true));
        }
        for step in 1..40 {
            let list = format!("{before}[{},{mine_is}]{behind}", volume("other", 9));
            let expected = format!("{before}[{mine_is}]{behind}");
            assert_eq!(left(&mine(), Form::Volumes, &list, step), (Ok(expected), false));
            let none = format!("{before}null{behind}");
            assert_eq!(left(&mine(), Form::Volumes, &none, step), (Ok(none), false));
        }
    }
    assert_eq!(left(&mine(), Form::Volumes, "{}\n", 1), (Ok("{}\n".to_owned()), false));
}

#[test]
fn of_what_takes_up_space_the_unreadable_is_left_out() {
    let many = format!(r#"{{"Id":"o","Names":[{}"/o"]}}"#, r#""/o","#.repeat(100_000));
    let usage = format!(r#"{{"LayersSize":0,"Containers":[{many},{MINE},{{}}]}}"#);
    let expected = format!(r#"{{"LayersSize":0,"Containers":[{MINE}]}}"#);
    assert_eq!(left(&mine(), Form::Usage, &usage, usize::MAX), (Ok(expected), true));
}

#[test]
fn memory_is_that_of_one_element() {
    for (form, begin) in [(Form::Things(ThingKind::Container), "[{\"Id\":\""), (Form::Events, "{\"Type\":\"")]
    {
        let mut reader = mine().read(form).unwrap();
        let mut out = Vec::new();
        assert_eq!(reader.feed(begin.as_bytes(), &mut out), Ok(Step::Starved));
        let piece = vec![b'x'; 1024 * 1024];
        for _ in 0..64 {
            assert_eq!(reader.feed(&piece, &mut out), Ok(Step::Starved));
            assert!(reader.splitter.buffer.len() <= MAX_ELEMENT_BYTES + 2 * piece.len());
        }
    }
}

#[test]
fn fewer_are_asked_about_where_the_answer_cannot_be_read() {
    let ids: Vec<String> = (0..9).map(|number| format!("{number:064}")).collect();
    let endpoints: Vec<String> = ids.iter().map(|id| format!("\"{id}\":{{}}")).collect();
    let network = format!(r#"{{"Name":"n","Id":"n","Containers":{{{}}}}}"#, endpoints.join(","));
    let mut reader = mine().read(Form::Network).unwrap();
    let mut out = Vec::new();
    assert_eq!(reader.feed(network.as_bytes(), &mut out), Ok(Step::Starved));
    reader.end();
    let mut step = reader.step(&mut out).unwrap();
    let mut asked = Vec::new();
    while let Step::Ask(look_up) = step {
        let about: Vec<&String> = ids.iter().filter(|id| look_up.path().contains(id.as_str())).collect();
        asked.push(about.len());
        // What the third one is cannot be read.
        if about.contains(&&ids[2]) {
            reader.miss(&look_up);
        } else {
            let one = |id: &&String| format!(r#"{{"Id":"{id}","Names":["/x"],"Labels":{{"owner":"me"}}}}"#);
            let list = format!("[{}]", about.iter().map(one).collect::<Vec<_>>().join(","));
            reader.learn(&look_up, Some(&Json::read_shown(list.as_bytes()).unwrap())).unwrap();
        }
        step = reader.step(&mut out).unwrap();
    }
    assert_eq!((step, asked.as_slice()), (Step::Done, [9, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1].as_slice()));
    let shown = String::from_utf8(out).unwrap();
    for id in &ids {
        assert_eq!(shown.contains(id.as_str()), *id != ids[2], "{id}: {shown}");
    }
}
