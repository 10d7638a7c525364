//! The doors of the server and of the guard: listeners, TLS, and what keeps a peer from taking more than its share.
//!
//! A [`Door`] is a listener, a router and how its connections are sealed; [`serve`] opens several, and lets the requests
//! under way end when it is told to stop. [`Transport`] is what connections are sealed with: a certificate that may be
//! replaced while it is served, or one made for this machine. A connection ends when its peer is silent for too long;
//! a peer that waits for us, as on a stream of events, is not silent.
//!
//! Requests have in their extensions a `ConnectInfo<SocketAddr>`, and where certificates are asked for a [`Connection`].
//!
//! A [`Registry`] is what a process counts; [`operations`] tells operators of it, and whether it can work.
//!
//! The doors are for Unix; what is known of proxies in front, [`named`] and what operators ask is for any system.

#[cfg(unix)]
mod attended;
#[cfg(unix)]
mod connections;
#[cfg(unix)]
mod door;
mod forwarded;
mod named;
mod network;
mod operations;
#[cfg(unix)]
mod passed_on;
#[cfg(unix)]
mod patience;
mod registry;
#[cfg(unix)]
mod shown;
#[cfg(unix)]
mod tls;
#[cfg(unix)]
mod under_way;
#[cfg(unix)]
mod unread;
#[cfg(unix)]
mod watched;

#[cfg(unix)]
pub use door::{Door, Seal, bind, serve, serve_until};
pub use forwarded::nearest_client;
pub use metrics::{Counter, Gauge, Histogram};
pub use named::{RequestId, named};
pub use network::{Network, NetworkError};
pub use operations::{NotReady, operations, serve_operations};
#[cfg(unix)]
pub use passed_on::{Unreadable, passed_on};
pub use registry::{Labels, Registry, set_to};
#[cfg(unix)]
pub use shown::{Connection, Shown};
#[cfg(unix)]
pub use tls::{Authorities, Certificate, Reloader, SOON, TlsError, Transport, asking};
