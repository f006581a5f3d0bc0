//! Which of the entries is the Dockerfile.

use super::archive::{Entry, pack, pack_open};
use super::{BuildKit, Classic, both, read};

fn own_a() -> Entry {
    Entry::file("Dockerfile", "FROM own/a")
}

fn own_b(name: &str) -> Entry {
    Entry::file(name, "FROM own/b")
}

#[test]
fn paths_are_cleaned() {
    let names = [
        "Dockerfile",
        "./Dockerfile",
        "/Dockerfile",
        "x/../Dockerfile",
        "x/./y/../..//Dockerfile",
        "././/Dockerfile",
    ];
    for name in names {
        let lone = [Entry::file("x", ""), own_b(name), Entry::hard_link("y", "Dockerfile")];
        assert_eq!(both(&pack(&lone)), Ok("FROM own/b".to_owned()), "{name}");
        assert_eq!(both(&pack_open(&lone)), Ok("FROM own/b".to_owned()), "an archive may just end");
        let flaw = both(&pack(&[own_a(), own_b(name)])).unwrap_err();
        assert!(flaw.contains("\"Dockerfile\" is there more than once"), "{name}: {flaw}");
    }
    for other in
        [Entry::directory("Dockerfile"), Entry::symlink("Dockerfile", "x"), Entry::new(b'6', "Dockerfile")]
    {
        assert!(both(&pack(&[own_a(), other])).unwrap_err().contains("more than once"));
    }
}

#[test]
fn the_lower_case_name_is_not_taken_for_it() {
    let lower = || Entry::file("dockerfile", "FROM own/a");
    assert!(both(&pack(&[lower()])).unwrap_err().contains("but one in lower case"));
    assert_eq!(both(&pack(&[own_b("Dockerfile"), lower()])), Ok("FROM own/b".to_owned()));
    let nested = pack(&[Entry::directory("x"), Entry::file("x/dockerfile", "FROM own/a")]);
    assert!(read(&nested, "x/Dockerfile", BuildKit).unwrap_err().contains("but one in lower case"));
    assert_eq!(read(&nested, "x/dockerfile", Classic), Ok("FROM own/a".to_owned()));
}

#[test]
fn the_parameter_names_a_place() {
    let archive = pack(&[Entry::directory("docker/"), own_b("docker/prod.Dockerfile"), own_a()]);
    for path in ["docker/prod.Dockerfile", "./docker//prod.Dockerfile", "/docker/./prod.Dockerfile"] {
        for builder in [Classic, BuildKit] {
            assert_eq!(read(&archive, path, builder), Ok("FROM own/b".to_owned()), "{path}");
        }
    }
    assert!(read(&archive, "docker/../Dockerfile", Classic).unwrap_err().contains("without `..`"));
    assert!(read(&archive, "../Dockerfile", Classic).unwrap_err().contains("without `..`"));
    assert!(read(&archive, "/", Classic).unwrap_err().contains("names none"));
    assert!(read(&archive, ".", Classic).unwrap_err().contains("names none"));
    assert_eq!(read(&archive, ".", BuildKit), Ok("FROM own/a".to_owned()));
    assert!(
        read(&archive, "docker", Classic)
            .unwrap_err()
            .contains("goes through the Dockerfile: \"docker/prod.Dockerfile\"")
    );
    assert!(read(&archive, "docker/x", Classic).unwrap_err().contains("there is no \"docker/x\""));
}

