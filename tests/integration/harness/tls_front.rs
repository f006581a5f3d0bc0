//! TLS in front of a daemon's unix socket, as a daemon on another host has it: certificates on both sides.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority, whose certificate and those it signs lie in a directory of its own.
pub(crate) struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// A port that speaks TLS, trusts those that an authority vouches for, and passes what they say on to a socket.
pub(crate) struct TlsFront {
    port: u16,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-tls-").tempdir_in("/tmp").unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    /// The file of this name: `ca.pem`, and `NAME.pem` and `NAME-key.pem` of what was signed.
    pub(crate) fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Signs a certificate that is valid for `host`.
    pub(crate) fn sign(&self, name: &str, host: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.file(&format!("{name}-key.pem")), key.serialize_pem()).unwrap();
    }

    fn certificates(&self, name: &str) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(self.file(name)).unwrap().map(Result::unwrap).collect()
    }
}

impl TlsFront {
    /// Speaks as `host`, and passes on to `socket`.
    pub(crate) fn before(authority: &Authority, host: &str, socket: &Path) -> Self {
        authority.sign("daemon", host);
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authority.certificates("ca.pem"));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let key = PrivateKeyDer::from_pem_file(authority.file("daemon-key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(authority.certificates("daemon.pem"), key)
            .unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, socket) = (TlsAcceptor::from(Arc::new(config)), socket.to_owned());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(pass_on(listener, acceptor, socket));
        });
        Self { port }
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }
}

async fn pass_on(listener: std::net::TcpListener, acceptor: TlsAcceptor, socket: PathBuf) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, socket) = (acceptor.clone(), socket.clone());
        tokio::spawn(async move {
            let accepting = tokio::time::timeout(Duration::from_secs(10), acceptor.accept(stream));
            let Ok(Ok(mut client)) = accepting.await else { return };
            let mut daemon = UnixStream::connect(socket).await.unwrap();
            tokio::io::copy_bidirectional(&mut client, &mut daemon).await.ok();
        });
    }
}
