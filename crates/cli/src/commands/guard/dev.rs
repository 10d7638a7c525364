//! `gatepass guard --dev`: the guard and the authorization server in one process, on one address.

use std::fmt::Write as _;
use std::sync::Arc;

use gatepass_gateway::{Config, Gate, Otherwise};
use gatepass_proto::Scope;
use gatepass_server::{DevSet, Server};
use serde::Serialize;
use url::Url;

use super::operations::Operations;
use super::said;
use crate::commands::serve::{self, Manager};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use crate::signals;

/// The scopes there are for the API.
const SCOPES: &str = "read write";
/// The one of them that opens everything for which no rule says otherwise.
const REQUIRED: &str = "read";
/// The name of the database that is used unless another is named.
const DATABASE: &str = "guard-dev.db";

/// What `serve --dev` says, and what is guarded.
#[derive(Serialize)]
struct Announcement<'a> {
    #[serde(flatten)]
    server: serve::Announcement<'a>,
    upstream: &'a Url,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<String>,
}

/// Serves both until a signal ends them.
pub(super) async fn run(
    config: Config,
    database: Option<String>,
    format: Format,
    context: &Context,
) -> Result<Exit, Failure> {
    let upstream = config.upstream.clone();
    let upstream = upstream.ok_or_else(|| Failure::usage("name the API with --upstream URL"))?;
    if config.tls.client_certificates {
        return Err(Failure::usage(
            "tls.client_certificates: --dev has a door of its own for clients that show certificates, with --tls dev; leave it out",
        ));
    }
    let (orderly, at_once) = signals::ends()?;
    tokio::pin!(at_once);
    let database = match database {
        Some(database) => database,
        None => usual_database(context)?,
    };
    let server = Server::bind(&server_config(&config, &database)?).await?;
    let resource = server.issuer().to_owned();
    let operators = Operations::listen(&config)?;
    let gate = gate(config, &server).await?;
    let server = server.beside(gate.router());
    let announcement = Announcement {
        server: serve::Announcement::of(&server),
        upstream: &upstream,
        resource: &resource,
        operations: operators.url(),
    };
    match format {
        Format::Json => output::json(&announcement)?,
        Format::Text => {
            let set = server.dev_set();
            let text = set.map(|set| summary(&server, set, &upstream, &database));
            output::bytes(text.unwrap_or_default().as_bytes())?;
        }
    }
    let manager = Manager::of_this_process();
    manager.ready();
    let operating = operators.answer(&gate);
    let told = async {
        orderly.await;
        manager.ending();
    };
    let ended = tokio::select! {
        ended = server.run(told) => ended,
        () = &mut at_once => return Err(Failure::interrupted()),
    };
    operating.abort();
    ended.map_err(|error| Failure::error(format!("the listener broke: {error}")))?;
    Ok(Exit::Done)
}

fn usual_database(context: &Context) -> Result<String, Failure> {
    context.make_state_folder()?;
    let path = context.paths.state.join(DATABASE);
    let text = path.to_str().map(str::to_owned);
    let failure = || {
        Failure::error(format!(
            "the path {} is not UTF-8; use --database",
            path.display()
        ))
    };
    text.ok_or_else(failure)
}

fn server_config(config: &Config, database: &str) -> Result<gatepass_server::Config, Failure> {
    let tls = match super::files(&config.tls)? {
        _ if config.tls.dev => gatepass_server::Tls::Dev,
        Some((cert, key)) => gatepass_server::Tls::Files {
            cert: cert.to_owned(),
            key: key.to_owned(),
        },
        None => gatepass_server::Tls::Off,
    };
    Ok(gatepass_server::Config {
        tls,
        dev: true,
        shares_origin: true,
        ..gatepass_server::Config::new(config.listen, database)
    })
}

/// The guard before the API, which asks the server itself about its tokens.
async fn gate(mut config: Config, server: &Server) -> Result<Gate, Failure> {
    let issuer = server.issuer().to_owned();
    let url = issuer.parse();
    config.public_url = Some(url.map_err(|error| Failure::error(format!("{issuer}: {error}")))?);
    config.listen = server.address();
    if config.otherwise == Otherwise::default() {
        config.otherwise.scope = scope(REQUIRED);
    }
    if config.resource.scopes_supported.is_empty() {
        config.resource.scopes_supported = scope(SCOPES);
    }
    let ports = server.guard_ports(scope(SCOPES));
    let gate = Gate::with_guard(&config, move |guard| {
        guard
            .issuer(ports.issuer(&issuer))
            .api_keys(Arc::clone(&ports) as _)
            .implies("read-write", scope(SCOPES))
    });
    gate.await.map_err(said)
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap_or_default()
}

/// What a person is told: what is there, and what to paste.
fn summary(server: &Server, set: &DevSet, upstream: &Url, database: &str) -> String {
    let url = server.issuer();
    let ca = server.ca().map(|ca| ca.display().to_string());
    let facts = [
        ("API", Some(upstream.as_str())),
        ("guarded at", Some(url)),
        ("user", Some(&set.user)),
        ("password", Some(&set.password)),
        ("API key", Some(&set.api_key)),
        ("CA", ca.as_deref()),
        ("database", Some(database)),
    ];
    let mut text =
        "gatepass guard with an authorization server, for development (this machine only; \
                    Ctrl-C ends it)\n\n"
            .to_owned();
    for (name, value) in facts {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<12} {value}");
        }
    }
    text.push_str("\nTo try, in another terminal. The browser that opens wants the user and the password:\n\n");
    if let Some(ca) = &ca {
        let ca = output::shell_word(ca);
        let _ = writeln!(text, "export CURL_CA_BUNDLE={ca} GATEPASS_CA={ca}");
    }
    let key = output::shell_word(&set.api_key);
    let _ = write!(
        text,
        "gatepass request {url}/\n\n\
         # What a program sees that has no token\n\
         curl -i {url}/\n\n\
         # With the API key\n\
         curl -H \"X-API-Key: {key}\" {url}/\n\n"
    );
    text
}
