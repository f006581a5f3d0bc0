//! A Go program with the structs of the field table, and conversations with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use dockgate::operation::field::Kind;
use tempfile::TempDir;

/// The program, built.
pub(crate) struct Go {
    dir: TempDir,
}

impl Go {
    /// Builds it for bodies of these kinds, which are numbered as they stand here.
    pub(crate) fn new(kinds: &[Kind]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.go"), include_str!("main.go")).unwrap();
        fs::write(dir.path().join("types.go"), types(kinds)).unwrap();
        fs::write(dir.path().join("go.mod"), "module dockgate.test\ngo 1.16\n").unwrap();
        let built = Command::new("go")
            .args(["build", "-o", "understand", "."])
            .current_dir(dir.path())
            .env("GOFLAGS", "-mod=mod")
            .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"))
            .output()
            .expect("this test wants Go: run scripts/test, which installs it, or apt-get install golang-go");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self { dir }
    }

    /// What it understands of each body, as JSON; none where it refuses one.
    pub(crate) fn understand(&self, bodies: &[(u32, Vec<u8>)]) -> Vec<Option<Vec<u8>>> {
        let mut input = Vec::new();
        for (number, body) in bodies {
            input.extend(number.to_le_bytes());
            input.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
            input.extend(body);
        }
        let mut child = Command::new(self.dir.path().join("understand"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let mut output = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
        assert!(child.wait().unwrap().success());
        writer.join().unwrap().unwrap();
        let mut rest = output.as_slice();
        let mut answers = Vec::new();
        while let Some((length, behind)) = rest.split_at_checked(4) {
            let length = usize::try_from(u32::from_le_bytes(length.try_into().unwrap())).unwrap();
            let (answer, behind) = behind.split_at(length);
            answers.push((length > 0).then(|| answer.to_vec()));
            rest = behind;
        }
        assert_eq!(answers.len(), bodies.len());
        answers
    }
}

/// The Go source of the types.
fn types(kinds: &[Kind]) -> String {
    let mut types = Types::default();
    let names: Vec<String> = kinds.iter().map(|kind| types.name(*kind)).collect();
    let mut source = "package main\n\nimport \"encoding/json\"\n\nvar _ json.RawMessage\n\n".to_owned();
    source.push_str(&types.source);
    source.push_str("func fresh(number uint32) interface{} {\n\tswitch number {\n");
    for (number, name) in names.iter().enumerate() {
        writeln!(source, "\tcase {number}:\n\t\treturn new({name})").unwrap();
    }
    source.push_str("\t}\n\tpanic(number)\n}\n");
    source
}

#[derive(Default)]
struct Types {
    source: String,
    /// The names of the structs so far, by their fields.
    structs: HashMap<String, String>,
}

impl Types {
    /// What Go calls this kind.
    fn name(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Bool => "bool".to_owned(),
            Kind::Int => "int64".to_owned(),
            Kind::Uint => "uint64".to_owned(),
            Kind::Float => "float64".to_owned(),
            Kind::Text => "string".to_owned(),
            Kind::Bytes => "[]byte".to_owned(),
            Kind::StrSlice => "strSlice".to_owned(),
            Kind::List(inner) => format!("[]{}", self.name(*inner)),
            Kind::Map(inner) => format!("map[string]{}", self.name(*inner)),
            Kind::Struct(_) => self.structure(kind),
            Kind::Any => "json.RawMessage".to_owned(),
        }
    }

    fn structure(&mut self, kind: Kind) -> String {
        let mut fields = String::new();
        let mut known = Vec::new();
        for (_, field) in kind.fields() {
            // Of fields of one name that of the first part counts.
            if !known.contains(&field.name) {
                writeln!(fields, "\tF{} {} `json:\"{}\"`", known.len(), self.name(field.kind), field.name)
                    .unwrap();
                known.push(field.name);
            }
        }
        if let Some(name) = self.structs.get(&fields) {
            return name.clone();
        }
        let name = format!("t{}", self.structs.len());
        writeln!(self.source, "type {name} struct {{\n{fields}}}\n").unwrap();
        self.structs.insert(fields, name.clone());
        name
    }
}
