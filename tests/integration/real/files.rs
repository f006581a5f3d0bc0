//! Bytes in and out: cp, export, save and load.

use std::fs;
use std::io::Write as _;

use sha2::{Digest as _, Sha256};

use super::streams::FLAT_KIB;
use crate::harness::{Container, Engine, Gate, Running};

#[test]
fn files_go_in_and_come_out_unchanged() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let source = gate.dir().join("source");
    let copy = gate.dir().join("copy");
    fs::write(&source, &bytes).unwrap();
    let inside = format!("{}:/tmp/file", container.name);
    gate.docker(["cp", source.to_str().unwrap(), &inside]).run().ok();
    gate.docker(["exec", &container.name, "md5sum", "/tmp/file"]).same_as_direct().ok();
    gate.docker(["cp", &inside, copy.to_str().unwrap()]).run().ok();
    assert!(fs::read(&copy).unwrap() == bytes, "what came out is what went in");
}

#[test]
fn an_upload_goes_where_its_links_may_lead() {
    let policy = r#"
        version = 1
        [[allow]]
        operations = ["@ping", "ContainerInspect", "ContainerArchiveInfo", "PutContainerArchive"]
        container_paths = ["/tmp/**"]
    "#;
    let gate = Gate::with_policy_text(policy).start();
    let container = Container::running("sleep 600");
    let source = gate.dir().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), "as it was").unwrap();
    std::os::unix::fs::symlink("file", source.join("near")).unwrap();
    let upload = || gate.docker(["cp", source.to_str().unwrap(), &format!("{}:/tmp/", container.name)]).run();
    upload().ok();
    let inside = ["exec", &container.name, "cat", "/tmp/source/near"];
    assert_eq!(Engine::real().docker(inside).ok().stdout, "as it was");
    std::os::unix::fs::symlink("/etc", source.join("far")).unwrap();
    let refusal = upload().failed(1).stderr;
    assert!(refusal.contains("container_paths \"/etc\", in the link \"source/far\""), "{refusal}");
}

#[test]
fn a_tar_on_standard_output_is_the_same() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let inside = format!("{}:/etc/passwd", container.name);
    gate.docker(["cp", &inside, "-"]).same_as_direct().ok();
    gate.docker(["cp", &format!("{}:/nowhere", container.name), "-"]).same_as_direct().failed(1);
}

#[test]
fn an_export_is_the_same() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::run_with(&["--network", "none"], "exit 0").ended();
    let through = digest(&mut gate.docker(["export", &container.name]).spawn());
    let address = Engine::real().address;
    let straight = digest(&mut gate.docker(["export", &container.name]).command(&address, "").spawn());
    assert_eq!(through, straight);
}

#[test]
fn a_large_image_is_saved_and_loaded_with_flat_memory() {
    let gate = Gate::with_policy("everything").start();
    let name = "dockgate-test/big";
    // The two layers' order in time is not part of the image; its size and parts are.
    let file = gate.dir().join("image.tar");
    gate.docker(["save", "--output", file.to_str().unwrap(), name]).run().ok();
    let length = fs::metadata(&file).unwrap().len();
    assert!(length > 200_000_000, "{length} bytes");
    let [straight, again] = ["straight.tar", "again.tar"].map(|name| gate.dir().join(name));
    for file in [&straight, &again] {
        Engine::real().docker(["save", "--output", file.to_str().unwrap(), name]).ok();
    }
    if hash_of(&straight) == hash_of(&again) {
        assert!(hash_of(&file) == hash_of(&straight), "the archive is the same to the byte");
    } else {
        // Engines from 25 on write the time into it.
        assert_eq!(length, fs::metadata(&straight).unwrap().len());
    }

    let mut loading = gate.docker(["load"]).spawn();
    let mut input = loading.stdin.take().unwrap();
    let mut archive = fs::File::open(&file).unwrap();
    std::io::copy(&mut archive, &mut input).unwrap();
    input.flush().unwrap();
    drop(input);
    let output = loading.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("Loaded image: dockgate-test/big"),
        "{said} {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let peak = gate.memory_kib("VmHWM");
    assert!(peak < FLAT_KIB, "{peak} KiB at the peak, for an image of {length} bytes");
    let judged = gate.recorded("judged", "ImageLoad");
    let sent = gate.ended(&judged);
    assert_eq!(sent.field("status"), 200);
}

#[test]
fn an_image_is_imported_from_standard_input() {
    let gate = Gate::with_policy("everything").start();
    let reference = "dockgate-test/imported:{side}";
    gate.docker(["import", "-", reference]).stdin(vec![0; 10240]).same_as_direct().ok();
    for side in ["through", "straight"] {
        // Which layers go with an image depends on what else has them.
        gate.docker(["rmi", &reference.replace("{side}", side)]).run().ok();
    }
}

fn digest(child: &mut std::process::Child) -> (u64, Vec<u8>) {
    let mut running = Running(std::mem::replace(child, std::process::Command::new("true").spawn().unwrap()));
    let mut stdout = running.0.stdout.take().unwrap();
    hash(&mut stdout)
}

fn hash_of(file: &std::path::Path) -> (u64, Vec<u8>) {
    hash(&mut fs::File::open(file).unwrap())
}

fn hash(from: &mut impl std::io::Read) -> (u64, Vec<u8>) {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let count = from.read(&mut buffer).unwrap();
        if count == 0 {
            return (total, hasher.finalize().to_vec());
        }
        total += u64::try_from(count).unwrap();
        hasher.update(&buffer[..count]);
    }
}
