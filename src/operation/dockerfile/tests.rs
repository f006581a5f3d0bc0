use super::{BuildArguments, Dockerfile, Mention};
use crate::operation::build::Builder::{self, BuildKit, Classic};

fn given(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
}

fn read(text: &str, builder: Builder, given: &BuildArguments) -> Result<Dockerfile, String> {
    Dockerfile::read(text.as_bytes(), given, builder).map_err(|flaw| flaw.to_string())
}

fn texts(mentions: &[Mention]) -> Vec<String> {
    mentions.iter().map(|mention| format!("{}:{}", mention.line, mention.name)).collect()
}

/// The images of both builders, which agree.
#[track_caller]
fn images(text: &str) -> Vec<String> {
    let images = |builder| texts(&read(text, builder, &[]).unwrap().images);
    assert_eq!(images(Classic), images(BuildKit), "{text}");
    images(Classic)
}

/// What both builders refuse it for.
#[track_caller]
fn refused(text: &str) -> String {
    let flaw = |builder| read(text, builder, &[]).expect_err(text);
    assert_eq!(flaw(Classic), flaw(BuildKit), "{text}");
    flaw(Classic)
}

#[test]
fn images_are_found_where_they_stand() {
    let cases: [(&str, &[&str]); 18] = [
        ("FROM own/a", &["1:own/a"]),
        ("\n# a comment\n   from   own/a:1.0  AS  base  \nRUN x\nFROM base\n", &["3:own/a:1.0"]),
        (
            "FROM own/a@sha256:0123\nFROM localhost:5000/own/b:x",
            &["1:own/a@sha256:0123", "2:localhost:5000/own/b:x"],
        ),
        ("FROM scratch\nCOPY --from=own/b / /", &["2:own/b"]),
        (
            "FROM own/a AS one\nFROM own/b\nCOPY --from=one /x /\nCOPY --from=0 /x /\nCOPY --from=ONE /y /",
            &["1:own/a", "2:own/b"],
        ),
        ("FROM --platform=$BUILDPLATFORM own/a\nCOPY --chown=1:1 --from=own/b /x /", &["1:own/a", "2:own/b"]),
        ("FROM own/a\nCOPY --from= x /\nCOPY --from=scratch x /", &["1:own/a"]),
        ("FROM own/a\nCOPY \\\n  # between\n\n  --from=own/b \\\n  x /", &["1:own/a", "2:own/b"]),
        ("FROM own\\\n/a", &["1:own/a"]),
        ("# escape=`\nFROM own`\n/a\nRUN dir c:\\", &["2:own/a"]),
        ("# syntax=x/y\n# Escape = ` \nFROM own/a `  \n AS x", &["3:own/a"]),
        ("# syntax=own/x\n# escape=`\nFROM own/a\nRUN x \\\nCOPY --from=own/b x /", &["3:own/a", "5:own/b"]),
        ("# hello\n# escape=`\nFROM own/a\\\nx", &["3:own/ax"]),
        ("# syntax=\n# escape=`\nFROM own/a\\\nx", &["3:own/ax"]),
        ("\u{feff}FROM own/a", &["1:own/a"]),
        ("FROM own/a\r\nCOPY --from=own/b \\\r\n a b\r\n", &["1:own/a", "2:own/b"]),
        (
            "FROM own/a\nONBUILD COPY --from=own/b x /\nONBUILD RUN --mount=from=own/c,target=/c x",
            &["1:own/a", "2:own/b", "3:own/c"],
        ),
        // Builds upon this image may not have the stage.
        ("FROM own/a AS x\nONBUILD COPY --from=x y /\nONBUILD COPY --from=0 y /", &["1:own/a", "2:x"]),
    ];
    for (text, expected) in cases {
        assert_eq!(images(text), expected, "{text}");
    }
}

