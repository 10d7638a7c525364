//! Lets a request pass only with good credentials and enough scope.
//!
//! A [`Guard`] knows which credentials it takes and how each is checked; [`Guard::layer`] puts it in front of any
//! HTTP service that speaks the `http` crate's types (axum, tonic, plain tower), [`Guard::rules`] asks something else of
//! each route and method. What passes carries an [`Identity`] in its extensions and no credentials any more (RFC 9700
//! §4.10: a token goes no further than the service it was meant for). What does not pass is answered as RFC 6750 §3,
//! RFC 7617, RFC 9449 §7.1, RFC 9470 §3 and RFC 9728 §5.1 say; a gRPC client is answered in gRPC.
//!
//! This is a service of axum that takes the tokens of one issuer. It needs the feature `axum`, for [`Identity`] as an
//! argument of a handler:
//!
//! ```
//! use axum::{Router, routing::get};
//! use gatepass_guard::{Guard, Identity, Issuer, ResourceMetadata};
//! use gatepass_proto::Scope;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = "https://weather.example";
//! let guard = Guard::builder()
//!     .issuer(Issuer::new("https://login.example", service))
//!     .resource(ResourceMetadata::new(service)?)
//!     .build();
//! let app = Router::new()
//!     .route("/", get(async |who: Identity| format!("good morning, {}", who.subject)))
//!     .layer(guard.layer("read".parse::<Scope>()?));
//! # let _: Router = app;
//! # Ok(())
//! # }
//! ```
//!
//! # Who is trusted
//!
//! An [`Issuer`]'s keys are found by its metadata and remembered; while it is down they serve on, and without any nobody
//! passes. Its JWTs are access tokens by their `typ` (RFC 9068), or by more doubtful signs where
//! [`Issuer::untyped_tokens`] says so. [`Introspection`] asks the issuer about tokens that are no JWTs. In either case a
//! token has to name the service as its audience.
//!
//! An access token that is bound to a key (RFC 9449) passes only with a proof that its holder has the key, and only where
//! [`GuardBuilder::dpop`] says under which address clients know the service; never as a plain Bearer token.
//! [`GuardBuilder::dpop_nonces`] demands proofs that could not be made beforehand. One that is
//! bound to a certificate (RFC 8705) passes only where the server says with [`PeerCertificate`] that the connection has it.
//!
//! Who the users are, which API keys there are and which tokens were withdrawn it asks through small ports:
//! [`Users`], [`ApiKeys`], [`OpaqueTokens`], [`Revocations`], [`Keys`]. When one of them cannot answer, nobody passes.
//! Who keeps hashes of passwords finds help in the module `passwords`, with the feature of that name.
//!
//! # What is remembered, and for how long
//!
//! | what | how long | so that |
//! |---|---|---|
//! | right passwords | 60 s | a changed password is seen after a minute |
//! | checked signatures | 60 s, never beyond `exp` | a key that is withdrawn at once is believed for a minute |
//! | answers about tokens | 10 s ([`Introspection::cache`]) | a withdrawn token passes for ten seconds |
//! | that a token is not good | 5 s | |
//! | proofs of a key | while they are good | none passes twice, in this process |
//! | keys | as their `Cache-Control` says; 24 h more while the issuer is down | |
//!
//! All of it is bounded, and none of it holds a token or a password, only a keyed hash of it.
//!
//! # Pages of other origins
//!
//! Before a page calls a service of another origin, its browser asks with OPTIONS and without credentials, which a guard
//! refuses. So the `CorsLayer` of tower-http goes around the guard: then it answers the browser, and pages can read refusals
//! too. In axum the layer that is added last is the outermost; with `ServiceBuilder` it is the first. Leave
//! `allow_credentials` out: a token is no credential of the browser's, and cookies are not for other origins.
//!
//! ```
//! use axum::{Router, routing::get};
//! use gatepass_guard::Guard;
//! use gatepass_proto::Scope;
//! use http::{HeaderName, HeaderValue, header};
//! use tower_http::cors::{AllowHeaders, AllowMethods, CorsLayer};
//!
//! fn app(guard: &Guard) -> Router {
//!     let pages = CorsLayer::new()
//!         .allow_origin([HeaderValue::from_static("https://app.example")])
//!         .allow_methods(AllowMethods::mirror_request())
//!         .allow_headers(AllowHeaders::mirror_request())
//!         .expose_headers([
//!             header::WWW_AUTHENTICATE,
//!             header::RETRY_AFTER,
//!             HeaderName::from_static("dpop-nonce"),
//!         ]);
//!     Router::new()
//!         .route("/", get(async || "good morning"))
//!         .layer(guard.layer(Scope::default()))
//!         .layer(pages)
//! }
//! # use tower::ServiceExt as _;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = app(&Guard::builder().build());
//! # for (method, status) in [("OPTIONS", 200), ("GET", 401)] {
//! #     let request = http::Request::builder().method(method).header("origin", "https://app.example");
//! #     let answer = app.clone().oneshot(request.body(axum::body::Body::empty())?).await?;
//! #     assert_eq!(answer.status(), status);
//! #     assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
//! # }
//! # Ok(())
//! # }
//! ```

mod basic;
mod body;
mod bound;
mod builder;
mod challenges;
#[cfg(feature = "axum")]
mod extract;
mod flights;
mod grpc;
mod guard;
mod identify;
mod identity;
mod introspection;
mod issuer;
mod layer;
mod nonces;
mod observed;
#[cfg(feature = "passwords")]
pub mod passwords;
mod path;
mod pattern;
mod peer;
mod ports;
mod presented;
mod refusal;
mod remembered;
mod requirement;
mod resource;
mod rules;
mod seen;
mod tokens;

pub use body::GuardedBody;
pub use builder::GuardBuilder;
#[cfg(feature = "axum")]
pub use extract::NoIdentity;
pub use grpc::is_grpc;
pub use guard::Guard;
pub use identity::{Identity, Scheme};
pub use introspection::Introspection;
pub use issuer::Issuer;
pub use layer::{GuardLayer, GuardService, RulesLayer};
pub use observed::AtIssuer;
pub use path::PathFault;
pub use pattern::{PathPattern, PatternError};
pub use peer::{PeerAddr, PeerCertificate};
pub use ports::{
    ApiKeys, FixedKeys, KeyHolder, Keys, OpaqueTokens, Revocations, Unavailable, UserCheck, Users,
};
pub use presented::X_API_KEY;
pub use refusal::Refusal;
pub use requirement::Requirement;
pub use resource::{ResourceError, ResourceMetadata};
pub use rules::{Access, Rule, Rules};
pub use seen::SeenProofs;

#[cfg(test)]
mod tests;
