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
mod certificate_key;
mod check;
mod config;
mod cookies;
mod cors;
mod csrf;
mod dev;
mod doors;
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
mod meter;
mod mtls;
mod nodes;
mod notices;
mod operations;
mod outside;
mod pages;
mod passwords;
mod ports;
mod proxy;
mod respond;
mod routes;
mod seal;
mod show;
mod sweeper;
mod throttle;

pub use admin::{
    Admin, AdminError, AuditFilter, ClaimChanges, Imported, NewClient, ServerKey, TransferError,
    back_up, master_key_place, restore,
};
pub use certificate_key::certificate_jwk;
pub use check::{Finding, Verdict, check};
pub use config::{Config, ConfigError, KeySource, Outbound, Tls};
pub use dev::{DevError, DevSet};
pub use gatepass_listen::Reloader;
pub use gatepass_proto::decide::rules::{EndGrants, Tokens};
pub use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy};
pub use gatepass_store::{Copied, CopyError, place as database_place};
pub use keys::{KeyRotation, KeysError};
pub use listen::{Server, StartError};
pub use mtls::Mtls;
pub use passwords::{NewPasswordError, hash_new_password};
pub use ports::Ports;
pub use proxy::{Network, NetworkError, Proxies};
