//! Where clients come in: unix sockets with the owner and mode asked for, and TCP.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

use crate::client::{Client, Peer};
use crate::settings::{Account, Address, ListenerSettings};
use crate::wire::{Stream, UnixListener, UnixSocket};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listener, bound.
#[derive(Debug)]
pub struct Listener {
    name: String,
    socket: Bound,
}

#[derive(Debug)]
enum Bound {
    Unix { socket: UnixListener, file: SocketFile },
    Tcp(TcpListener),
}

/// The file of a unix socket, removed when this is dropped, if it is still the same.
#[derive(Debug)]
struct SocketFile(SocketPlace);

/// Where a unix socket was made, and which it is.
#[derive(Clone, Debug)]
struct SocketPlace {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Where clients come in, for whoever wants to know.
#[derive(Clone, Debug)]
pub struct Post {
    /// The listener's name.
    pub name: String,
    /// Where it listens, as it turned out.
    pub address: String,
    socket: Option<SocketPlace>,
}

/// Why a listener cannot be bound: what, where, and what to do.
#[derive(Debug)]
pub struct BindError {
    listener: String,
    message: String,
}

impl Listener {
    /// Binds what `settings` ask for.
    ///
    /// # Errors
    /// When the address is taken, or cannot be made.
    pub async fn bind(settings: &ListenerSettings) -> Result<Self, BindError> {
        let bound = match &settings.address {
            Address::Unix(path) => bind_unix(path, settings),
            Address::Tcp { host, port } => bind_tcp(host, *port).await,
        };
        match bound {
            Ok(socket) => Ok(Self { name: settings.name.clone(), socket }),
            Err(message) => Err(BindError { listener: settings.name.clone(), message }),
        }
    }

    /// Its name, by which a policy's clients refer to it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where clients come in.
    #[must_use]
    pub fn post(&self) -> Post {
        let socket = match &self.socket {
            Bound::Unix { file, .. } => Some(file.0.clone()),
            Bound::Tcp(_) => None,
        };
        Post { name: self.name.clone(), address: self.to_string(), socket }
    }

    /// Whether other hosts can reach it, and so everybody on the way can read and change what it carries.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        match &self.socket {
            Bound::Unix { .. } => false,
            Bound::Tcp(socket) => socket.local_addr().map_or(true, |address| !address.ip().is_loopback()),
        }
    }

    /// Waits for a client.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, Client)> {
        let (stream, peer) = match &self.socket {
            Bound::Unix { socket, .. } => {
                let socket = socket.accept().await?;
                let peer = socket.peer()?;
                let peer = Peer::Unix { uid: peer.uid(), gid: peer.gid(), pid: Some(peer.pid()) };
                (Stream::Unix(socket), peer)
            }
            Bound::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                (Stream::tcp(stream)?, Peer::Tcp(address))
            }
        };
        Ok((stream, Client { listener: self.name.clone(), peer }))
    }
}

impl fmt::Display for Listener {
    /// Where it listens, as it turned out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Bound::Unix { file, .. } => write!(f, "unix://{}", file.0.path.display()),
            Bound::Tcp(socket) => match socket.local_addr() {
                Ok(address) => write!(f, "tcp://{address}"),
                Err(error) => write!(f, "tcp (unknown: {error})"),
            },
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listener {}: {}", self.listener, self.message)
    }
}

impl std::error::Error for BindError {}

impl Post {
    /// Whether clients do not find it any more: its socket was removed, or another was put in its place.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| match socket.is_in_place() {
            Ok(is_in_place) => !is_in_place,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        })
    }
}

impl SocketPlace {
    fn is_in_place(&self) -> io::Result<bool> {
        let found = fs::symlink_metadata(&self.path)?;
        Ok(found.dev() == self.device && found.ino() == self.inode)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let path = &self.0.path;
        if self.0.is_in_place().unwrap_or(false)
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!("{} could not be removed: {error}", path.display());
        }
    }
}

fn bind_unix(path: &Path, settings: &ListenerSettings) -> Result<Bound, String> {
    let shown = path.display();
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| {
            format!(
                "the directory {} cannot be made: {error}{}",
                directory.display(),
                give(&error, directory)
            )
        })?;
    }
    clear(path)?;
    // Nobody gets in before owner and mode are what was asked for.
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = UnixListener::bind(path);
    umask(before);
    let socket = bound.map_err(|error| format!("{shown} cannot be made: {error}{}", hint(&error, path)))?;
    let file = dress(path, settings).map_err(|what| format!("{shown} {what}"))?;
    Ok(Bound::Unix { socket, file })
}

