//! `gatepass admin client`.

use clap::{Args, Subcommand};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record;
use gatepass_proto::{ClientId, Scope, Secret};
use gatepass_server::{KeySource, NewClient};
use serde_json::{Value, json};

use super::invite::Invite;
use super::proving::Proving;
use super::requesting::Requesting;
use super::telling::Telling;
use super::{List, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

/// Clients: programs that ask for tokens
#[derive(Args)]
pub(super) struct Client {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Box<Add>),
    Invite(Invite),
    /// List the clients
    #[command(after_help = "Example:\n  gatepass admin client list --output json")]
    List(List),
}

/// Register a client; a confidential one's secret is printed this once
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin client add \"Web shop\" --scope \"read write\" \\
      --redirect-uri https://shop.example.com/callback
  gatepass admin client add \"Desktop\" --public --scope read \\
      --redirect-uri http://127.0.0.1/callback
  gatepass admin client add \"Robot\" --grant client_credentials --scope read
  gatepass admin client add \"Bank\" --grant client_credentials --scope read \\
      --auth-method private_key_jwt --jwks keys.json --dpop
  gatepass admin client add \"Scale\" --grant client_credentials --scope read \\
      --auth-method tls_client_auth --certificate-bound \\
      --tls-client-auth-san-dns scale.example.com")]
struct Add {
    /// Its name, which the consent page shows
    name: String,
    /// Its client_id [default: a fresh one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// It cannot keep a secret: it gets none, and has to use PKCE
    #[arg(long)]
    public: bool,
    /// Where it may send the browser back to; may be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// A grant it may use; may be repeated [default: authorization_code and refresh_token with a
    /// redirect URI, client_credentials without]
    #[arg(long, value_name = "TYPE")]
    grant: Vec<String>,
    /// Everything it may ask for, separated by spaces
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "",
        hide_default_value = true
    )]
    scope: Scope,
    /// What it gets when it asks for nothing [default: all of --scope]
    #[arg(long, value_name = "SCOPES")]
    default_scope: Option<Scope>,
    /// A resource it may name besides the server's default audience; may be repeated
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// The client_id of a client whose tokens it may exchange, besides its own (RFC 8693); may be repeated
    #[arg(long, value_name = "ID")]
    may_exchange: Vec<String>,
    /// Let it come without PKCE, an older habit
    #[arg(long, conflicts_with = "public")]
    no_pkce: bool,
    /// Take JSON from it at the token endpoint, an older habit
    #[arg(long)]
    json_body: bool,
    #[command(flatten)]
    proving: Proving,
    #[command(flatten)]
    requesting: Requesting,
    #[command(flatten)]
    telling: Telling,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Client {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Add(add) => add.run(context).await,
            Action::Invite(invite) => invite.run(context).await,
            Action::List(what) => list(what, context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let usual: &[&str] = if self.redirect_uri.is_empty() {
            &["client_credentials"]
        } else {
            &["authorization_code", "refresh_token"]
        };
        let grant_types = match self.grant.is_empty() {
            true => usual.iter().map(ToString::to_string).collect(),
            false => self.grant,
        };
        if self.public
            && grant_types
                .iter()
                .any(|grant| grant == "client_credentials")
        {
            return Err(Failure::usage(
                "a public client cannot use client_credentials: give it a --redirect-uri, or leave --public out",
            ));
        }
        let new = NewClient {
            client_id: self.id.map(ClientId::new),
            client_name: self.name,
            public: self.public,
            redirect_uris: self.redirect_uri,
            grant_types,
            default_scope: self.default_scope.unwrap_or_else(|| self.scope.clone()),
            scope: self.scope,
            resources: self.resource,
            require_pkce: !self.no_pkce,
            json_body: self.json_body,
            details: ClientDetails {
                may_exchange: self.may_exchange,
                ..self
                    .telling
                    .add_to(self.requesting.add_to(self.proving.details()?))
            },
            auth_method: self.proving.auth_method,
        };
        let admin = self.which.open(context).await?;
        let admin = admin.master_key(self.proving.master_key_file.map(KeySource::File));
        let (client, secret) = admin.add_client(new).await?;
        match self.format.output {
            Format::Json => output::json(&with_secret(&client, secret.as_ref())),
            Format::Text => {
                output::line(&format!("client_id      {}", client.client_id))?;
                if let Some(secret) = secret {
                    output::line(&format!("client_secret  {}", secret.expose()))?;
                    output::note("The secret is not shown again; keep it where secrets are kept.");
                }
                Ok(())
            }
        }
    }
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    let clients = list.which.open(context).await?.clients().await?;
    let row = |client: &record::Client| {
        let kind = if client.is_public() {
            "public"
        } else {
            "confidential"
        };
        [
            client.client_id.to_string(),
            client.client_name.clone(),
            kind.to_owned(),
            client.grant_types.join(" "),
            client.scope.to_string(),
        ]
    };
    List::print(
        &list.format,
        &clients,
        shown,
        ["ID", "NAME", "KIND", "GRANTS", "SCOPE"],
        row,
    )
}

fn with_secret(client: &record::Client, secret: Option<&Secret>) -> Value {
    let mut value = shown(client);
    if let (Some(members), Some(secret)) = (value.as_object_mut(), secret) {
        members.insert("client_secret".to_owned(), secret.expose().into());
    }
    value
}

/// Names from RFC 7591 §2 where it has them. What the record has beyond these members follows them, but for secrets.
fn shown(client: &record::Client) -> Value {
    let mut shown = known(client);
    let details = serde_json::to_value(&*client.details).unwrap_or_default();
    if let (Value::Object(all), Value::Object(details)) = (&mut shown, details) {
        for (name, value) in details {
            let secret = matches!(&*name, "sealed_secret" | "registration_access_token");
            if !secret {
                all.insert(name, value);
            }
        }
    }
    shown
}

fn known(client: &record::Client) -> Value {
    json!({
        "client_id": client.client_id.as_str(),
        "client_name": client.client_name,
        "public": client.is_public(),
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "scope": client.scope,
        "default_scope": client.default_scope,
        "resources": client.resources,
        "require_pkce": client.require_pkce,
        "json_body": client.json_body,
        "token_endpoint_auth_methods": client.auth_methods,
        "may_exchange": client.details.may_exchange,
        "jwks": client.details.jwks,
        "jwks_uri": client.details.jwks_uri,
        "dpop_bound_access_tokens": client.details.dpop_bound_access_tokens,
        "client_id_issued_at": client.client_id_issued_at.as_secs(),
        "created_at": rfc3339(client.client_id_issued_at),
    })
}
