//! Archives, and the Dockerfile that is in them.

mod archive;
mod compressed;
mod links;
mod places;

use super::dockerfile;
use crate::operation::build::Builder::{self, BuildKit, Classic};
use archive::{Entry, pack};

const LIMIT: u64 = 64 * 1024 * 1024;

fn read(bytes: &[u8], path: &str, builder: Builder) -> Result<String, String> {
    let read = dockerfile(bytes, path, builder, LIMIT);
    read.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|flaw| flaw.to_string())
}

/// What both builders find at the default place.
#[track_caller]
fn both(bytes: &[u8]) -> Result<String, String> {
    let classic = read(bytes, "Dockerfile", Classic);
    assert_eq!(classic, read(bytes, "", Classic));
    assert_eq!(classic, read(bytes, "", BuildKit));
    classic
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        start in proptest::sample::select(vec![
            &b""[..], b"BZh9", b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\xfd7zXZ\0\0\x04", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18",
        ]),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000),
    ) {
        let bytes = [start, &bytes].concat();
        for builder in [Classic, BuildKit] {
            drop(dockerfile(&bytes[..], "", builder, LIMIT));
        }
    }

    #[test]
    fn a_damaged_archive_is_read_or_refused(
        damage in proptest::collection::vec((0..4096_usize, proptest::prelude::any::<u8>()), 1..4),
        sum in proptest::prelude::any::<bool>(),
        length in 0..4096_usize,
    ) {
        let mut bytes = pack(&[Entry::file("a", "x").long(), Entry::file("Dockerfile", "FROM own/a")]);
        for (at, byte) in damage {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        if sum {
            archive::sum(&mut bytes[..512]);
        }
        drop(dockerfile(&bytes[..], "", Classic, LIMIT));
        bytes.truncate(length);
        drop(dockerfile(&bytes[..], "", Classic, LIMIT));
    }
}