#[test]
fn mounts_are_of_stages_and_images() {
    let cases: [(&str, &[&str]); 4] = [
        ("FROM own/a\nRUN --mount=type=bind,from=own/b,target=/b ls", &["1:own/a", "2:own/b"]),
        (
            "FROM own/a\nRUN --mount=From=own/b --mount=type=cache,target=/c --mount=from=own/c,type=cache ls",
            &["1:own/a", "2:own/b", "2:own/c"],
        ),
        ("FROM own/a AS x\nFROM own/b\nRUN --mount=from=x,src=/,target=/b ls", &["1:own/a", "2:own/b"]),
        // A number is a name here.
        ("FROM own/a AS x\nFROM own/b\nRUN --mount=from=0,target=/b ls", &["1:own/a", "2:own/b", "3:0"]),
    ];
    for (text, expected) in cases {
        assert_eq!(images(text), expected, "{text}");
    }
}

#[test]
fn arguments_are_put_in() {
    let given = given(&[("GIVEN", "given"), ("HTTP_PROXY", "proxy"), ("TARGETARCH", "arm64"), ("EMPTY", "")]);
    let cases = [
        ("ARG A=own/a\nFROM $A", "2:own/a"),
        ("ARG A=own\nFROM ${A}/a:${B:-1}", "2:own/a:1"),
        ("ARG A=own B=/a\nFROM $A$B", "2:own/a"),
        ("ARG A=\"own\"\nARG B='/$A'\nFROM $A/b", "3:own/b"),
        ("ARG A=own\nARG B=${A}/x\nARG B=${B}/y\nFROM $B", "4:own/x/y"),
        ("ARG GIVEN\nFROM own/$GIVEN", "2:own/given"),
        ("ARG GIVEN=default\nFROM own/$GIVEN", "2:own/given"),
        ("ARG EMPTY=x\nFROM own/a$EMPTY", "2:own/a"),
        ("ARG EMPTY=x\nFROM own/${EMPTY:-b}", "2:own/b"),
        ("ARG A=x\nFROM own/${A:+${GIVEN:-set}}${B:+$C}", "2:own/set"),
        ("ARG A=x\nFROM own/${A:-$UNSET}", "2:own/x"),
        ("FROM own/a\\b", "1:own/ab"),
        ("FROM 'own/'\"a\"", "1:own/a"),
    ];
    for (text, expected) in cases {
        for builder in [Classic, BuildKit] {
            assert_eq!(texts(&read(text, builder, &given).unwrap().images), [expected], "{text}");
        }
    }
    let text = "FROM own/$HTTP_PROXY";
    assert_eq!(texts(&read(text, Classic, &given).unwrap().images), ["1:own/proxy"]);
    assert!(read(text, BuildKit, &given).unwrap_err().contains("$HTTP_PROXY is not set"));
    let text = "FROM own/$TARGETARCH";
    assert_eq!(texts(&read(text, BuildKit, &given).unwrap().images), ["1:own/arm64"]);
    assert!(read(text, Classic, &given).unwrap_err().contains("$TARGETARCH is not set"));
    assert!(read(text, BuildKit, &[]).unwrap_err().contains("is the daemon's to say"));
}

