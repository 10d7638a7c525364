//! The client side of gatepass: obtains an access token by whatever method an API uses, keeps it, renews it
//! once however many ask, and attaches it to requests for the right origins only.
//!
//! ```no_run
//! # async fn example() -> Result<(), gatepass_client::Error> {
//! let session = gatepass_client::Session::from_profile("work")?;
//! let answer = session.get("https://api.example.com/items").query([("page", "2")]).send().await?;
//! println!("{}", answer.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Without a profile, a [`Credential`] says the same:
//!
//! ```no_run
//! # async fn example() -> Result<(), gatepass_client::Error> {
//! use gatepass_client::{Credential, OAuth, SecretRef, Session};
//!
//! let service = OAuth::client_credentials("https://login.example.com", "cl_1", SecretRef::env("SECRET"));
//! let session = Session::builder(Credential::from(service)).api("https://api.example.com").build()?;
//! let answer = session.post("https://api.example.com/items").json(&serde_json::json!({"name": "x"})).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms
//!
//! * [`Session`] does an authenticated request; `session.rs` reads top to bottom as DESIGN tells it.
//!   [`Session::token`] gives a valid token, [`Session::login`] asks the person for one, [`Session::status`]
//!   tells without the network, [`Session::logout`] revokes and forgets.
//! * [`Credential`] is how a token is made: [`Basic`](Credential::Basic),
//!   [`Digest`](Credential::Digest), [`Netrc`](Credential::Netrc), [`Bearer`](Credential::Bearer),
//!   [`ApiKey`](Credential::ApiKey), [`Login`](Credential::Login), [`OAuth`](Credential::OAuth),
//!   [`Discover`](Credential::Discover), which becomes [`OAuth`](Credential::OAuth) as soon as the resource has said by whom.
//! * [`Config`] and [`Profile`] are the file `$XDG_CONFIG_HOME/gatepass/config.toml`. Secrets stand in it by
//!   reference only ([`SecretRef`]).
//! * [`tokens`] keeps what was obtained: in memory, or in files under `$XDG_STATE_HOME/gatepass/tokens/`.
//! * [`Loopback`] waits for the browser, [`Browser`] opens it, [`pasted`] reads what a person pasted.
//!
//! # The promises
//!
//! * A credential goes to the origins of [`Profile::api`] only; those of the login are not implied. A token that was
//!   discovered goes to no path but those of its resource either.
//! * One refresh per token, however many tasks and processes ask. A cached read takes no lock.
//! * A network failure, 429 or 5xx never leads to a new login and never loses the old token.
//! * Nothing secret is in `Debug`, in an error or in a log.

mod acquire;
mod adopt;
mod assertions;
mod attach;
#[cfg(feature = "blocking")]
pub mod blocking;
mod browser;
mod builder;
mod client_key;
mod config;
mod config_clients;
mod config_comments;
mod config_edit;
mod config_keep;
mod content;
mod credential;
mod digest;
mod discover;
mod disk;
mod error;
mod exchange;
mod flight;
mod flows;
mod grant;
mod identity;
mod inner;
mod kept_secrets;
mod keyring_entry;
#[cfg(feature = "tower")]
mod layer;
mod leftovers;
mod login;
mod login_endpoint;
mod logout;
mod loopback;
mod multipart;
mod netrc;
mod oauth;
mod page;
mod pasted;
mod paths;
mod profile;
pub mod providers;
mod refusal;
mod register;
mod renew;
mod request;
mod response;
mod secret_ref;
mod server;
mod session;
mod status;
mod text;
pub mod tokens;
mod widen;

pub use attach::{Attachment, Where};
pub use browser::{Browser, NoBrowser, SystemBrowser};
pub use builder::SessionBuilder;
pub use config::{Config, ConfigError};
pub use config_edit::Change;
pub use content::Content;
pub use credential::{ApiKey, Credential, KeyPlace, LoginEndpoint, LoginStyle};
pub use discover::{Discover, Found, FoundClient, KnownClient};
pub use error::Error;
pub use gatepass_http::{AnsweredBy, Body, Egress, Nobody, Origin, Person, PersonError};
pub use gatepass_proto::flow::Notice;
pub use gatepass_proto::message::quirks::{AssertionTyp, Quirks};
pub use gatepass_proto::{Scope, Secret, Timestamp};
pub use grant::{Ciba, Grant, JwtBearer, SignedAssertion, TokenExchange};
pub use keyring_entry::KeyringEntry;
#[cfg(feature = "tower")]
pub use layer::{AuthLayer, AuthService, Once, Repeat, Repeating};
pub use leftovers::leftovers;
pub use login::{LoginOptions, LoginWay};
pub use logout::LogoutReport;
pub use loopback::Loopback;
pub use multipart::{Form, Part, Written};
pub use oauth::{ClientKey, Endpoints, OAuth, Preset};
pub use pasted::pasted;
pub use paths::Paths;
pub use profile::{Certificate, Profile, ProfileName};
pub use refusal::{Advice, StepUp};
pub use request::RequestBuilder;
pub use response::Response;
pub use secret_ref::{SecretError, SecretRef};
pub use session::Session;
pub use status::{Status, TokenState};