#[test]
fn what_stands_in_the_way_is_refused() {
    let cases: [(&[Entry], &str); 17] = [
        (&[], "has no Dockerfile: there is no \"Dockerfile\""),
        (&[Entry::file("Dockerfile", "")], "\"Dockerfile\" is empty"),
        (&[Entry::directory("Dockerfile")], "is a directory"),
        (&[Entry::directory("Dockerfile"), own_b("dockerfile")], "is a directory"),
        (&[own_b("x"), Entry::symlink("Dockerfile", "x")], "is a link; name the file"),
        (&[own_b("x"), Entry::hard_link("Dockerfile", "x")], "is a hard link"),
        (&[Entry::new(b'6', "Dockerfile")], "is a device or pipe"),
        (&[own_a(), own_b("Dockerfile/x")], "goes through the Dockerfile"),
        (&[own_a(), own_b("../Dockerfile")], "leads out of it"),
        (&[own_a(), own_b("x/../../Dockerfile")], "leads out of it"),
        (
            &[own_a(), Entry::symlink("x", "."), own_b("x/Dockerfile")],
            "goes through a link: \"x/Dockerfile\"",
        ),
        (&[own_a(), Entry::symlink("x/y", ".."), own_b("./x/y/z/../Dockerfile")], "goes through a link"),
        (
            &[own_a(), Entry::symlink("x", "."), Entry::hard_link("y", "x"), own_b("y/Dockerfile")],
            "is a hard link to a link",
        ),
        (&[own_a(), Entry::symlink("x", "y"), Entry::hard_link("z", "x/l")], "is a hard link to a link"),
        (&[own_a(), Entry::hard_link("z", "../l")], "is a link that leads out of it"),
        (&[own_a(), Entry::file(".", "x")], "takes the place of all the rest"),
        (&[own_a(), Entry::file("/", "")], "the name of a directory"),
    ];
    for (entries, expected) in cases {
        let flaw = both(&pack(entries)).unwrap_err();
        assert!(flaw.contains(expected), "{expected}: {flaw}");
    }
    let nested = [own_b("x/Dockerfile"), Entry::symlink("x", "y")];
    let flaw = read(&pack(&nested), "x/Dockerfile", Classic).unwrap_err();
    assert!(flaw.contains("stands on the way to the Dockerfile: \"x\""), "{flaw}");
}

#[test]
fn entries_are_read_as_go_reads_them() {
    let b = || Ok("FROM own/b".to_owned());
    let long = format!("{}/../Dockerfile", "x".repeat(120));
    assert_eq!(both(&pack(&[Entry::file("first", ""), own_b(&long).long()])), b());
    assert_eq!(
        both(&pack(&[
            Entry::file("first", ""),
            own_b("else").behind(Entry::records(b'x', &[("path", "Dockerfile"), ("comment", "x")]))
        ])),
        b()
    );
    let gnu = |name: &str, content: &str| Entry {
        content: content.into(),
        magic: b"ustar  \0",
        ..Entry::new(b'L', name)
    };
    assert_eq!(
        both(&pack(&[Entry::file("first", ""), own_b("else").behind(gnu("././@LongLink", "Dockerfile\0"))])),
        b()
    );
    assert_eq!(
        both(&pack(&[Entry::file("first", ""), Entry { prefix: b"x/..", ..own_b("Dockerfile") }])),
        b()
    );
    // The prefix is none in older formats.
    assert_eq!(
        both(&pack(&[Entry::file("first", ""), Entry { prefix: b"x", magic: b"", ..own_b("Dockerfile") }])),
        b()
    );
    assert_eq!(both(&pack(&[Entry::file("first", ""), Entry { flag: 0, ..own_b("Dockerfile") }])), b());
    assert_eq!(both(&pack(&[Entry::file("first", ""), Entry::new(0, "x/"), own_b("Dockerfile")])), b());
    assert_eq!(
        both(&pack(&[
            Entry::file("first", ""),
            Entry { size: Some(b"        12 \0"), ..own_b("Dockerfile") }
        ])),
        b()
    );
    let binary = b"\x80\0\0\0\0\0\0\0\0\0\0\x0a";
    assert_eq!(
        both(&pack(&[Entry::file("first", ""), Entry { size: Some(binary), ..own_b("Dockerfile") }])),
        b()
    );
    let sized = own_b("Dockerfile").behind(Entry::records(b'x', &[("size", "10")]));
    assert_eq!(
        both(&pack(&[Entry::file("first", ""), Entry { size: Some(b"00000000000\0"), ..sized }])),
        b()
    );
    let comment = own_b("Dockerfile").behind(Entry::records(b'g', &[("comment", "0123")]));
    assert_eq!(both(&pack(&[Entry::file("first", ""), comment])), b());
}

