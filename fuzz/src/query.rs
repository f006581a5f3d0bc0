//! A query, of an endpoint that the first byte picks.

use dockgate::operation::table;

use super::round;

/// Checks one query.
pub fn check(bytes: &[u8]) {
    let Some((first, query)) = bytes.split_first() else { return };
    let endpoints: Vec<_> = table::endpoints().collect();
    let endpoint = endpoints[usize::from(*first) % endpoints.len()];
    let mut target = b"/v1.45".to_vec();
    // Every name in the path is `x`.
    for segment in endpoint.template.split('/').skip(1) {
        target.push(b'/');
        target.extend(if segment.starts_with('{') { "x" } else { segment }.bytes());
    }
    target.push(b'?');
    target.extend(query);
    if let Some(operation) = round::read(endpoint.method.as_str(), &target) {
        round::again(&operation);
    }
}
