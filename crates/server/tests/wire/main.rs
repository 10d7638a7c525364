//! The server over real sockets, through the bytes that a peer sends it: what it must refuse, how, and that nothing
//! has changed afterwards.

mod browser;
mod forge;
mod pairs;
mod wire;
mod world;

mod api;
mod authentication;
mod authorize;
mod bodies;
mod codes;
mod direct_login;
mod disk;
mod introspect;
mod issuer;
mod limits;
mod metadata;
mod pages;
mod redirect_uri;
mod refresh;
mod restart;
mod revoke;
mod sessions;
mod start;
mod throttle;
mod token;
