//! What the reader of contexts and Dockerfiles says, beside what the daemon really does with them.

use std::path::Path;

use dockgate::operation::build::Builder;
use dockgate::operation::context;
use dockgate::operation::dockerfile::Dockerfile;

use crate::harness::archive::{Entry, pack};
use crate::harness::{Engine, RawClient, unique};

const LIMIT: u64 = 64 * 1024 * 1024;

/// Two images that tell which they are: by a label, and by a file that the other has not.
struct Pair {
    engine: Engine,
    name: String,
}

impl Pair {
    fn new() -> Self {
        let pair = Self { engine: Engine::real(), name: unique("pair") };
        for letter in ["a", "b"] {
            let image = format!("{}/{letter}", pair.name);
            let label = format!("LABEL which={letter}");
            let archive = pack(&[Entry::file(&format!("only-{letter}"), letter)]);
            let import = ["import", "--change", &label, "-", &image];
            crate::harness::docker(&pair.engine.address).args(import).stdin(archive).run().ok();
        }
        pair
    }

    /// Text that says own/a and own/b for the two images.
    fn name_images(&self, text: &str) -> String {
        text.replace("own/", &format!("{}/", self.name))
    }

    /// Lets the daemon build, and says which image it was that it built upon in the end; or why it did not.
    fn build(&self, parameters: &str, body: &[u8]) -> Result<String, String> {
        let tag = format!("{}/built", self.name);
        let head = format!(
            "POST /v1.41/build?t={tag}&rm=1&{parameters} HTTP/1.1\r\nHost: docker\r\n\
             Content-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let said = self.ask(&[head.as_bytes(), body].concat());
        if said.contains("\"error\"") || !said.contains("Successfully tagged") {
            return Err(said);
        }
        let image =
            self.ask(format!("GET /v1.41/images/{tag}/json HTTP/1.1\r\nHost: docker\r\n\r\n").as_bytes());
        let image: serde_json::Value = serde_json::from_str(&image).unwrap();
        Ok(image["Config"]["Labels"]["which"].as_str().unwrap_or("neither").to_owned())
    }

    fn ask(&self, request: &[u8]) -> String {
        let socket = self.engine.address.strip_prefix("unix://").unwrap();
        let mut client = RawClient::unix(Path::new(socket));
        client.send(request);
        String::from_utf8_lossy(&client.answer().body).into_owned()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for image in ["a", "b", "built"] {
            self.engine.docker(["image", "rm", "--force", &format!("{}/{image}", self.name)]);
        }
    }
}

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// An entry of a context that someone made who wants the Dockerfile to be taken for another.
fn entry(numbers: &mut Numbers, pair: &Pair) -> Entry {
    const NAMES: [&str; 14] = [
        "Dockerfile",
        "Dockerfile",
        "./Dockerfile",
        "/Dockerfile",
        "x/../Dockerfile",
        "../Dockerfile",
        "l/Dockerfile",
        "x/Dockerfile",
        "l/../Dockerfile",
        "dockerfile",
        "x",
        "l",
        "Dockerfile/y",
        "DOCKERFILE",
    ];
    const TARGETS: [&str; 7] = [".", "x", "/", "Dockerfile", "dockerfile", "../x/Dockerfile", "l"];
    let name = numbers.one_of(&NAMES);
    let content = pair.name_images(numbers.one_of(&["FROM own/a", "FROM own/b"]));
    let plain = match numbers.below(10) {
        0 => Entry::directory(name),
        1 => Entry::symlink(name, numbers.one_of(&TARGETS)),
        2 => Entry::hard_link(name, numbers.one_of(&TARGETS)),
        _ => Entry::file(name, &content),
    };
    match numbers.below(8) {
        0 => plain.long(),
        1 => Entry { magic: b"ustar  \0", ..plain },
        2 => Entry { magic: b"", prefix: b"x", ..plain },
        3 => Entry { prefix: b"x/..", ..plain },
        4 => Entry { prefix: b"l", ..plain },
        5 if plain.flag == b'0' => Entry { flag: 0, ..plain },
        6 => plain.behind(Entry::records(b'x', &[("path", "Dockerfile")])),
        _ => plain,
    }
}

#[test]
fn the_daemon_takes_the_dockerfile_that_is_read() {
    let pair = Pair::new();
    let mut numbers = Numbers(20);
    let (mut read, mut built) = (0, 0);
    for case in 0..150 {
        let mut entries = vec![Entry::file("first", "")];
        for _ in 0..=numbers.below(5) {
            entries.push(entry(&mut numbers, &pair));
        }
        let archive = pack(&entries);
        let path = numbers.one_of(&["", "Dockerfile", "./Dockerfile", "x/Dockerfile", "dockerfile"]);
        let found = context::dockerfile(&archive[..], path, Builder::Classic, LIMIT);
        let used = pair.build(&format!("dockerfile={path}"), &archive);
        built += u32::from(used.is_ok());
        let Ok(found) = found else { continue };
        let found = String::from_utf8(found).unwrap();
        read += u32::from(used.is_ok());
        if let Ok(used) = used {
            assert!(
                found.ends_with(&format!("/{used}")),
                "case {case}: {path:?} is {found:?}, used was {used}"
            );
        }
    }
    eprintln!("of 150 contexts the daemon built {built}; {read} of these were read");
    assert!(read > 20, "too few contexts were read to say anything: {read}");
}

#[test]
fn the_daemon_uses_no_image_that_was_not_read() {
    const LINES: [&str; 26] = [
        "# escape=`",
        "#escape = \\",
        "# syntax=x/y",
        "# check=skip=all",
        "# nothing",
        "",
        "ARG X=own/a",
        "ARG X=\"own/b\"",
        "ARG X='own/a' Y=${X}",
        "ARG Y=$X",
        "ARG Y=${X:-own/a}",
        "ARG Y",
        "ARG X=${GIVEN:+own/b}",
        "ARG GIVEN",
        "FROM own/a AS a\\",
        "FROM own/a AS one",
        "FROM own/b AS two",
        "FROM own/b \\",
        "FROM one",
        "FROM TWO",
        "LABEL x=y \\",
        "CMD x <<EOF",
        "CMD y`",
        "  # comment \\",
        "\u{a0}",
        "EOF",
    ];
    const LAST: [&str; 16] = [
        "FROM own/a",
        "from\tB",
        "FROM $X",
        "FROM ${X}",
        "FROM ${X:-own/b}",
        "FROM ${Y:+$X}${Y:-own/a}",
        "FROM ${Y:-${X:-own/a}}",
        "FROM 'own/a'",
        "FROM \"$X\"",
        "FROM \\own/a",
        "FROM one",
        "FROM Two AS three",
        "FROM --platform=linux/amd64 own/b",
        "FROM own/a`",
        "FROM $GIVEN",
        "FROM own/a\u{a0}",
    ];
    let pair = Pair::new();
    let given = vec![("GIVEN".to_owned(), Some(format!("{}/b", pair.name))), ("Y".to_owned(), None)];
    let parameters = format!("buildargs={{\"GIVEN\":\"{}/b\",\"Y\":null}}", pair.name);
    let mut numbers = Numbers(3);
    let (mut read, mut built) = (0, 0);
    for _ in 0..150 {
        let mut lines: Vec<&str> = (0..numbers.below(6)).map(|_| numbers.one_of(&LINES)).collect();
        lines.push(numbers.one_of(&LAST));
        let end = numbers.one_of(&["\n", "\n", "\r\n"]);
        let text = pair.name_images(&lines.join(end));
        let found = Dockerfile::read(text.as_bytes(), &given, Builder::Classic);
        let used = pair.build(&parameters, &pack(&[Entry::file("Dockerfile", &text)]));
        built += u32::from(used.is_ok());
        let Ok(found) = found else { continue };
        read += u32::from(used.is_ok());
        if let Ok(used) = used {
            let is_used = |name: &str| name.ends_with(&format!("/{used}"));
            assert!(found.images.iter().any(|image| is_used(&image.name)), "{used} in {text:?}: {found:?}");
        }
    }
    eprintln!("of 150 Dockerfiles the daemon built {built}; {read} of these were read");
    assert!(read > 20, "too few Dockerfiles were read to say anything: {read}");
}

#[test]
fn the_daemon_copies_from_no_image_that_was_not_read() {
    let pair = Pair::new();
    let mut copied = 0;
    for flags in [
        "--from=own/b",
        "--from=\"own/b\"",
        "--'from'=own/b",
        "--fr\\om=own/b",
        "--from=\\\nown/b",
        "--chown=1 --from=own/b",
        "--from=own/b --chown=1",
        "--FROM=own/b",
        "--from=0",
        "--from=+0",
        "--from=00",
        "--from=two",
        "--from=TWO",
        "--from=three",
        "--from=own/b\u{a0}",
        "\u{a0}--from=own/b",
        "-- --from=own/b",
        "--from= --from=own/b",
        "--from=${X:-own/b}",
        "",
    ] {
        let text = pair.name_images(&format!(
            "FROM own/b AS two\nFROM own/a\nARG X\nCOPY {flags} /only-b /copied\nFROM own/a AS three\nCOPY --from=1 /copied /"
        ));
        let found = Dockerfile::read(text.as_bytes(), &[], Builder::Classic);
        let used = pair.build("", &pack(&[Entry::file("Dockerfile", &text)]));
        copied += u32::from(used.is_ok());
        if let (Ok(found), Ok(_)) = (found, used) {
            assert!(found.images.iter().any(|image| image.name.ends_with("/b")), "{text:?}: {found:?}");
        }
    }
    assert!(copied > 8, "{copied}");
}

#[test]
fn the_daemon_fetches_nothing_that_was_not_read() {
    let pair = Pair::new();
    let mut fetched = 0;
    for source in [
        "http://127.0.0.1:1/x",
        "ht\\tp://127.0.0.1:1/x",
        "\"http://127.0.0.1:1/x\"",
        "ht'tp://127.0.0.1:1/x'",
        "HTTP://127.0.0.1:1/x",
        "git://127.0.0.1:1/x",
        "--chown=1 http://127.0.0.1:1/x",
        "[\"http://127.0.0.1:1/x\", \"/x\"]",
        "[\"\\u0068ttp://127.0.0.1:1/x\", \"/x\"]",
        "[\"http://127.0.0.1:1/x\", \"/x\"] y",
        "\u{feff}http://127.0.0.1:1/x",
        "$X://127.0.0.1:1/x",
        "${Y:-http}://127.0.0.1:1/x",
        "local",
    ] {
        let text = pair.name_images(&format!("FROM own/a\nARG X=http\nADD {source} /x"));
        let found = Dockerfile::read(text.as_bytes(), &[], Builder::Classic);
        let archive = pack(&[Entry::file("local", "x"), Entry::file("Dockerfile", &text)]);
        let tried = pair.build("", &archive).err().is_some_and(|error| error.contains("connection refused"));
        fetched += u32::from(tried);
        if let (Ok(found), true) = (found, tried) {
            assert!(!found.remotes.is_empty(), "{text:?}: {found:?}");
        }
    }
    assert!(fetched >= 8, "{fetched}");
}
