//! A service of axum that takes the access tokens of one issuer.
//!
//! ```text
//! cargo run -p gatepass-guard --example axum -- https://login.example http://127.0.0.1:8080
//! ```
//!
//! The second argument is what the tokens have to name as their audience: the address of this service, as clients know it.
//! `gatepass serve --dev` makes an issuer to try it with. A client that knows nothing finds out by itself how to get in:
//! `gatepass request http://127.0.0.1:8080/me`.

#![expect(clippy::print_stderr, reason = "an example says where it listens")]

use axum::Router;
use axum::routing::{get, post};
use gatepass_guard::{Access, Guard, Identity, Issuer, ResourceMetadata, Rule, Rules};
use gatepass_proto::Scope;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: axum ISSUER AUDIENCE";
    let (issuer, audience) = arguments.next().zip(arguments.next()).ok_or(usage)?;

    let guard = Guard::builder()
        .issuer(Issuer::new(issuer, &*audience))
        .resource(ResourceMetadata::new(audience)?.scopes(&"read write".parse()?))
        .build();
    let scope = |text: &str| Ok::<_, Box<dyn std::error::Error>>(text.parse::<Scope>()?.into());
    let rules = Rules::new(
        vec![
            Rule::new("/health".parse()?, Access::Open),
            Rule::new("/notes/**".parse()?, Access::Required(scope("write")?)),
        ],
        Access::Required(scope("read")?),
    );
    let app = Router::new()
        .route("/health", get(async || "well"))
        .route(
            "/notes",
            post(async |who: Identity| format!("{} has written", who.subject)),
        )
        .route("/me", get(me))
        .layer(guard.rules(rules));

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Nobody gets here without a good token.
async fn me(who: Identity) -> String {
    format!("you are {}, and may {}\n", who.subject, who.scope)
}
