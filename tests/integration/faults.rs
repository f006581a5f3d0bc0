//! A daemon that is away, slow, rude or gone, and a dockgate that is told to stop.

mod away;
mod broken;
mod drain;
mod encrypted;
mod frozen;