#[test]
fn names_that_cannot_be_worked_out_are_refused() {
    let cases = [
        (
            "FROM $A",
            "line 1 of the Dockerfile: FROM $A: $A is not set; give it a value with ARG before the first FROM",
        ),
        ("ARG A\nFROM $A", "$A is not set"),
        ("FROM x\nARG A=own/b\nFROM $A", "line 3 of the Dockerfile: FROM $A: $A is not set"),
        ("ARG A=1 B=$A\nFROM own/a:$B", "$A is defined in the line where it is used"),
        ("ARG A=1\nARG A\nFROM own/a:$A", "$A is defined twice"),
        ("ARG A=1\nFROM own/a:${A-1}", "only ${NAME}, ${NAME:-default} and ${NAME:+text} are read"),
        ("ARG A=1\nFROM own/a:${A:?no}", "only ${NAME}"),
        ("ARG A=1\nFROM own/a:${A%x}", "only ${NAME}"),
        ("ARG A=1\nFROM own/a:${A#x}", "only ${NAME}"),
        ("FROM own/a:${A:-1", "there is no } where one belongs"),
        ("FROM own/a:$1", "an odd name"),
        ("FROM own/a:$@", "an odd name"),
        ("FROM \"own/a", "a quote is not closed"),
        ("ARG ${X}=own/b\nFROM own/a", "is no name for a build argument"),
        ("FROM own/a$(id)", "is no name of an image"),
        ("FROM own/a\nCOPY --from=$X a b", "\"$X\" is no name of an image"),
        ("FROM own/a\nCOPY --from=1 a b", "there is no stage 1 before this one"),
        ("FROM own/a\nCOPY --from=-1 a b", "there is no stage -1"),
        (
            "FROM own/a AS x\nFROM own/b AS X",
            "line 2 of the Dockerfile: there is a stage of this name already",
        ),
        ("FROM ö/a", "not ASCII"),
        ("FROM own/a own/b", "FROM is followed by"),
        ("FROM", "FROM is followed by"),
        ("FROM own/a AS 0x", "is no name for a stage"),
        ("RUN x\nFROM own/a", "line 1 of the Dockerfile: only ARG can come before the first FROM"),
        ("# nothing\n", "the Dockerfile has no FROM"),
        ("ARG A=1", "has no FROM"),
        ("FRÖM own/a", "is no instruction"),
        ("FROM own/a\nCOPİ x /", "is no instruction"),
        ("FROM own/a\nINCLUDE x", "is no instruction"),
        ("// syntax=x\nFROM own/a", "is no instruction"),
        ("{\"syntax\":\"x\"}", "is no instruction"),
        ("FROM own/a\nCOPY --include=own/b x /", "does not know the flag --include of COPY"),
        ("FROM own/a\nCOPY -- --from=own/b /", "does not know the flag -- of COPY"),
        ("FROM own/a\nRUN --mount=from=own/b,type=$X y", "the type is none that dockgate knows"),
        ("FROM own/a\nRUN --mount=from=\\\"own/b\\\" y", "quotes and escapes"),
        ("FROM own/a\nRUN --mount=from=own/b\u{a0}x y", "holds what daemons read in several ways"),
        ("# escape=`\nFROM own/a\nCOPY --from=own\\/b x /", "holds what daemons read in several ways"),
        ("# escape=`\nFROM own/a\nONBUILD COPY --from=own/b x`y /", "ONBUILD holds an escape character"),
        ("FROM own/a\nONBUILD ADD gi`t@host:x /", "ONBUILD holds an escape character"),
        ("FROM own/a\nONBUILD LABEL io`.dockgate.owner=x", "ONBUILD holds an escape character"),
        ("FROM own/a\nONBUILD label io.dock\\gate.owner=x", "ONBUILD holds an escape character"),
        ("FROM own/a\nONBUILD FROM own/b", "FROM does not belong into ONBUILD"),
        ("# check=skip=all\n# escape=`\nFROM own/a", "line 2 of the Dockerfile: put escape before check"),
        ("# escape=`\n# escape=`\nFROM own/a", "line 2 of the Dockerfile: escape is set twice"),
        ("# escape=x\nFROM own/a", "escape is either"),
        ("# escape= \nFROM own/a", "escape is either"),
        ("# check= \n# escape=`\nFROM own/a", "line 2 of the Dockerfile: put escape before check"),
        ("#\u{b}escape=`\nFROM own/a", "an odd blank"),
        ("FROM own/a \\\r\r\n x", "a carriage return"),
        ("FROM own/a\rFROM own/b", "a carriage return"),
        ("FROM own/a\nADD \u{feff}http://x /", "byte-order mark"),
    ];
    for (text, expected) in cases {
        let flaw = refused(text);
        assert!(flaw.contains(expected), "{text:?}: {flaw}");
    }
}

#[test]
fn bytes_that_daemons_take_for_blanks_hide_no_flag() {
    for rest in [
        &b"COPY \xa0--from=own/b x /"[..],
        b"COPY --link \x85--from=own/b x /",
        b"RUN \t\xa0\x85--network=host x",
        b"ONBUILD RUN \xa0--mount=from=own/b y",
        b"ADD \xa0github.com/own/b /",
        b"LABEL \xa0io.dockgate.owner=x",
    ] {
        let text = [b"FROM own/a\n", rest].concat();
        for builder in [Classic, BuildKit] {
            let flaw = Dockerfile::read(&text, &[], builder).unwrap_err().to_string();
            assert!(flaw.contains("a byte that is not UTF-8"), "{}: {flaw}", rest.escape_ascii());
        }
    }
    // Elsewhere they are text, and in UTF-8 characters like others.
    for rest in [&b"RUN echo caf\xe9 \xa0--from=x # \xa0"[..], "COPY \u{a0}--from=own/b x /".as_bytes()] {
        let read = Dockerfile::read(&[b"FROM own/a\n", rest].concat(), &[], BuildKit).unwrap();
        assert_eq!(texts(&read.images), ["1:own/a"]);
    }
}

