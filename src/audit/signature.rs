//! Signatures of seals: ed25519, in the format of `ssh-keygen -Y` (OpenSSH `PROTOCOL.sshsig`), so that its
//! keys make them and it can check them.

mod wire;

use std::fmt;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256, Sha512};

use wire::{Reader, Writer};

/// What signatures are for, as `ssh-keygen -Y verify -n` is told.
const NAMESPACE: &str = "dockgate-audit";
const ALGORITHM: &str = "ssh-ed25519";
const SIGNATURE_LABEL: &str = "SSH SIGNATURE";
const KEY_LABEL: &str = "OPENSSH PRIVATE KEY";
const SIGNATURE_MAGIC: &[u8] = b"SSHSIG";
const KEY_MAGIC: &[u8] = b"openssh-key-v1\0";
const LINE: usize = 70;

/// A private key.
pub(super) struct SealKey(Ed25519KeyPair);

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublicKey([u8; 32]);

impl SealKey {
    /// Reads a key as `ssh-keygen -t ed25519` writes it.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let make = "make one with `ssh-keygen -t ed25519 -N '' -f FILE`";
        let bytes = unarmoured(text, KEY_LABEL)
            .ok_or_else(|| format!("it is no private key in OpenSSH's format: {make}"))?;
        let broken = || "the private key is damaged".to_owned();
        let mut key = Reader(bytes.strip_prefix(KEY_MAGIC).ok_or_else(broken)?);
        let cipher = key.string().ok_or_else(broken)?;
        if cipher != b"none" {
            return Err(format!("the private key has a passphrase, and nobody is there to type it: {make}"));
        }
        let mut secret = key.secret_part().ok_or_else(broken)?;
        if secret.string() != Some(ALGORITHM.as_bytes()) {
            return Err(format!("the private key is not of the kind ed25519: {make}"));
        }
        let (public, pair) = (secret.string().ok_or_else(broken)?, secret.string().ok_or_else(broken)?);
        // Of the pair the first half is the secret, the second the public key once more.
        let seed = pair.strip_suffix(public).ok_or_else(broken)?;
        Ed25519KeyPair::from_seed_and_public_key(seed, public).map(Self).map_err(|_| broken())
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let signature = self.0.sign(&signed_bytes(message));
        let mut blob = Writer(SIGNATURE_MAGIC.to_vec());
        blob.number(1);
        blob.string(&self.public().blob());
        blob.string(NAMESPACE.as_bytes());
        blob.string(b"");
        blob.string(b"sha512");
        let mut inner = Writer::default();
        inner.string(ALGORITHM.as_bytes());
        inner.string(signature.as_ref());
        blob.string(&inner.0);
        armoured(&blob.0, SIGNATURE_LABEL)
    }

    /// The public half.
    pub(super) fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        // That is how long it is.
        for (own, byte) in key.iter_mut().zip(self.0.public_key().as_ref()) {
            *own = *byte;
        }
        PublicKey(key)
    }
}

impl PublicKey {
    /// The key that signed a message, if the signature is good.
    ///
    /// # Errors
    ///
    /// What is wrong with the signature, to go on from "its signature …".
    pub(super) fn that_signed(message: &[u8], signature: &str) -> Result<Self, &'static str> {
        let bytes = unarmoured(signature, SIGNATURE_LABEL).ok_or("is none in the format of ssh-keygen -Y")?;
        let parts = || {
            let mut blob = Reader(bytes.strip_prefix(SIGNATURE_MAGIC)?);
            let version = blob.number()?;
            let key = Self::of_blob(blob.string()?)?;
            let (namespace, reserved, hash) = (blob.string()?, blob.string()?, blob.string()?);
            let mut inner = Reader(blob.string()?);
            let is_ours = version == 1
                && namespace == NAMESPACE.as_bytes()
                && reserved.is_empty()
                && hash == b"sha512"
                && inner.string()? == ALGORITHM.as_bytes();
            is_ours.then_some(())?;
            Some((key, inner.string()?))
        };
        let (key, signature) = parts().ok_or("is not one that dockgate makes")?;
        match UnparsedPublicKey::new(&ED25519, key.0).verify(&signed_bytes(message), signature) {
            Ok(()) => Ok(key),
            Err(_) => Err("does not fit what it signs"),
        }
    }

    /// The keys of a file: a public key as `ssh-keygen` writes it, or allowed signers.
    ///
    /// # Errors
    ///
    /// A sentence where there is no key in it.
    pub(super) fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let keys: Vec<_> = lines.filter_map(Self::read).collect();
        if keys.is_empty() {
            return Err(format!(
                "there is no key of the kind ssh-ed25519 in it that may sign for {NAMESPACE}"
            ));
        }
        Ok(keys)
    }

    /// The key of a line, where there is one that may sign seals: one that is for certificates, for other namespaces or
    /// for a time may not.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (before, key) = words.split_at_checked(words.iter().position(|word| *word == ALGORITHM)?)?;
        let options = before.get(1..).unwrap_or_default().join(" ");
        let namespaces = options.strip_prefix("namespaces=\"").and_then(|list| list.strip_suffix('"'));
        // Behind a quotation mark are other options, behind an exclamation mark what it is not for.
        let is_meant = |list: &str| {
            !list.contains(['"', '!']) && list.split(',').any(|name| matches!(name, NAMESPACE | "*"))
        };
        if !options.is_empty() && !namespaces.is_some_and(is_meant) {
            return None;
        }
        Self::of_blob(&BASE64_STANDARD.decode(key.get(1)?).ok()?)
    }

    fn of_blob(blob: &[u8]) -> Option<Self> {
        let mut blob = Reader(blob);
        if blob.string()? != ALGORITHM.as_bytes() {
            return None;
        }
        blob.string()?.try_into().ok().map(Self)
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Writer::default();
        blob.string(ALGORITHM.as_bytes());
        blob.string(&self.0);
        blob.0
    }
}

impl fmt::Display for PublicKey {
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(self.blob())))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealKey").field(&self.public()).finish()
    }
}

/// What the signature is over, in place of the message itself.
fn signed_bytes(message: &[u8]) -> Vec<u8> {
    let mut bytes = Writer(SIGNATURE_MAGIC.to_vec());
    bytes.string(NAMESPACE.as_bytes());
    bytes.string(b"");
    bytes.string(b"sha512");
    bytes.string(&Sha512::digest(message));
    bytes.0
}

fn armoured(bytes: &[u8], label: &str) -> String {
    let base64 = BASE64_STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn unarmoured(text: &str, label: &str) -> Option<Vec<u8>> {
    let text = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let base64 = text.strip_suffix(&format!("-----END {label}-----"))?;
    let base64: String = base64.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests;
