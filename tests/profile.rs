//! What stands before the compiler in a release build: the profile is handed to it where it is for it, and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test that cannot run a script has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const RELEASE: [&str; 6] = ["--crate-name", "dockgate", "-C", "lto=fat", "-C", "metadata=0123"];
const DEBUG: [&str; 4] = ["--crate-name", "dockgate", "-C", "metadata=0123"];

/// The compiler that the profile was made with.
fn profiled() -> String {
    fs::read_to_string(profile("compiler")).unwrap().trim().to_owned()
}

fn profile(name: &str) -> String {
    format!("{}/profile/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a compiler of this version, with another wrapper before it or none, is called with for a package, a line each.
fn called(version: &str, between: &[&str], package: [&str; 2], arguments: &[&str]) -> Vec<String> {
    called_beside(["glibc 2.36", "/usr/lib/gcc/libgcc_eh.a"], version, between, package, arguments)
}

/// The same, with this C library, and where what unwinds is said to lie.
fn called_beside(
    [libc, unwinder]: [&str; 2],
    version: &str,
    between: &[&str],
    package: [&str; 2],
    arguments: &[&str],
) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, script: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let compiler = write(
        "rustc",
        &format!(
            "case \"$*\" in
            -vV) printf '{version}\\nhost: x86_64-unknown-linux-gnu\\nrelease: 1\\n' ;;
            *) printf '%s\\n' \"$@\" ;;
            esac"
        ),
    );
    write("getconf", &format!("test \"$*\" = GNU_LIBC_VERSION && echo '{libc}'"));
    write("cc", &format!("test \"$*\" = -print-file-name=libgcc_eh.a && echo '{unwinder}'"));
    let output = Command::new(profile("rustc"))
        .args(between)
        .arg(&compiler)
        .args(arguments)
        .env("PATH", format!("{}:/usr/bin:/bin", dir.path().display()))
        .envs(["CARGO_PKG_NAME", "CARGO_PKG_VERSION"].into_iter().zip(package))
        .env_remove("DOCKGATE_PROFILE_INTO")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

#[test]
fn a_release_of_its_compiler_is_built_by_the_profile() {
    let used = format!("-Cprofile-use={}", profile("dockgate.profdata"));
    let (alone, wrapped): (&[&str], &[&str]) = (&[], &["env"]);
    for (between, package, metadata) in [
        // A release has another version, and the same names.
        (alone, ["dockgate", "1.2.3"], "metadata=dockgate"),
        (wrapped, ["dockgate", "1.2.3"], "metadata=dockgate"),
        (alone, ["itoa", "1.2.3"], "metadata=itoa-1.2.3"),
    ] {
        let called = called(&profiled(), between, package, &RELEASE);
        let expected = RELEASE[..5].iter().copied().chain([metadata, &used]).collect::<Vec<_>>();
        assert_eq!(called[..7], expected, "{called:?}");
    }
}

#[test]
fn nothing_else_is() {
    let counting = [RELEASE.as_slice(), &["-Cinstrument-coverage"]].concat();
    let own = [RELEASE.as_slice(), &["-Cprofile-generate=/tmp"]].concat();
    for arguments in [DEBUG.as_slice(), &counting, &own] {
        assert_eq!(called(&profiled(), &[], ["dockgate", "1.2.3"], arguments), arguments);
    }
    assert_eq!(called("rustc 1.0.0 (a59de37e9 2015-05-13)", &[], ["dockgate", "1.2.3"], &RELEASE), RELEASE);
}

#[test]
fn what_runs_is_laid_together_where_the_linker_is_the_compilers_own() {
    let added = |more: &[&str]| {
        let arguments = [RELEASE.as_slice(), &["--crate-type", "bin"], more].concat();
        let called = called(&profiled(), &[], ["dockgate", "1.2.3"], &arguments);
        let order = format!("-Clink-arg=--symbol-ordering-file={}", profile("order"));
        let is = |argument: &str| called.iter().any(|one| one == argument);
        (is(&order), is("-Cllvm-args=-enable-split-machine-functions"))
    };
    for own in [
        [].as_slice(),
        &["--target", "x86_64-unknown-linux-gnu", "-Ctarget-feature=+crt-static"],
        &["-Clink-arg=-Wl,-z,now"],
    ] {
        assert_eq!(added(own), (true, true), "{own:?}");
    }
    for other in [
        ["--target", "aarch64-unknown-linux-gnu"].as_slice(),
        &["--target", "armv7-unknown-linux-gnueabihf"],
        &["--target", "x86_64-unknown-linux-musl"],
        &["-C", "linker=clang"],
        &["-Clink-arg=-fuse-ld=mold"],
        &["-Clinker-features=-lld"],
    ] {
        assert_eq!(added(other), (false, false), "{other:?}");
    }
}

#[test]
fn relocations_are_packed_where_the_loader_reads_them_packed() {
    let arguments = [RELEASE.as_slice(), &["--crate-type", "bin"]].concat();
    for (libc, packed) in [
        ("glibc 2.31", false),
        ("glibc 2.35", false),
        ("glibc 2.36", true),
        ("glibc 2.43", true),
        ("undefined", false),
    ] {
        let beside = [libc, "libgcc_eh.a"];
        let called = called_beside(beside, &profiled(), &[], ["dockgate", "1.2.3"], &arguments);
        let asked = called.iter().any(|one| one == "-Clink-arg=-Wl,-z,pack-relative-relocs");
        assert_eq!(asked, packed, "{libc}");
    }
}

#[test]
fn what_unwinds_is_linked_in_where_it_is_there_for_that() {
    let program = [RELEASE.as_slice(), &["--crate-type", "bin"]].concat();
    for (arguments, unwinder, is_in) in [
        (program.as_slice(), "/usr/lib/gcc/12/libgcc_eh.a", true),
        // What compilers say of a file that they do not have.
        (&program, "libgcc_eh.a", false),
        (&RELEASE, "/usr/lib/gcc/12/libgcc_eh.a", false),
        (&DEBUG, "/usr/lib/gcc/12/libgcc_eh.a", false),
    ] {
        let beside = ["glibc 2.36", unwinder];
        let called = called_beside(beside, &profiled(), &[], ["dockgate", "1.2.3"], arguments);
        let asked: Vec<_> =
            called.iter().filter(|one| one.starts_with("-L") || one.starts_with("-l")).collect();
        let expected: &[&str] = if is_in { &["-Lnative=/usr/lib/gcc/12", "-lstatic=gcc_eh"] } else { &[] };
        assert_eq!(asked, expected, "{unwinder} {arguments:?}");
    }
}

#[test]
fn the_profile_is_one() {
    // What LLVM's indexed profiles begin with.
    assert!(fs::read(profile("dockgate.profdata")).unwrap().starts_with(b"\xfflprofi\x81"));
    // A function a line, those of the standard library by the names that its compiler gives them.
    let order = fs::read_to_string(profile("order")).unwrap();
    assert!(order.lines().all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())));
    assert!(order.lines().filter(|name| name.contains("8dockgate")).count() > 100);
}

#[test]
fn the_image_is_built_by_its_compiler() {
    let dockerfile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).unwrap();
    let profiled = profiled();
    let version = profiled.split(' ').nth(1).unwrap();
    assert!(dockerfile.contains(&format!("FROM rust:{version}-slim ")), "the profile is for {profiled}");
}
