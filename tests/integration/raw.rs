//! Bytes: what a client may send, and exactly what the daemon then gets.

mod answers;
mod body;
mod contexts;
mod head;
mod tunnel;
mod wire;
