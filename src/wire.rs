//! HTTP/1.1 on a connection: sockets, heads and bodies, the same for clients and for the daemon.
//!
//! Heads are parsed by httparse; where a message ends is decided here, once and strictly, so that no
//! two readers can disagree about it: a message framed in two ways, or oddly, is not read at all.
//! (Not hyper: dockgate must answer an unreadable head in Docker's shape and with a record, must read
//! targets over 64 KiB, and must turn into a tunnel on a plain `200` of the daemon, keeping every
//! byte that came early on either side.)

mod body;
mod buffer;
mod head;
mod inbox;
mod plain;
mod splice;
mod stream;
mod tls;
mod unix;
mod write;

pub use body::{Body, BodyFault, Broken, Pieces, write_payload};
pub use head::{
    Expectation, Field, Framing, HeadFault, RequestHead, ResponseHead, head_bytes, head_there, is_named,
};
pub use inbox::{Inbox, InboxFault};
pub use stream::{Stream, prepare_tcp};
pub use tls::TlsSocket;
pub use unix::{UnixListener, UnixSocket};
pub use write::HeadWriter;
