//! The real binary against a real server, each test in folders of its own.
#![expect(clippy::indexing_slicing, reason = "what is missing fails the test")]

mod agent;
mod authority;
mod canned;
mod echo;
mod home;
mod pty;
mod server;
mod typist;

mod admin;
mod admin_clients;
mod admin_people;
mod device;
mod discover;
mod doctor;
mod download;
mod echoes;
mod exec;
mod exits;
mod explain;
mod header;
mod helper;
mod identity;
mod import;
mod init;
mod introspect;
mod jwt;
mod login;
mod logout;
mod openid;
mod printing;
mod profile;
mod profile_add;
mod profile_edit;
mod provider;
mod refresh;
mod request;
mod scope;
mod secrecy;
mod serve;
mod service_account;
mod status;
mod token;
mod upload;
mod verbose;
