//! A real engine behind dockgate, real clients before it: what they see must be what they see without it.

mod builds;
mod compose;
mod contexts;
mod dialogue;
mod files;
mod homelabarr;
mod look;
mod make;
mod owners;
mod policy;
mod remote;
mod sessions;
mod shipped;
mod shown;
mod streams;
mod swarm;
mod tenants;