#[test]
fn what_is_long_or_deep_is_refused() {
    let mut text = "ARG A=aaaaaaaaaaaaaaaa\n".to_owned();
    for _ in 0..40 {
        text.push_str("ARG A=$A$A\n");
    }
    text.push_str("FROM own/$A");
    assert!(refused(&text).contains("longer than 4096 bytes"));
    let text = format!("FROM {}x{}", "${A:-".repeat(100), "}".repeat(100));
    assert!(refused(&text).contains("too deep"));
    // In quotes as well: it would take gigabytes.
    let text = format!("ARG A={}\nFROM \"{}\"", "a".repeat(4000), "$A".repeat(500_000));
    assert!(refused(&text).contains("longer than 4096 bytes"));
    let long = given(&[("A", &"a".repeat(5000))]);
    let flaw = read("ARG A\nFROM own/${A:+a}", Classic, &long).unwrap_err();
    assert!(flaw.contains("$A is longer than 4096 bytes"), "{flaw}");
}

#[test]
fn values_do_not_become_long_together() {
    let name = "n".repeat(4000);
    for start in [format!("ARG A={name}\n"), format!("ARG {name}= A=${name}\n")] {
        let arguments: Vec<String> = (0..1000).map(|number| format!("A{number}=$A")).collect();
        let text = format!("{start}ARG {}\nFROM own/a", arguments.join(" "));
        assert!(refused(&text).contains("all values together become longer than 2097152 bytes"));
    }
    let text = format!("ARG A={name}\n{}", "FROM $A\n".repeat(1000));
    assert!(refused(&text).contains("all values together become longer than 2097152 bytes"));
}

#[test]
fn many_arguments_are_read_in_reasonable_time() {
    let names: Vec<String> = (0..50_000).map(|number| format!("A{number}")).collect();
    let given: Vec<_> = names.iter().map(|name| (name.clone(), Some(String::new()))).collect();
    let text = format!("ARG {} B={}\nFROM own/a", names.join(" "), "$C".repeat(300_000));
    assert_eq!(texts(&read(&text, Classic, &given).unwrap().images), ["2:own/a"]);
}

#[test]
fn stages_are_known_as_each_builder_knows_them() {
    let text = "FROM own/a AS a\nCOPY --from=b x /\nCOPY --from=a x /\nFROM own/b AS b";
    assert_eq!(texts(&read(text, Classic, &[]).unwrap().images), ["1:own/a", "2:b", "3:a", "4:own/b"]);
    assert_eq!(texts(&read(text, BuildKit, &[]).unwrap().images), ["1:own/a", "4:own/b"]);
}

#[test]
fn what_is_fetched_is_found() {
    let text = r#"FROM own/a
ADD local *.txt http.txt /x/
ADD http://one/x https://two/y.tar.gz /x/
ADD --chown=1:1 ["https://three/z", "local", "/x/"]
ADD git@github.com:own/x.git someone@host:y /x
ADD github.com/own/x ssh://git@host/x HTTP://four /x
ADD ht\tp://five "http://six" /x
ONBUILD ADD http://seven /x
COPY http://no /x
ADD [a-z]* /x
ADD host/own/x.git host/x%2egit?a=b#main:x /host/x.git /x
ADD x.git ./own/x.git ../own/x.git own/x.git/y own/x#y.git /x
"#;
    let expected = [
        "3:http://one/x",
        "3:https://two/y.tar.gz",
        "4:https://three/z",
        "5:git@github.com:own/x.git",
        "5:someone@host:y",
        "6:github.com/own/x",
        "6:ssh://git@host/x",
        "6:HTTP://four",
        "7:http://five",
        "7:http://six",
        "8:http://seven",
        "11:host/own/x.git",
        "11:host/x%2egit?a=b#main:x",
        "11:/host/x.git",
    ];
    for builder in [Classic, BuildKit] {
        assert_eq!(texts(&read(text, builder, &[]).unwrap().remotes), expected);
    }
    for (text, expected) in [
        (
            "FROM own/a\nADD $X /",
            "line 2 of the Dockerfile: ADD $X: only the daemon knows what $X is here; use COPY",
        ),
        ("FROM own/a\nADD http://x/${V:-1} /", "only the daemon knows"),
        ("FROM own/a\nADD [\"x\", \"/\"] http://x /", "the list in [] is not JSON"),
        ("FROM own/a\nADD [\"\\ud800\", \"/\"]", "the list in [] is not JSON"),
    ] {
        let flaw = refused(text);
        assert!(flaw.contains(expected), "{text:?}: {flaw}");
    }
}