/// Gives the socket that was just made at `path` the owner and mode asked for. Whoever may write in the
/// directory could put something else there meanwhile, and would have its owner and mode changed by
/// root: so what is there is opened without following links, looked at, and changed through that handle.
fn dress(path: &Path, settings: &ListenerSettings) -> Result<SocketFile, String> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let handle =
        nix::fcntl::open(path, flags, Mode::empty()).map_err(|error| format!("cannot be opened: {error}"))?;
    let handle = File::from(handle);
    let made = handle.metadata().map_err(|error| format!("cannot be looked at: {error}"))?;
    if !made.file_type().is_socket() || made.uid() != geteuid().as_raw() || made.nlink() != 1 {
        return Err(
            "is no longer the socket that was made there: somebody else writes in its directory".into()
        );
    }
    let unknown = |message| format!("cannot be given to whom it is to belong: {message}");
    let owner = settings.owner.as_ref().map(Account::user_id).transpose().map_err(unknown)?;
    let group = settings.group.as_ref().map(Account::group_id).transpose().map_err(unknown)?;
    // A handle that only names a file can be changed through this name of its own.
    let own_name = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
    if owner.is_some() || group.is_some() {
        std::os::unix::fs::chown(&own_name, owner, group)
            .map_err(|error| format!("cannot be given to {}", whom(owner, group, &error)))?;
    }
    fs::set_permissions(&own_name, Permissions::from_mode(settings.mode))
        .map_err(|error| format!("cannot be given mode {:04o}: {error}", settings.mode))?;
    Ok(SocketFile(SocketPlace { path: path.to_owned(), device: made.dev(), inode: made.ino() }))
}

/// To whom a socket could not be given, why not, and what to do.
fn whom(owner: Option<u32>, group: Option<u32>, error: &io::Error) -> String {
    let ids = [("uid", owner), ("gid", group)];
    let ids = ids.iter().filter_map(|(kind, id)| id.map(|id| format!("{kind} {id}")));
    let ids = ids.collect::<Vec<_>>().join(" and ");
    let cure = match (owner, group) {
        (None, Some(gid)) => format!(
            "Give dockgate that group: `group_add: [\"{gid}\"]` in compose, `--group-add {gid}` with docker run, `SupplementaryGroups={gid}` under systemd."
        ),
        _ => "Only root may do so.".to_owned(),
    };
    format!("{ids}: {error}. {cure}")
}

/// Removes a socket that nobody listens on any more; anything else at `path` is an error.
fn clear(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{shown} cannot be looked at: {error}{}", hint(&error, path))),
    };
    if !found.file_type().is_socket() {
        return Err(format!(
            "{shown} is there already and is not a socket. dockgate does not remove it: choose another path, or move it away."
        ));
    }
    match UnixSocket::connect(path) {
        Ok(owner) => Err(format!(
            "{shown} is in use by {}. Stop it, or choose another path.",
            owner.peer().map_or("another process".into(), |peer| process(peer.pid()))
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| format!("the stale socket {shown} cannot be removed: {error}")),
        Err(error) => {
            Err(format!("{shown} is there already, and whether it is in use cannot be told: {error}"))
        }
    }
}

/// A process by its number, and its name where that can be read.
fn process(pid: i32) -> String {
    match fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => format!("process {pid} ({})", name.trim_end()),
        Err(_) => format!("process {pid}"),
    }
}

fn hint(error: &io::Error, path: &Path) -> String {
    let directory = path.parent().unwrap_or(path);
    let access =
        format!("dockgate runs as uid {}; give it write access to {}", geteuid(), directory.display());
    cure(error, directory, &access)
}

/// What to do about a directory that cannot be made.
fn give(error: &io::Error, directory: &Path) -> String {
    let access = format!("Make it for dockgate: `install -d -o {} {}`", geteuid(), directory.display());
    cure(error, directory, &access)
}

/// What to do where dockgate may not write to a directory: give it `access`, or a volume where the file system is read-only,
/// as that of a container may be.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of errors these have a cure worth naming")]
fn cure(error: &io::Error, directory: &Path, access: &str) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(". {access}."),
        io::ErrorKind::ReadOnlyFilesystem => {
            let place = match directory.parent() {
                Some(_) => format!("mount a volume at {}", directory.display()),
                None => "name a path in a directory of its own, and mount a volume there".to_owned(),
            };
            format!(". In a container, {place}, which those who connect mount too.")
        }
        _ => String::new(),
    }
}

