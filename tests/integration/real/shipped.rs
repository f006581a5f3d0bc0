//! The policies that ship, in front of a real engine: with the programs that they are for, where those can be had, and with
//! the calls that those make, where they cannot.

mod agent;
mod appapi;
mod autoheal;
mod crowdsec;
mod devcontainer;
mod dockge;
mod gitea_runner;
mod github_runner;
mod gitlab_runner;
mod glances;
mod half;
mod komodo;
mod labelled;
mod looking;
mod ofelia;
mod portainer;
mod prometheus;
mod replay;
mod watchtower;
mod woodpecker;
mod zabbix;