#[test]
fn runs_ask_for_more() {
    let text = "FROM own/a
RUN --mount=type=secret,id=token --mount=type=secret,target=/run/secrets/key --mount=type=secret,src=file,target=/x a
RUN --mount=type=ssh --mount=type=ssh,id=deploy b
RUN --network=host --security=insecure c
RUN --network=none --security=sandbox --network=default d
RUN --device=vendor.com/gpu=all e
ONBUILD RUN --network=host f";
    let read = read(text, BuildKit, &[]).unwrap();
    assert_eq!(texts(&read.secrets), ["2:token", "2:key", "2:file"]);
    assert_eq!(texts(&read.ssh), ["3:default", "3:deploy"]);
    assert_eq!(texts(&read.networks), ["4:host", "7:host"]);
    assert_eq!(texts(&read.security), ["4:insecure"]);
    assert_eq!(texts(&read.devices), ["6:vendor.com/gpu=all"]);
}

#[test]
fn the_syntax_is_an_image_that_buildkit_runs() {
    let cases = [
        ("# syntax=docker/dockerfile:1", Some("1:docker/dockerfile:1")),
        ("#syntax = evil/frontend with words", Some("1:evil/frontend")),
        ("# escape=`\n# SYNTAX=x", Some("2:x")),
        ("# other=1\n# syntax=x", Some("2:x")),
        ("#!/usr/bin/env docker\n# syntax=x", Some("2:x")),
        ("\u{feff}# syntax=x", Some("1:x")),
        ("# comment\n# syntax=x", None),
        ("\n# syntax=x", None),
        ("# syntax=", None),
        // A value is one where it is nothing but blanks, too.
        ("# check= \n# syntax=x", Some("2:x")),
        ("# check=\u{a0}\n# syntax=x", Some("2:x")),
    ];
    for (head, expected) in cases {
        let text = format!("{head}\nFROM own/a");
        let syntax = read(&text, BuildKit, &[]).unwrap().syntax;
        assert_eq!(read(&text, Classic, &[]).unwrap().syntax, None);
        assert_eq!(syntax.map(|syntax| texts(&[syntax]).concat()).as_deref(), expected, "{head}");
    }
    let given = given(&[("BUILDKIT_SYNTAX", " evil/frontend x")]);
    let read_given = read("# syntax=x\nFROM own/a", BuildKit, &given).unwrap();
    assert_eq!(texts(read_given.syntax.as_slice()), ["0:evil/frontend"]);
    for blank in [" ", "\t", "\u{b}", "\u{a0}"] {
        let text = format!("# syntax={blank}\n# escape=`\nFROM own/a\nRUN x \\\nCOPY --from=own/b x /");
        assert_eq!(texts(&read(&text, Classic, &[]).unwrap().images), ["3:own/a", "5:own/b"], "{blank:?}");
        assert!(read(&text, BuildKit, &[]).unwrap_err().contains("is no name of an image"), "{blank:?}");
    }
    let flaw = read("# syntax=x\n# syntax=y\nFROM own/a", BuildKit, &[]).unwrap_err();
    assert!(flaw.contains("line 2 of the Dockerfile: syntax is set twice"), "{flaw}");
}

