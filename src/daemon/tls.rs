//! Encryption on the way to a daemon on another host, each side knowing who the other is.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::away::Away;
use crate::settings::{Address, TlsFiles};
use crate::wire::{Stream, TlsSocket};

/// What an encrypted connection is made with.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    /// What the files hold, until something fails: they may have been renewed.
    config: RefCell<Option<Arc<ClientConfig>>>,
}

impl Tls {
    pub(super) fn new(files: TlsFiles) -> Self {
        Self { files, config: RefCell::default() }
    }

    /// Encrypts the connection to `host`, which `address` names.
    pub(super) async fn encrypt(
        &self,
        address: &Address,
        host: &str,
        socket: TcpStream,
    ) -> Result<Stream, Away> {
        let config = self.config()?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Away::unusable(format!("no certificate can name the host {host}: {error}.")))?;
        match TlsConnector::from(config).connect(name, socket).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(TlsSocket::new(stream)))),
            Err(error) => Err(Away::encrypting(address, &self.files, &error)),
        }
    }

    /// Has the files read again for the next connection.
    pub(super) fn forget(&self) {
        self.config.replace(None);
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Away> {
        if let Some(config) = self.config.borrow().as_ref() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(read(&self.files).map_err(Away::unusable)?);
        self.config.replace(Some(Arc::clone(&config)));
        Ok(config)
    }
}

/// What the files hold, or what is wrong with them.
fn read(files: &TlsFiles) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.ca)? {
        roots
            .add(certificate)
            .map_err(|error| format!("a certificate in {} cannot be used: {error}.", files.ca.display()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}."))?
        .with_root_certificates(roots);
    let Some(identity) = &files.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let (certificate, key) = (identity.certificate.display(), identity.key.display());
    let chain = certificates(&identity.certificate)?;
    let private =
        PrivateKeyDer::from_pem_file(&identity.key).map_err(|error| unread(&identity.key, "key", &error))?;
    builder.with_client_auth_cert(chain, private).map_err(|error| {
        format!("the certificate {certificate} and the key {key} cannot be used together: {error}.")
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(unread(path, "certificate", &pem::Error::NoItemsFound))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unread(path, "certificate", &error)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are all ways of not being PEM")]
fn unread(path: &Path, what: &str, error: &pem::Error) -> String {
    let path = path.display();
    match error {
        pem::Error::NoItemsFound => format!("there is no {what} in {path}: it should begin with -----BEGIN."),
        pem::Error::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            format!("{path} cannot be read: {error}. Let dockgate's user read it.")
        }
        pem::Error::Io(error) => format!("{path} cannot be read: {error}."),
        error => format!("{path} is no PEM file: {error:?}."),
    }
}
