//! gatepass's only way to the network, and the only user of the HTTP library.
//!
//! The core (`gatepass-proto`) decides, this crate acts: it sends what a flow asks to send ([`drive`]) and keeps
//! the rules of where a request may go and how ([`Egress`], [`check_url`], [`Origin`]). No type of the HTTP library
//! stands in a public signature; requests and answers are those of the `http` crate.
//!
//! * [`HttpTransport`] is the network. It sends protocol messages ([`Transport`]), and requests for resources
//!   ([`ResourceTransport`]): their redirects are followed without carrying a credential elsewhere, and a server that
//!   asks for patience gets some ([`Patience`]).
//! * [`HttpTransport::named_by`] is its face for addresses that a server named: it does not let itself be sent to
//!   this machine or its neighbours.
//! * [`Caching`] puts an [`AnswerCache`] before any transport, in memory and on disk, for public documents.
//!   [`DocumentCache`] and [`KeyCache`] remember documents that are read already.
//!
//! ```
//! use std::sync::Arc;
//! use gatepass_http::{AnswerCache, Caching, Egress, HttpTransport, SetupError};
//!
//! # fn main() -> Result<(), SetupError> {
//! # let folder = std::env::temp_dir().join("gatepass/documents");
//! let transport = HttpTransport::new(Egress::default())?;
//! let issuer = "https://as.example".parse().expect("a URL");
//! let documents = Arc::new(AnswerCache::in_folder(folder));
//! let metadata = Caching::new(transport.clone(), documents.clone());
//! let what_it_names = Caching::new(transport.named_by(&[issuer]), documents);
//! # Ok(())
//! # }
//! ```

mod body;
mod cache;
mod caching;
mod clock;
mod date;
mod drive;
mod egress;
mod entropy;
mod freshness;
mod keys;
mod named;
mod origin;
mod patience;
mod pools;
mod public;
mod redirect;
mod resolver;
mod resource;
mod sending;
mod setup;
mod shelf;
mod transport;

pub use body::Body;
pub use cache::DocumentCache;
pub use caching::{AnswerCache, Caching};
pub use clock::{Clock, SystemClock};
pub use drive::{DriveError, Nobody, Person, PersonError, Shell, drive};
pub use egress::{Egress, UrlError, check_url, is_loopback_host};
pub use entropy::OsEntropy;
pub use keys::KeyCache;
pub use named::NamedByServer;
pub use origin::Origin;
pub use patience::Patience;
pub use resource::{AnsweredBy, Resource, ResourceError, ResourceTransport};
pub use setup::SetupError;
pub use shelf::Document;
pub use transport::{HttpTransport, Transport};
