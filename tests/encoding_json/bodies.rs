//! Bodies made from the field table, and made odd.

use dockgate::operation::field::Kind;

/// Chance that is the same in every run.
pub(crate) struct Bodies(u64);

impl Bodies {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Once in so many times.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A body of this kind, more or less.
    pub(crate) fn body(&mut self, kind: Kind) -> Vec<u8> {
        let mut body = Vec::new();
        if self.one_in(50) {
            body.extend(self.one_of(&["\u{feff}", " ", "\n\t\r ", "\u{a0}", "//\n", "\u{b}"]).bytes());
        }
        self.value(kind, 0, &mut body);
        if self.one_in(30) {
            body.extend(self.one_of(&[" ", "\n", "}", "]", "{}", "null", "\0", ",", "x"]).bytes());
        }
        if self.one_in(100) {
            let at = self.below(body.len() + 1);
            body.truncate(at);
        }
        if self.one_in(100) {
            let at = self.below(body.len() + 1);
            let byte = u8::try_from(self.below(256)).unwrap();
            body.insert(at, byte);
        }
        body
    }

    fn value(&mut self, kind: Kind, depth: usize, out: &mut Vec<u8>) {
        if self.one_in(60) {
            // Of another kind.
            let odd = [
                "null",
                "true",
                "false",
                "0",
                "\"x\"",
                "[]",
                "{}",
                "[null]",
                "{\"a\":null}",
                "nul",
                "True",
                "'x'",
            ];
            return out.extend(self.one_of(&odd).bytes());
        }
        if self.one_in(12) {
            return out.extend(b"null");
        }
        match kind {
            Kind::Bool => {
                let most = self.common(2, 4);
                out.extend(self.one_of(&["true", "false", "1", "\"true\""][..most]).bytes());
            }
            Kind::Int | Kind::Uint | Kind::Float => {
                const NUMBERS: [&str; 22] = [
                    "0",
                    "1",
                    "7",
                    "1024",
                    "-1",
                    "2147483648",
                    "-0",
                    "9007199254740993",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775808",
                    "18446744073709551615",
                    "18446744073709551616",
                    "1.0",
                    "1e3",
                    "1E+2",
                    "0.5",
                    "010",
                    "+1",
                    "1.",
                    "-",
                    "\"1\"",
                ];
                let most = self.common(9, NUMBERS.len());
                out.extend(self.one_of(&NUMBERS[..most]).bytes());
            }
            Kind::Text => self.text(out),
            Kind::Bytes => {
                const BYTES: [&str; 10] =
                    ["", "eA==", "eHh4", "eHg=", "eH\\nh4", "eHg", "e===", "eA=", "e-_=", "eHh4eHg=x"];
                let most = self.common(5, BYTES.len());
                let text = self.one_of(&BYTES[..most]);
                out.extend(format!("\"{text}\"").bytes());
            }
            Kind::StrSlice if self.one_in(4) => self.text(out),
            Kind::StrSlice => self.list(Kind::Text, depth, out),
            Kind::List(inner) => self.list(*inner, depth, out),
            Kind::Map(inner) => self.map(*inner, depth, out),
            Kind::Struct(_) => self.structure(kind, depth, out),
            Kind::Any => {
                let any =
                    ["1", "\"x\"", "{\"a\":[1,{\"b\":null}]}", "[true,\"\\u00e9\"]", "{\"A\":1}", "1.50"];
                out.extend(self.one_of(&any).bytes());
            }
        }
    }

    /// Most often only the first few of a list, which are common.
    fn common(&mut self, few: usize, all: usize) -> usize {
        if self.one_in(20) { all } else { few }
    }

    fn text(&mut self, out: &mut Vec<u8>) {
        const PIECES: [&str; 24] = [
            "x",
            "",
            "host",
            "/etc:/h",
            "a b",
            "é",
            "\\n",
            "\\u0041",
            "\\u00e9",
            "\\\"",
            "\\\\",
            "\\/",
            "<&>",
            "\u{2028}",
            "\\ud83d\\ude00",
            "\u{1f600}",
            "\u{212a}",
            "\\ud800",
            "\\ude00\\ud83d",
            "\\u0000",
            "\n",
            "\\x41",
            "\\u12",
            "\\U0041",
        ];
        out.push(b'"');
        for _ in 0..self.below(3) {
            let most = self.common(17, PIECES.len());
            out.extend(self.one_of(&PIECES[..most]).bytes());
        }
        if self.one_in(200) {
            out.extend(self.one_of(&[&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80"]));
        }
        out.push(b'"');
    }

    fn list(&mut self, inner: Kind, depth: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        for number in 0..self.below(if depth > 3 { 2 } else { 4 }) {
            self.comma(number, out);
            self.value(inner, depth + 1, out);
        }
        out.push(b']');
    }

    fn map(&mut self, inner: Kind, depth: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for number in 0..self.below(4) {
            self.comma(number, out);
            let names = ["a", "A", "80/tcp", "com.x.y", "", "\\u0062", "\u{17f}", "null", "b"];
            let name = self.one_of(&names);
            out.extend(format!("\"{name}\"").bytes());
            self.colon(out);
            self.value(inner, depth + 1, out);
        }
        out.push(b'}');
    }

    fn structure(&mut self, kind: Kind, depth: usize, out: &mut Vec<u8>) {
        let fields: Vec<_> = kind.fields().map(|(_, field)| field).collect();
        out.push(b'{');
        for number in 0..self.below(if depth > 2 { 3 } else { 6 }) {
            self.comma(number, out);
            if fields.is_empty() || self.one_in(30) {
                let unknown = [
                    "\"New\":0",
                    "\"New\":{\"a\":0,\"A\":null}",
                    "\"new\":[1]",
                    "\"x\":{\"y\":\"z\"}",
                    "\"\":null",
                    "\"é\":1",
                ];
                out.extend(self.one_of(&unknown).bytes());
                continue;
            }
            let field = self.one_of(&fields);
            self.key(field.name, out);
            self.colon(out);
            self.value(field.kind, depth + 1, out);
        }
        out.push(b'}');
    }

    /// The name of a field in some spelling or other.
    fn key(&mut self, name: &str, out: &mut Vec<u8>) {
        let style = self.below(12);
        out.push(b'"');
        for character in name.chars() {
            let character = match style {
                0 => character.to_ascii_lowercase(),
                1 => character.to_ascii_uppercase(),
                2 if self.one_in(2) => character.to_ascii_uppercase(),
                3 if self.one_in(8) && matches!(character, 's' | 'S') => '\u{17f}',
                3 if self.one_in(8) && matches!(character, 'k' | 'K') => '\u{212a}',
                4 if self.one_in(20) && character == 'i' => '\u{131}',
                _ => character,
            };
            if style == 5 && self.one_in(3) {
                out.extend(format!("\\u{:04x}", u32::from(character)).bytes());
            } else {
                out.extend(character.to_string().bytes());
            }
        }
        if style == 6 && self.one_in(10) {
            out.push(b' ');
        }
        out.push(b'"');
    }

    fn comma(&mut self, number: usize, out: &mut Vec<u8>) {
        if number > 0 {
            out.extend(if self.one_in(300) { &b",,"[..] } else { b"," });
        }
        if self.one_in(20) {
            out.extend(b" \n");
        }
    }

    fn colon(&mut self, out: &mut Vec<u8>) {
        out.extend(if self.one_in(30) { &b" :\t"[..] } else { b":" });
    }
}
