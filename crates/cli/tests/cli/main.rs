//! The real binary against a real server, each test in folders of its own.

mod agent;
mod echo;
mod home;
mod server;

mod admin;
mod exits;
mod login;
mod printing;
mod profile;
mod request;
mod secrecy;
mod serve;
mod token;
