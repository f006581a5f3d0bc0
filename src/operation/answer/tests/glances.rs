//! What a glance tells is what reading tells.

use super::*;

/// A text as it stands in JSON, or nearly.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z/.{}\\[\\],: -]{0,20}".prop_map(|text| format!("\"{text}\"")),
        2 => any::<String>().prop_map(|text| Json::String(text.into()).to_string()),
        1 => prop_oneof![
            Just(r#""\u0041\/b\"}]\\""#),
            Just(r#""\ud83d\ude00 ☃""#),
            Just(r#""\ud800""#),
            Just(r#""\x""#),
            Just(r#""\u0000""#),
            Just("\"\u{1}\""),
            Just("\"long, so that it takes more than one look: \u{7f} \u{80} é\""),
        ]
        .prop_map(str::to_owned),
    ]
}

/// A value of JSON, or nearly.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => text(),
        1 => prop_oneof![Just("null"), Just("true"), Just("-1.50E+7"), Just("01"), Just("nope"), Just("")]
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((text(), inner), 0..4).prop_map(|fields| object(&fields)),
        ]
    })
}

fn object(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// Labels, in the daemon's order or not, some of them twice.
fn labels() -> impl Strategy<Value = String> {
    let label =
        (prop_oneof![Just("\"owner\"".to_owned()), text()], prop_oneof![Just("\"me\"".to_owned()), text()]);
    (proptest::collection::vec(label, 0..5), any::<bool>()).prop_map(|(mut labels, is_sorted)| {
        if is_sorted {
            labels.sort();
            labels.dedup_by(|one, other| one.0 == other.0);
        }
        object(&labels)
    })
}

/// A member of a listed container: one that is looked at, mostly as it should be, or any other.
fn member() -> impl Strategy<Value = (String, String)> {
    let names = proptest::collection::vec(text(), 0..3).prop_map(|names| format!("[{}]", names.join(",")));
    let key = prop_oneof![
        Just("\"Id\""),
        Just("\"id\""),
        Just("\"\\u0049d\""),
        Just("\"Names\""),
        Just("\"Labels\""),
        Just("\"Image\""),
        Just("\"LABELS\""),
    ];
    prop_oneof![
        1 => (key.prop_map(str::to_owned), value()),
        3 => (text(), value()),
        2 => (Just("\"Image\"".to_owned()), text()),
        1 => (Just("\"ImageID\"".to_owned()), text()),
        1 => (Just("\"Names\"".to_owned()), names),
        1 => (Just("\"Labels\"".to_owned()), labels()),
    ]
}

/// A listed container.
fn whole() -> impl Strategy<Value = String> {
    (text(), labels(), proptest::collection::vec(member(), 0..4), any::<bool>()).prop_map(
        |(id, labels, mut members, is_first)| {
            let named = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            let own = [named("\"Id\"", &id), named("\"Names\"", "[\"/web\"]"), named("\"Labels\"", &labels)];
            let place = if is_first { 0 } else { members.len() };
            members.splice(place..place, own);
            object(&members)
        },
    )
}

/// The same, or nearly.
fn container() -> impl Strategy<Value = String> {
    let broken = (whole(), any::<proptest::sample::Index>(), "[\"\\\\{}\\[\\],: a1]?").prop_map(
        |(text, place, put)| {
            let place = place.index(text.chars().count());
            let before: String = text.chars().take(place).collect();
            let behind: String = text.chars().skip(place).skip(1).collect();
            format!("{before}{put}{behind}")
        },
    );
    prop_oneof![6 => whole(), 1 => broken]
}

/// Shows units without a glance at them.
struct Reading<'a>(Units<'a>);

impl Show for Reading<'_> {
    fn glance(&self, _text: &[u8]) -> Option<Glanced> {
        None
    }

    fn show(&mut self, unit: &[u8], out: &mut Vec<u8>) -> Result<Shown, Unexpected> {
        self.0.show(unit, out)
    }

    fn leave_out(&mut self, why: Unexpected) {
        self.0.leave_out(why);
    }
}

/// What the client sees of a list, read as a whole without a glance.
fn read(terms: &Terms, answer: &[u8]) -> Result<Vec<u8>, Unexpected> {
    let Reader { form, view, mut splitter, mut known } =
        terms.read(Form::Things(ThingKind::Container)).unwrap();
    let mut out = Vec::new();
    let mut reading = Reading(Units { form, view: &view, known: &mut known });
    splitter.feed(answer, &mut out, &mut reading)?;
    splitter.end();
    splitter.step(&mut out, &mut reading)?;
    Ok(out)
}

/// The same in pieces of `step` bytes, with all that there is.
fn glanced(terms: &Terms, answer: &[u8], step: usize) -> Result<Vec<u8>, Unexpected> {
    let mut reader = terms.read(Form::Things(ThingKind::Container)).unwrap();
    let mut out = Vec::new();
    for piece in answer.chunks(step) {
        reader.feed(piece, &mut out)?;
    }
    reader.end();
    reader.step(&mut out)?;
    Ok(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_list_is_narrowed_the_same_at_a_glance(
        containers in proptest::collection::vec(container(), 1..4),
        comma in prop_oneof![Just(","), Just(" , "), Just("")],
        step in prop_oneof![1..300_usize, Just(usize::MAX)],
    ) {
        let list = format!("[{}]\n", containers.join(comma));
        let redaction = |thing: &Thing| {
            let mut redaction = Redaction::default();
            if thing.image.is_some() {
                redaction.add("Labels").unwrap();
            }
            Some(redaction)
        };
        let redacting = Terms { sight: Some(Rc::new(redaction)), ..Terms::default() };
        // All that is told of a thing.
        let told = terms(|thing| format!("{thing:?}").bytes().map(usize::from).sum::<usize>() % 2 == 0);
        for terms in [mine(), terms(|_| true), redacting, told] {
            let read = read(&terms, list.as_bytes());
            prop_assert_eq!(glanced(&terms, list.as_bytes(), step), read, "{}", list);
        }
    }

    #[test]
    fn a_glance_tells_what_reading_tells(container in container()) {
        let told: Rc<RefCell<String>> = Rc::default();
        let telling = Rc::clone(&told);
        let terms = terms(move |thing| {
            *telling.borrow_mut() = format!("{thing:?}");
            true
        });
        let Reader { form, view, known, .. } = terms.read(Form::Things(ThingKind::Container)).unwrap();
        if let Some(glanced) = form.glance(container.as_bytes(), &view) {
            let at_a_glance = told.take();
            let unit = &container.as_bytes()[..glanced.length];
            let mut out = Vec::new();
            prop_assert_eq!(form.show(unit, &view, &known, &mut out), Ok(Shown::Yes));
            prop_assert_eq!((at_a_glance, &*out), (told.take(), unit), "{}", container);
        }
    }
}

#[test]
fn what_the_daemon_writes_is_told_at_a_glance() {
    for name in ENGINES {
        let list = recorded(name, "containers");
        let terms = mine();
        let Reader { form, view, .. } = terms.read(Form::Things(ThingKind::Container)).unwrap();
        let mut told = 0;
        let mut all = 0;
        crate::operation::json::place::elements(list.trim().as_bytes(), |container| {
            all += 1;
            told += usize::from(
                form.glance(container, &view).is_some_and(|glanced| glanced.length == container.len()),
            );
            Ok(())
        })
        .unwrap();
        // One has names by the links of others.
        assert_eq!(told, all - 1, "{name}");
    }
}
