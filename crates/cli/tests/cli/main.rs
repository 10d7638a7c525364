//! The real binary against a real server, each test in folders of its own.

mod agent;
mod canned;
mod echo;
mod home;
mod pty;
mod server;

mod admin;
mod discover;
mod doctor;
mod download;
mod exec;
mod exits;
mod header;
mod helper;
mod import;
mod jwt;
mod login;
mod printing;
mod profile;
mod profile_edit;
mod refresh;
mod request;
mod secrecy;
mod serve;
mod status;
mod token;
mod verbose;
