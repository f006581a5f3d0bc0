//! A JSON body, of an endpoint that the first byte picks: read, written, understood and judged.

use std::sync::LazyLock;

use dockgate::client::{Client, Peer};
use dockgate::operation::table::{self, BodyKind};
use dockgate::operation::version::ApiVersion;
use dockgate::operation::{Asked, Head};
use dockgate::policy::Policy;

use super::round;

/// Rules that look at all there is.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let source = r#"
        version = 1
        [[allow]]
        operations = ["*"]
        host_paths = { read_write = ["/opt/**"], read_only = ["/etc/*"] }
        volumes = ["own-*"]
        images = ["own/*"]
        users = ["non-root", "image"]
        networks = ["own-*"]
        ports = ["8000-9000"]
        namespaces = ["network:container:own-*"]
        capabilities = ["NET_ADMIN"]
        devices = ["/dev/net/tun"]
        security = ["label=*"]
        resources.memory = { max = "2GiB" }
        [[forbid]]
        operations = ["*"]
        host_paths = ["/var/run/docker.sock"]
    "#;
    Policy::read(source).0.unwrap()
});

/// Checks one body.
pub fn check(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let with_json = |endpoint: &&table::Endpoint| matches!(endpoint.body, BodyKind::Json { .. });
    let endpoints: Vec<_> = table::endpoints().filter(with_json).collect();
    let endpoint = endpoints[usize::from(*first) % endpoints.len()];
    let segment = |segment: &str| if segment.starts_with('{') { "x".to_owned() } else { segment.to_owned() };
    let target = endpoint.template.split('/').map(segment).collect::<Vec<_>>().join("/");
    let head = Head {
        method: endpoint.method.as_str(),
        target: target.as_bytes(),
        headers: &[("Content-Type", b"application/json")],
    };
    // Some are gone from newer versions.
    let Ok(asked) = Asked::read(&head, ApiVersion::NEWEST) else { return };
    let Some(operation) = round::with_body(asked, body) else { return };
    round::again(&operation);
    let client = Client { listener: "x".to_owned(), peer: Peer::Unix { uid: 1, gid: 1, pid: None } };
    drop(POLICY.judge(&client, operation));
}
