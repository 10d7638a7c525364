//! The authorization server: a small binary with its database inside.
//!
//! [`Server::bind`] opens the database, the keys and the address, [`Server::run`] serves until it is told to stop.
//! [`Admin`] adds users, clients and keys to the same database.
//!
//! A token request reads top to bottom in `endpoints/token.rs`: parse, judge, commit, sign, respond. The judgement is
//! `gatepass_proto`'s and does no I/O; [`judge::Judge`] fetches what it needs and commits what it decides.

mod admin;
mod answered;
mod app;
mod authenticate;
mod browser;
mod client_proofs;
mod config;
mod cookies;
mod cors;
mod csrf;
mod dev;
mod dpop;
mod endpoints;
mod extract;
mod given;
mod issuer;
pub mod judge;
mod keys;
mod lanes;
mod limits;
mod listen;
mod lost_key;
mod operations;
mod pages;
mod passwords;
mod patience;
mod ports;
mod respond;
mod routes;
mod seal;
mod show;
mod throttle;
mod tls;
mod workspace;

pub use admin::{Admin, AdminError, AuditFilter, ClaimChanges, NewClient};
pub use config::{Config, Outbound, Tls};
pub use dev::{DevError, DevSet};
pub use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy};
pub use gatepass_store::place as database_place;
pub use keys::KeysError;
pub use listen::{Server, StartError};
