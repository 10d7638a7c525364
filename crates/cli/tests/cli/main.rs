//! The real binary against a real server, each test in folders of its own.

mod agent;
mod canned;
mod echo;
mod home;
mod server;

mod admin;
mod discover;
mod doctor;
mod exits;
mod helper;
mod jwt;
mod login;
mod printing;
mod profile;
mod request;
mod secrecy;
mod serve;
mod token;
