//! Login with a browser, over real sockets: a service behind the login, and our own server as the OpenID provider, or a
//! scripted one that does what ours never would.

#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]

mod across;
mod browser;
mod callbacks;
mod clock;
mod entering;
mod hostile;
mod logins;
mod logouts;
mod provider;
mod rechecks;
mod scripted;
mod service;
mod tokens;