async fn bind_tcp(host: &str, port: u16) -> Result<Bound, String> {
    let mut last = format!("{host} is no address of any host");
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| {
        format!("{host} cannot be looked up: {error}. Write an address, such as 127.0.0.1.")
    })?;
    for address in addresses {
        match listen(address) {
            Ok(socket) => return Ok(Bound::Tcp(socket)),
            Err(error) => last = explain_tcp(address, &error),
        }
        if address.ip() == Ipv6Addr::UNSPECIFIED {
            let fallback = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
            tracing::warn!("{last}; trying {fallback}, without IPv6");
            match listen(fallback) {
                Ok(socket) => return Ok(Bound::Tcp(socket)),
                Err(error) => last = explain_tcp(fallback, &error),
            }
        }
    }
    Err(last)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking().cloexec(), None)?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        // One socket for both families.
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of errors these have a cure worth naming")]
fn explain_tcp(address: SocketAddr, error: &io::Error) -> String {
    let cure = match error.kind() {
        io::ErrorKind::AddrInUse => ". Stop the process that has it, or choose another port.",
        io::ErrorKind::AddrNotAvailable => ". It is no address of this host.",
        io::ErrorKind::PermissionDenied => ". Ports below 1024 need a privilege: choose another.",
        _ => "",
    };
    format!("{address} cannot be listened on: {error}{cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_may_not_be_made_is_for_somebody_else_to_make() {
        let said = give(&io::ErrorKind::PermissionDenied.into(), Path::new("/run/dockgate"));
        assert!(said.contains(&format!("`install -d -o {} /run/dockgate`", geteuid())), "{said}");
        assert_eq!(give(&io::ErrorKind::NotADirectory.into(), Path::new("/run/dockgate")), "");
    }

    #[test]
    fn what_a_container_lacks_is_to_be_mounted() {
        let read_only = io::ErrorKind::ReadOnlyFilesystem.into();
        let told = ". In a container, mount a volume at /run/dockgate, which those who connect mount too.";
        assert_eq!(hint(&read_only, Path::new("/run/dockgate/docker.sock")), told);
        assert_eq!(give(&read_only, Path::new("/run/dockgate")), told);
        let at_the_root = hint(&read_only, Path::new("/docker.sock"));
        assert!(
            at_the_root.starts_with(". In a container, name a path in a directory of its own"),
            "{at_the_root}"
        );
    }

    #[test]
    fn a_socket_goes_to_a_group_of_dockgate() {
        let error = io::ErrorKind::PermissionDenied.into();
        let said = whom(None, Some(1001), &error);
        assert!(said.starts_with("gid 1001: permission denied. Give dockgate that group: "), "{said}");
        assert!(said.contains("`group_add: [\"1001\"]` in compose"), "{said}");
        let said = whom(Some(1000), Some(1001), &error);
        assert_eq!(said, "uid 1000 and gid 1001: permission denied. Only root may do so.");
    }

    #[test]
    fn only_the_socket_that_was_made_is_changed() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let settings = |path: PathBuf| ListenerSettings {
            name: "x".into(),
            address: Address::Unix(path),
            mode: 0o666,
            owner: None,
            group: None,
        };
        fs::write(at("precious"), "").unwrap();
        fs::set_permissions(at("precious"), Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(at("precious"), at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for name in ["precious", "link"] {
            let error = dress(&at(name), &settings(at(name))).unwrap_err();
            assert!(error.contains("no longer the socket"), "{name}: {error}");
        }
        assert_eq!(fs::metadata(at("precious")).unwrap().mode() & 0o777, 0o600);
        let foreign =
            ListenerSettings { group: Some(Account::Name("no-such-group".into())), ..settings(at("socket")) };
        assert_eq!(
            dress(&at("socket"), &foreign).unwrap_err(),
            "cannot be given to whom it is to belong: there is no group `no-such-group` here; in a container, write its number"
        );
        let file = dress(&at("socket"), &settings(at("socket"))).unwrap();
        assert_eq!(fs::metadata(at("socket")).unwrap().mode() & 0o777, 0o666);
        drop(file);
        assert!(!at("socket").exists(), "removed with its file");
    }
}
