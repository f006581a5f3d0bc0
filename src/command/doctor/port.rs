//! Who listens on a TCP port, as `proc_net(5)` and the descriptors of processes tell.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// How a socket that listens is marked.
const LISTENING: &str = "0A";

/// Who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// This process.
    Process { pid: i32, name: String },
    /// One that this user may not look into, of this uid.
    Hidden { uid: u32 },
    /// Nobody in this network namespace.
    Elsewhere,
}

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listening {
    address: SocketAddr,
    uid: u32,
    inode: u64,
}

/// Who accepts what is connected to `address`. Of several processes that share the socket, one by the name of `program`.
pub(super) fn holder(address: SocketAddr, program: &str) -> Holder {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let tables = [read("/proc/self/net/tcp"), read("/proc/self/net/tcp6")];
    let sockets = tables.iter().flat_map(|table| table.lines().filter_map(listening));
    let Some(socket) = accepting(sockets, address) else { return Holder::Elsewhere };
    let mut processes = processes_with(socket.inode);
    let chosen = processes.iter().position(|(_, name)| name == program).unwrap_or(0);
    if chosen >= processes.len() {
        return Holder::Hidden { uid: socket.uid };
    }
    let (pid, name) = processes.swap_remove(chosen);
    Holder::Process { pid, name }
}

/// The socket that gets what is connected to `wanted`: that of this very address before those of any.
fn accepting(sockets: impl Iterator<Item = Listening>, wanted: SocketAddr) -> Option<Listening> {
    let rank = |socket: &Listening| {
        let ip = socket.address.ip();
        if socket.address.port() != wanted.port() {
            None
        } else if ip.to_canonical() == wanted.ip().to_canonical() {
            Some(0)
        } else if !ip.is_unspecified() {
            None
        } else if ip.is_ipv4() == wanted.is_ipv4() {
            Some(1)
        } else {
            // One socket may serve both families.
            ip.is_ipv6().then_some(2)
        }
    };
    let ranked = sockets.filter_map(|socket| Some((rank(&socket)?, socket)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, socket)| socket)
}

/// A line of the table, where it is of a socket that listens.
fn listening(line: &str) -> Option<Listening> {
    let mut fields = line.split_whitespace().skip(1);
    let (ip, port) = fields.next()?.split_once(':')?;
    let address = SocketAddr::new(ip_address(ip)?, u16::from_str_radix(port, 16).ok()?);
    if fields.nth(1)? != LISTENING {
        return None;
    }
    let uid = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Listening { address, uid, inode })
}

/// An address as the table has it: words of 32 bits, in the order of this machine's bytes.
fn ip_address(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for word in hex.as_bytes().chunks(8) {
        let word = u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let v4 = <[u8; 4]>::try_from(bytes.as_slice()).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(IpAddr::from)).ok()
}

/// Processes that have this socket open, of those that this user may look into, and their names.
fn processes_with(inode: u64) -> Vec<(i32, String)> {
    let wanted = format!("socket:[{inode}]");
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has_it = |pid: &i32| {
        let mut descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        descriptors.any(|descriptor| {
            fs::read_link(descriptor.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str())
        })
    };
    let name = |pid| Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned());
    pids.filter(has_it).filter_map(|pid| Some((pid, name(pid)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_socket_that_listens_is_read_from_its_line() {
        let line = |ip: &str, state: &str| {
            format!(
                "   0: {ip}:0947 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0"
            )
        };
        let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        let found =
            |address: &str| Some(Listening { address: address.parse().unwrap(), uid: 1000, inode: 4711 });
        assert_eq!(listening(&line(&word([127, 0, 0, 1]), LISTENING)), found("127.0.0.1:2375"));
        let mapped = format!("{0}{0}{1}{2}", word([0; 4]), word([0, 0, 255, 255]), word([127, 0, 0, 1]));
        assert_eq!(listening(&line(&mapped, LISTENING)), found("[::ffff:127.0.0.1]:2375"));
        assert_eq!(listening(&line(&word([127, 0, 0, 1]), "01")), None);
        assert_eq!(listening("  sl  local_address rem_address   st tx_queue rx_queue"), None);
    }

    #[test]
    fn the_nearest_address_accepts() {
        let at = |address: &str| Listening { address: address.parse().unwrap(), uid: 0, inode: 0 };
        let all = ["[::]:2375", "0.0.0.0:2375", "127.0.0.1:2375", "127.0.0.1:2376", "10.0.0.1:2375"].map(at);
        let accepting = |count: usize, wanted: &str| {
            let found = accepting(all.into_iter().take(count), wanted.parse().unwrap());
            found.map(|found| found.address.to_string())
        };
        assert_eq!(accepting(5, "127.0.0.1:2375").as_deref(), Some("127.0.0.1:2375"));
        assert_eq!(accepting(2, "127.0.0.1:2375").as_deref(), Some("0.0.0.0:2375"));
        assert_eq!(accepting(1, "127.0.0.1:2375").as_deref(), Some("[::]:2375"));
        assert_eq!(accepting(5, "[::1]:2375").as_deref(), Some("[::]:2375"));
        assert_eq!(accepting(5, "127.0.0.1:2377"), None);
    }

    #[test]
    fn this_process_is_found() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        let found = holder(address, "dockgate");
        assert!(matches!(found, Holder::Process { pid, .. } if pid == own), "{found:?}");
        drop(socket);
        assert_eq!(holder(address, "dockgate"), Holder::Elsewhere);
    }
}