#[test]
fn here_documents_are_read_in_both_ways() {
    let cases: [(&str, &[&str]); 10] = [
        (
            "FROM own/a\nRUN <<EOF\nfrom os import path\nCOPY --from=own/b x y\nEOF\nFROM own/c",
            &["1:own/a", "6:own/c"],
        ),
        // To older daemons this is three instructions.
        ("FROM own/a\nRUN <<RUN\nFROM own/b\nRUN x\nRUN\nFROM own/c", &["1:own/a", "6:own/c", "3:own/b"]),
        ("FROM own/a\nRUN <<-'USER' 3<<END\n\tUSER\nFROM own/b\nEND\nFROM own/c", &["1:own/a", "6:own/c"]),
        ("FROM own/a\nRUN <<RUN\r\nFROM own/b\r\nRUN\r\n", &["1:own/a", "3:own/b"]),
        ("FROM own/a\nCOPY <<EOF /x\nFROM own/b\nEOF\n", &["1:own/a"]),
        (
            "FROM own/a\nRUN echo $((1<<3)) x<<y '<<EOF' \"<<\" <<<here \\<<x\nCOPY --from=own/b x y",
            &["1:own/a", "3:own/b"],
        ),
        ("FROM own/a\nENV x=<<EOF\nCOPY --from=own/b x y", &["1:own/a", "3:own/b"]),
        ("FROM own/a\nRUN cat <<EOF >${FILE}\nEOF\nCOPY --from=own/b x y", &["1:own/a", "4:own/b"]),
        (
            "FROM own/a\nRUN cat >\"${DIR}/\\\"x$y\" <<EOF\nfrom\nEOF\nCOPY --from=own/b x y",
            &["1:own/a", "5:own/b"],
        ),
        ("FROM own/a\nONBUILD RUN <<EOF\nCOPY --from=own/b x y\nEOF", &["1:own/a"]),
    ];
    for (text, expected) in cases {
        assert_eq!(images(text), expected, "{text}");
    }
    for text in [
        "FROM own/a\nRUN << EOF\nEOF",
        "FROM own/a\nRUN <<EOF>x\nEOF",
        "FROM own/a\nRUN <<$EOF\nEOF",
        "FROM own/a\nRUN <<E\\OF\nEOF",
        "FROM own/a\nRUN <<'E'OF\nEOF",
        "FROM own/a\nRUN it's <<EOF\nEOF",
        "FROM own/a\nRUN ${x:-'} <<EOF\nEOF",
        "FROM own/a\nRUN [\"x\"] <<EOF\nEOF",
        "FROM own/a\nRUN --network=none [\"x\"] <<CMD\nCOPY --from=own/b x y\nCMD",
        "FROM own/a\nONBUILD COPY --chown='1 1' --link [\"x\", \"y\"] <<EOF\nEOF",
        // Any blank may stand before JSON, though not before a flag.
        "FROM own/a\nRUN \u{a0}[\"x\"] <<CMD\nCOPY --from=own/b x y\nCMD",
        "FROM own/a\nONBUILD COPY --link \u{2003}[\"x\", \"y\"] <<EOF\nEOF",
        "FROM own/a\nRUN \"${x\" <<EOF\nEOF",
        "FROM own/a\nRUN \"${x:-\\\"}\" <<EOF\nEOF",
    ] {
        assert!(refused(text).contains("whether << begins a here-document"), "{text}");
    }
    assert!(
        refused("FROM own/a\nRUN <<EOF\nx")
            .contains("line 2 of the Dockerfile: the here-document does not end")
    );
    assert!(refused("FROM own/a\nRUN <<EOF\nEOF\r\r\n").contains("a carriage return"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        for builder in [Classic, BuildKit] {
            drop(Dockerfile::read(&bytes, &[], builder));
        }
    }

    #[test]
    fn anything_like_a_dockerfile_is_read_or_refused(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "FROM ", "ARG ", "COPY ", "ADD ", "RUN ", "ONBUILD ", "ENV ", "--from=", "--mount=", "x", "/", "=", "$",
            "${", "}", ":-", ":+", "<<", "-", "EOF", "\n", "\\\n", "`", "\\", "\"", "'", "[", "]", " ", "#", "# escape=`\n",
        ]), 0..60),
    ) {
        for builder in [Classic, BuildKit] {
            drop(Dockerfile::read(words.concat().as_bytes(), &[], builder));
        }
    }
}
