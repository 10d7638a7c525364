//! `gatepass profile list` and `gatepass profile show`.

use clap::Args;
use gatepass_client::{Credential, Grant, KeyPlace, LoginStyle, OAuth, Origin, Profile, SecretRef};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};

/// List the profiles; the default one has a star
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile list --output json")]
pub(super) struct List {
    #[command(flatten)]
    format: OutputArgs,
}

/// Show a profile: what it says, and where its secrets are
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile show work")]
pub(super) struct Show {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    format: OutputArgs,
}

impl List {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let profiles = config.profiles.values();
        if self.format.output == Format::Json {
            return output::json(
                &profiles
                    .map(|profile| object(shown(profile)))
                    .collect::<Vec<_>>(),
            );
        }
        if config.profiles.is_empty() {
            output::note("There are no profiles yet; make one with `gatepass profile add`.");
            return Ok(());
        }
        let row = |profile: &Profile| {
            let star = if config.default.as_ref() == Some(&profile.name) {
                "*"
            } else {
                ""
            };
            let api = profile
                .api
                .iter()
                .map(Origin::as_str)
                .collect::<Vec<_>>()
                .join(" ");
            [
                format!("{}{star}", profile.name),
                profile.credential.method().to_owned(),
                api,
            ]
        };
        output::table(
            ["NAME", "METHOD", "API"],
            &profiles.map(row).collect::<Vec<_>>(),
        )
    }
}

impl Show {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let shown = shown(&context.profile(self.profile.as_deref())?);
        if self.format.output == Format::Json {
            return output::json(&object(shown));
        }
        let wide = shown
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or_default();
        let mut text = String::new();
        for (name, value) in &shown {
            text.push_str(&format!("{name:wide$}  {}\n", words(value)));
        }
        output::bytes(text.as_bytes())
    }
}

/// Name and value, in the order in which people read them.
type Members = Vec<(&'static str, Value)>;

/// What a profile says, with the names of `config.toml`.
fn shown(profile: &Profile) -> Members {
    let mut all = Vec::new();
    let mut put = |name: &'static str, value: Value| {
        if !value.is_null() {
            all.push((name, value));
        }
    };
    put("name", json!(profile.name));
    put("method", json!(profile.credential.method()));
    put("api", json!(profile.api));
    put("ca", json!(profile.ca));
    match &profile.credential {
        Credential::Basic { username, password } => {
            put("username", json!(username));
            put("password", secret(password));
        }
        Credential::Bearer { token } => put("token", secret(token)),
        Credential::ApiKey(own) => {
            put("key", secret(&own.key));
            put(
                "header",
                match &own.place {
                    KeyPlace::Header(name) => json!(name.as_str()),
                    KeyPlace::Bearer => json!("bearer"),
                },
            );
        }
        Credential::Login(login) => {
            put("url", json!(login.url));
            put(
                "style",
                match login.style {
                    LoginStyle::Form => json!("form"),
                    LoginStyle::Json => json!("json"),
                    LoginStyle::Basic => json!("basic"),
                },
            );
            put("username", json!(login.username));
            put("password", secret(&login.password));
            put("token_pointer", json!(login.token_pointer));
        }
        Credential::OAuth(oauth) => put_oauth(oauth, &mut put),
    }
    all
}

fn put_oauth(oauth: &OAuth, put: &mut impl FnMut(&'static str, Value)) {
    put("issuer", json!(oauth.issuer));
    put(
        "authorization_endpoint",
        json!(oauth.endpoints.authorization),
    );
    put("token_endpoint", json!(oauth.endpoints.token));
    put("revocation_endpoint", json!(oauth.endpoints.revocation));
    put("client_id", json!(oauth.client_id));
    put(
        "client_secret",
        oauth.client_secret.as_ref().map(secret).unwrap_or_default(),
    );
    put("client_auth", json!(oauth.client_auth));
    put("scope", json!(oauth.scope));
    if !oauth.resource.is_empty() {
        put("resource", json!(oauth.resource));
    }
    match &oauth.grant {
        Grant::AuthorizationCode { redirect_uri } => {
            put("grant", json!("authorization_code"));
            put("redirect_uri", json!(redirect_uri));
        }
        Grant::ClientCredentials => put("grant", json!("client_credentials")),
        Grant::Password { username, password } => {
            put("grant", json!("password"));
            put("username", json!(username));
            put("password", secret(password));
        }
    }
}

fn object(members: Members) -> Value {
    let members = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Where a secret is, never what it is.
fn secret(reference: &SecretRef) -> Value {
    serde_json::to_value(reference).unwrap_or(Value::String("[redacted]".to_owned()))
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("from {name} {}", words(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}
