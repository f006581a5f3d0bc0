use super::*;

/// Made with `ssh-keygen -t ed25519`, for these tests.
const KEY: &str = include_str!("tests/seal_key");
const PUBLIC: &str = include_str!("tests/seal_key.pub");
/// Made with `ssh-keygen -Y sign -f seal_key -n dockgate-audit`.
const SIGNATURE: &str = include_str!("tests/hello.sig");

#[test]
fn it_signs_as_ssh_keygen_does() {
    let key = SealKey::read(KEY).unwrap();
    assert_eq!(key.sign(b"hello\n"), SIGNATURE);
    assert_eq!(key.public().to_string(), "SHA256:4ggNGvsYiJiKt3A3YslK2gVjImJmXx3L7hwAKk0HVsU");
    assert!(!format!("{key:?}").contains("SecretKey"));
}

#[test]
fn a_signature_tells_who_signed() {
    let key = SealKey::read(KEY).unwrap().public();
    assert_eq!(PublicKey::that_signed(b"hello\n", SIGNATURE), Ok(key));
    assert_eq!(PublicKey::that_signed(b"hello", SIGNATURE), Err("does not fit what it signs"));
    assert!(PublicKey::that_signed(b"hello\n", "").is_err());
}

#[test]
fn a_signature_damaged_anywhere_is_refused_and_nothing_breaks() {
    let bytes = unarmoured(SIGNATURE, SIGNATURE_LABEL).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(PublicKey::that_signed(b"hello\n", &armoured(&damaged, SIGNATURE_LABEL)).is_err(), "{at}");
        assert!(
            PublicKey::that_signed(b"hello\n", &armoured(&bytes[..at], SIGNATURE_LABEL)).is_err(),
            "{at}"
        );
    }
}

#[test]
fn a_key_damaged_anywhere_is_refused_or_still_the_same_and_nothing_breaks() {
    let bytes = unarmoured(KEY, KEY_LABEL).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        if let Ok(key) = SealKey::read(&armoured(&damaged, KEY_LABEL)) {
            assert_eq!(key.sign(b"hello\n"), SIGNATURE, "{at}");
        }
        assert!(at + 20 > bytes.len() || SealKey::read(&armoured(&bytes[..at], KEY_LABEL)).is_err(), "{at}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_told_apart() {
    let problem = |text: &str| SealKey::read(text).unwrap_err();
    assert!(problem(include_str!("tests/with_passphrase")).starts_with("the private key has a passphrase"));
    assert!(problem(include_str!("tests/ecdsa")).starts_with("the private key is not of the kind ed25519"));
    assert!(problem(PUBLIC).starts_with("it is no private key in OpenSSH's format"));
}

#[test]
fn public_keys_come_alone_or_as_allowed_signers() {
    let key = SealKey::read(KEY).unwrap().public();
    assert_eq!(PublicKey::read_all(PUBLIC), Ok(vec![key]));
    let signers = format!("# who\ndockgate namespaces=\"dockgate-audit\" {PUBLIC}\nother ssh-rsa AAAA\n");
    assert_eq!(PublicKey::read_all(&signers), Ok(vec![key]));
    assert!(PublicKey::read_all("dockgate ssh-ed25519 !\n").is_err());
    let read = |options: &str| PublicKey::read_all(&format!("dockgate {options} {PUBLIC}"));
    assert_eq!(read("namespaces=\"git,dockgate-audit\""), Ok(vec![key]));
    for other in [
        "namespaces=\"git\"",
        "cert-authority",
        "namespaces=\"dockgate-audit\" valid-before=\"20200101\"",
        "namespaces=\"git,dockgate-audit,file\",valid-before=\"20200101\"",
        "namespaces=\"*,!dockgate-audit\"",
    ] {
        assert!(read(other).unwrap_err().ends_with("that may sign for dockgate-audit"), "{other}");
    }
}
