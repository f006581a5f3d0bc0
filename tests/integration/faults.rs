//! A daemon that is away, slow, rude or gone, and a dockgate that is told to stop.

mod away;
mod bench;
mod broken;
mod cut;
mod drain;
mod encrypted;
mod frozen;
mod harm;
mod load;
mod retry;
mod slow;
mod soak;