#[test]
fn entries_that_have_two_readings_are_refused() {
    let records = |records: &[(&str, &str)]| own_a().behind(Entry::records(b'x', records));
    let gnu = |content: &str| Entry { content: content.into(), magic: b"ustar  \0", ..Entry::new(b'L', "x") };
    let cases = [
        (records(&[("path", "x"), ("path", "Dockerfile")]), "a record twice"),
        (records(&[("path", "")]), "without a value"),
        (records(&[("path", "x\0y")]), "a zero byte in it"),
        (records(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "Dockerfile")]), "a sparse file"),
        (records(&[("size", "-1")]), "a size"),
        (records(&[]).behind(Entry::records(b'x', &[("path", "x")])), "two headers of one kind"),
        (records(&[("path", "x")]).behind(gnu("y\0")), "of two formats"),
        (own_a().behind(gnu("x\0y")), "a long name with a zero byte"),
        (own_a().behind(Entry::records(b'g', &[("path", "x")])), "a global header"),
        (
            records(&[("path", "x")]).behind(Entry::records(b'g', &[("comment", "x")])),
            "two headers of one kind",
        ),
        (
            own_a().behind(Entry { content: b"12 path=x\n".into(), ..Entry::new(b'x', "x") }),
            "a record that cannot be read",
        ),
        (
            own_a().behind(Entry { content: b"5 x=\n99 y=\n".into(), ..Entry::new(b'x', "x") }),
            "a record that cannot be read",
        ),
        (Entry { flag: b'S', ..own_a() }, "of a kind that the daemon does not unpack"),
        (Entry { flag: b'7', ..own_a() }, "of a kind that the daemon does not unpack"),
        (own_b("Dockerfile/"), "a file with the name of a directory"),
        (own_b(""), "an entry without a name"),
        (Entry { content: vec![b'x'; 512], ..Entry::symlink("x", "y") }, "content where there can be none"),
        (Entry { content: vec![b'x'; 512], ..Entry::directory("x") }, "content where there can be none"),
        (Entry { size: Some(b"-00000000001"), ..own_a() }, "a size"),
        (Entry { size: Some(b"0x00000000a\0"), ..own_a() }, "a size"),
        (Entry { size: Some(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), ..own_a() }, "a size"),
        (Entry { magic: b"ustar  \0", prefix: b"Docker", ..own_a() }, "a time that is no number"),
        (own_b(&"/x".repeat(3000)).long(), "a name of more than 4096 bytes"),
        (own_b("BZhello"), "takes for compressed data"),
    ];
    for (entry, expected) in cases {
        let bytes = pack(&[Entry::file("first", ""), entry.clone()]);
        let bytes = if entry.name.starts_with(b"BZh") { pack(&[entry.long()]) } else { bytes };
        let flaw = both(&bytes).unwrap_err();
        assert!(flaw.contains(expected) || flaw.contains("take for compressed data"), "{expected}: {flaw}");
    }
    let flaw = read(&pack(&[own_a().long()]), "", BuildKit).unwrap_err();
    assert!(flaw.contains("begins with an extended header"), "{flaw}");
    assert!(read(&pack(&[own_a().long()]), "", Classic).is_ok());
}

#[test]
fn archives_that_do_not_end_well_are_refused() {
    let whole = pack(&[own_a()]);
    for length in [1, 511, 513, 521, 1025, 1535] {
        let flaw = both(&whole[..length]).unwrap_err();
        assert!(flaw.contains("is cut off") || flaw.contains("wrong checksum"), "{length}: {flaw}");
    }
    for length in [522, 1023, 1024] {
        assert!(both(&whole[..length]).is_ok(), "only what fills up the last block is missing");
    }
    let behind = [whole.clone(), pack(&[own_b("Dockerfile")])].concat();
    assert!(both(&behind).unwrap_err().contains("goes on behind its end"));
    let mut single = pack_open(&[own_a()]);
    single.resize(single.len() + 512, 0);
    assert!(both(&single).is_ok(), "one block of zeros, and the end");
    single.extend(pack(&[own_b("Dockerfile")]));
    assert!(both(&single).unwrap_err().contains("goes on behind its end"));
    let padded = [whole.clone(), vec![0; 9000]].concat();
    assert!(both(&padded).is_ok());
    assert!(both(b"FROM own/a\n").unwrap_err().contains("is cut off"));
    assert!(both(&[b'x'; 1024]).unwrap_err().contains("is not a tar archive"));
    assert!(both(b"").unwrap_err().contains("has no Dockerfile"));
    let mut wrong = whole;
    wrong[0] = b'd';
    assert!(both(&wrong).unwrap_err().contains("wrong checksum"));
}

#[test]
fn a_large_dockerfile_is_refused() {
    let large = "#".repeat(1024 * 1024 + 1);
    assert!(both(&pack(&[Entry::file("Dockerfile", &large)])).unwrap_err().contains("is larger than 1 MiB"));
    let header = Entry { content: vec![b'x'; 1024 * 1024 + 1], ..Entry::new(b'x', "x") };
    assert!(
        both(&pack(&[Entry::file("x", ""), own_a().behind(header)]))
            .unwrap_err()
            .contains("an extended header of more than")
    );
}
