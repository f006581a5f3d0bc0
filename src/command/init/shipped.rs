//! The policies that ship, by the client that each is for.

/// Each with its name; what lies in `policy/`.
static SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The policy for this client.
pub(super) fn policy(client: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(name, _)| *name == client).map(|(_, text)| *text)
}

/// For whom the policy is, as its first line says it.
pub(super) fn summary(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    let end = first.find([':', '.']).unwrap_or(first.len());
    first.get(..end).unwrap_or(first)
}
