//! What is wrong between two who want to encrypt, and what to do about it.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

use super::{AwayKind, Explained};
use crate::settings::{Address, TlsFiles};

/// The code of a daemon whose certificate cannot be trusted, and of one that does not trust dockgate's.
const UNTRUSTED: &str = "CERT_UNTRUSTED";
const REFUSED: &str = "CERT_REFUSED";

/// Why the connection to `address` cannot be encrypted with `files`.
pub(super) fn handshake(
    address: &Address,
    files: &TlsFiles,
    error: &io::Error,
) -> (Option<&'static str>, Explained) {
    match cause(error) {
        Some(Error::InvalidCertificate(fault)) => (Some(UNTRUSTED), untrusted(address, files, fault)),
        Some(Error::AlertReceived(alert)) if is_about_certificates(*alert) => refused(address, error),
        Some(Error::InvalidMessage(_)) => (
            Some("EPROTO"),
            Explained {
                kind: AwayKind::Unknown,
                found: format!("what listens at {address} does not speak TLS."),
                cure: "Give the port on which the daemon does (2376, as a rule), or leave out --daemon-tls-ca if it is not meant to.".to_owned(),
                recoverable: false,
            },
        ),
        _ => (
            Some("EPROTO"),
            Explained {
                kind: AwayKind::Connection,
                found: format!("the connection to {address} cannot be encrypted: {error}."),
                cure: "Look at the daemon's own log.".to_owned(),
                recoverable: true,
            },
        ),
    }
}

/// Whether a connection was broken off because of dockgate's certificate: TLS 1.3 tells only then.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    matches!(cause(error), Some(Error::AlertReceived(alert)) if is_about_certificates(*alert))
}

/// The daemon does not trust dockgate's certificate, or wants one.
pub(super) fn refused(address: &Address, error: &io::Error) -> (Option<&'static str>, Explained) {
    let explained = Explained {
        kind: AwayKind::Permission,
        found: format!("the daemon at {address} does not let dockgate in: {error}."),
        cure: "Give dockgate a certificate that the daemon's --tlscacert vouches for, and its key: --daemon-tls-cert, --daemon-tls-key.".to_owned(),
        recoverable: false,
    };
    (Some(REFUSED), explained)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all that can be wrong with a certificate these have a cure of their own"
)]
fn untrusted(address: &Address, files: &TlsFiles, fault: &CertificateError) -> Explained {
    let ca = files.ca.display();
    let cure = match fault {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("{ca} does not vouch for it: give --daemon-tls-ca the certificate of the authority that signed the daemon's.")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "Give the daemon a certificate that names this host (subjectAltName), or give --daemon by the name that it has.".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "Renew the daemon's certificate; if it is new, compare the clocks of both hosts.".to_owned()
        }
        _ => "Give the daemon another certificate.".to_owned(),
    };
    Explained {
        kind: AwayKind::Connection,
        found: format!("the certificate of the daemon at {address} is not trusted: {fault}."),
        cure,
        recoverable: false,
    }
}

fn is_about_certificates(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::NoCertificate
            | AlertDescription::DecryptError
            // What Go's server says of a client without a certificate, before TLS 1.3.
            | AlertDescription::HandshakeFailure
    )
}

fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}
