//! dockgate stands between programs and the Docker daemon. It is the only process that may open
//! `docker.sock`; everything else is pointed at dockgate's own socket.
//!
//! A **client** asks for an **operation**; the **policy** judges it; a **rule** is why; the **verdict** is
//! a **permit** or a **denial**; the **audit** records it; the **daemon** is asked; the **gate** holds these
//! together.
//!
//! ```text
//! listener -> client -> operation -> policy.judge -> audit.record -> daemon.forward -> response -> client
//!            who asks   what is asked   may it?       written down     asked            passed on
//! ```
//!
//! The modules stand in the order in which a request meets them; [`reload`] holds the policy in force,
//! [`metrics`] counts, [`admin`] and [`systemd`] tell; [`wire`] and [`settings`] serve them all.

pub mod client;
pub mod operation;
pub mod policy;

pub mod audit;
pub mod daemon;
pub mod gate;

pub mod admin;
pub mod metrics;
pub mod reload;
pub mod settings;
pub mod systemd;
pub mod wire;

pub mod command;
