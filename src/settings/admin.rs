//! Where an operator asks how dockgate is.

use super::address::Address;
use super::listener::ListenerSettings;

/// The name by which messages know it.
const NAME: &str = "admin";
/// Nobody but the user that dockgate runs as: clients may be in its group.
const MODE: u32 = 0o600;

/// Reads the address: a unix socket, or one that no other host can reach.
pub(super) fn read(text: &str) -> Result<ListenerSettings, String> {
    let address = Address::read(text)?;
    if let Address::Tcp { host: _, port } = &address
        && !address.is_local()
    {
        return Err(format!(
            "`{text}` may be reached by others, and whoever reaches it learns how things stand here: write tcp://127.0.0.1:{port}, or unix:///run/dockgate/admin.sock"
        ));
    }
    Ok(ListenerSettings { name: NAME.to_owned(), address, mode: MODE, owner: None, group: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_can_reach_it() {
        for good in [
            "unix:///run/a.sock",
            "tcp://127.0.0.1:1",
            "tcp://127.8.8.8:1",
            "tcp://[::1]:1",
            "tcp://localhost:1",
        ] {
            assert_eq!(read(good).unwrap().mode, 0o600, "{good}");
        }
        for bad in [
            "tcp://0.0.0.0:1",
            "tcp://[::]:1",
            "tcp://10.0.0.1:1",
            "tcp://localhost.example:1",
            "tcp://host:1",
        ] {
            assert!(read(bad).unwrap_err().contains("write tcp://127.0.0.1:1, or unix://"), "{bad}");
        }
        assert!(read("127.0.0.1:1").unwrap_err().contains("has no scheme"));
    }
}
