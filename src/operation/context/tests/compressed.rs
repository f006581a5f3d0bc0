//! Compressed archives.

use std::io::Write as _;

use super::archive::{Entry, pack};
use super::{BuildKit, Classic, LIMIT, both, dockerfile, read};

fn archive() -> Vec<u8> {
    pack(&[Entry::file("first", &"x".repeat(3000)), Entry::file("Dockerfile", "FROM own/a")])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_with(bytes, 1024 * 1024)
}

fn xz_with(bytes: &[u8], dictionary_bytes: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = dictionary_bytes;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

type Packer = fn(&[u8]) -> Vec<u8>;

const PACKERS: [(&str, Packer); 4] = [("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("zstd", zstd)];

#[test]
fn every_compression_of_the_daemon_is_read() {
    let expected = Ok("FROM own/a".to_owned());
    for (name, pack) in PACKERS {
        assert_eq!(read(&pack(&archive()), "", Classic), expected, "{name}");
        let whole = archive();
        let pieces = [&whole[..700], &whole[700..]].map(pack).concat();
        assert_eq!(read(&pieces, "", Classic), expected, "{name} in two pieces");
    }
    assert_eq!(both(&gzip(&archive())), expected);
    let skipped = [b"\x53\x2a\x4d\x18\x05\0\0\0FROM ".to_vec(), zstd(&archive())].concat();
    assert_eq!(read(&skipped, "", Classic), expected);
    let flaw = read(&zstd(&archive()), "", BuildKit).unwrap_err();
    assert!(flaw.contains("BuildKit takes for a Dockerfile"), "{flaw}");
}

#[test]
fn what_follows_or_is_missing_is_refused() {
    for (name, pack) in PACKERS {
        let packed = pack(&archive());
        let refused = |bytes: &[u8]| read(bytes, "", Classic).unwrap_err();
        for cut in [packed.len() / 2, packed.len() - 1] {
            let flaw = refused(&packed[..cut]);
            assert!(flaw.contains("is cut off") || flaw.contains("cannot be unpacked"), "{name}: {flaw}");
        }
        let flaw = refused(&[packed.clone(), b"FROM own/b".to_vec()].concat());
        assert!(flaw.contains("cannot be unpacked") || flaw.contains("is cut off"), "{name}: {flaw}");
        assert!(refused(&pack(&packed)).contains("is compressed twice"), "{name}");
        assert!(refused(&pack(b"FROM own/a")).contains("is cut off"), "{name}");
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        assert!(read(&damaged, "", Classic).is_err(), "{name}");
    }
}

#[test]
fn bombs_go_off_outside() {
    for (name, pack_bytes) in PACKERS {
        let bomb = pack_bytes(&pack(&[Entry::file("zeros", &"\0".repeat(1024 * 1024))]));
        let flaw = dockerfile(&bomb[..], "", Classic, 512 * 1024).unwrap_err();
        assert!(flaw.to_string().contains("unpacks to more than dockgate reads"), "{name}: {flaw}");
    }
    let flaw = read(&xz_with(&archive(), 96 * 1024 * 1024), "", Classic).unwrap_err();
    assert!(flaw.contains("cannot be unpacked"), "{flaw}");
    // A window of 2 GiB.
    let flaw = read(b"\x28\xb5\x2f\xfd\x04\xa8\x01\0\0", "", Classic).unwrap_err();
    assert!(flaw.contains("cannot be unpacked"), "{flaw}");
    assert!(dockerfile(&archive()[..], "", Classic, LIMIT).is_ok());
}
