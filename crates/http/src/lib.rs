//! gatepass's only way to the network, and the only user of the HTTP library.
//!
//! The core (`gatepass-proto`) decides, this crate acts: it sends what a flow asks to send ([`drive`]),
//! keeps the rules of where a request may go ([`Egress`], [`check_url`], [`Origin`]), follows the redirects of
//! resources without carrying a credential elsewhere, and remembers documents for a while
//! ([`DocumentCache`], [`KeyCache`]). No type of the HTTP library stands in a public signature; requests and
//! answers are those of the `http` crate.

mod body;
mod cache;
mod clock;
mod drive;
mod egress;
mod entropy;
mod keys;
mod origin;
mod redirect;
mod resource;
mod transport;

pub use body::Body;
pub use cache::{Document, DocumentCache};
pub use clock::{Clock, SystemClock};
pub use drive::{DriveError, Nobody, Person, PersonError, Shell, drive};
pub use egress::{Egress, UrlError, check_url, is_loopback_host};
pub use entropy::OsEntropy;
pub use keys::KeyCache;
pub use origin::Origin;
pub use resource::{AnsweredBy, ResourceError, ResourceTransport};
pub use transport::{HttpTransport, SetupError, Transport};
