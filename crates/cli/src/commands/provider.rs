//! `gatepass provider`.

use clap::{Args, Subcommand};
use gatepass_client::providers::{self, Kind, Provider as Preset};
use gatepass_proto::message::quirks::{Quirks, RevokeBy, ScopeDelimiter};
use serde_json::{Value, json};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};

/// List and show the providers that gatepass knows: their endpoints, and how they differ from the standard
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass provider list
  gatepass provider show github")]
pub(crate) struct Provider {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Show(Show),
}

/// List the providers, and what each needs
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass provider list --output json")]
struct List {
    #[command(flatten)]
    format: OutputArgs,
}

/// Show a provider: how to register there, what differs, and the command that makes a profile
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass provider show microsoft
  gatepass provider show github --output json | jq -r .command")]
struct Show {
    /// Its id, as `gatepass provider list` has it
    id: String,
    #[command(flatten)]
    format: OutputArgs,
}

impl Run for Provider {
    async fn run(self, _: &Context) -> Result<Exit, Failure> {
        match self.action {
            Action::List(list) => list.run()?,
            Action::Show(show) => show.run()?,
        }
        Ok(Exit::Done)
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        if self.format.output == Format::Json {
            let all: Vec<Value> = providers::all().iter().map(shown).collect();
            return output::json(&all);
        }
        let row = |provider: &Preset| {
            [
                provider.id.clone(),
                provider.name.clone(),
                logins(provider).join(", "),
                needs(provider).join(", "),
            ]
        };
        let rows: Vec<_> = providers::all().iter().map(row).collect();
        output::table(["ID", "NAME", "LOGIN BY", "NEEDS"], &rows)
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let provider = find(&self.id)?;
        match self.format.output {
            Format::Json => output::json(&shown(provider)),
            Format::Text => output::bytes(told(provider).as_bytes()),
        }
    }
}

/// The provider of this id.
///
/// # Errors
///
/// There is none; those that begin alike are named.
pub(super) fn find(id: &str) -> Result<&'static Preset, Failure> {
    let wanted = id.to_ascii_lowercase();
    providers::find(&wanted).ok_or_else(|| {
        let begin = wanted.get(..2).unwrap_or(&wanted);
        let alike: Vec<&str> = providers::all()
            .iter()
            .map(|provider| provider.id.as_str())
            .filter(|own| own.contains(&wanted) || own.starts_with(begin))
            .collect();
        let alike = match alike.is_empty() {
            true => String::new(),
            false => format!("; did you mean {}?", alike.join(" or ")),
        };
        Failure::error(format!(
            "provider {id:?} is not known{alike}; `gatepass provider list` shows all, and any other server is named by --issuer"
        ))
    })
}

/// How a person logs in there.
fn logins(provider: &Preset) -> Vec<&'static str> {
    let mut all = Vec::new();
    if provider.issuer.is_some() || provider.authorization_endpoint.is_some() {
        all.push("browser");
    }
    if provider.device_authorization_endpoint.is_some() {
        all.push("device");
    }
    all
}

/// What has to be said beside the id.
fn needs(provider: &Preset) -> Vec<String> {
    let mut all = vec!["client id".to_owned()];
    if provider.quirks.client_auth.is_some() {
        all.push("secret".to_owned());
    }
    let open = provider.variables.iter();
    all.extend(
        open.filter(|(_, variable)| variable.default.is_none())
            .map(|(name, _)| name.clone()),
    );
    if provider.api.is_empty() {
        all.push("API".to_owned());
    }
    all
}

/// The command that makes a profile, with gaps where the person knows better.
pub(super) fn command(provider: &Preset) -> String {
    let Quirks {
        client_auth,
        fixed_port,
        ..
    } = &provider.quirks;
    let id = &provider.id;
    let mut text = format!("gatepass profile add {id} --provider {id} --client-id ID");
    let mut add = |option: String| text.push_str(&format!(" \\\n    {option}"));
    if client_auth.is_some() {
        add(format!("--client-secret-command \"pass show {id}\""));
    }
    for (name, variable) in &provider.variables {
        let gap = match (variable.kind, &variable.default) {
            (_, Some(default)) if default.is_empty() => continue,
            (_, Some(default)) => default.as_str(),
            (Kind::Host, _) => "HOST",
            (Kind::Url, _) => "URL",
            _ => "NAME",
        };
        add(format!("--var {name}={gap}"));
    }
    if !provider.scopes.is_empty() {
        let scope = output::shell_word(&provider.scopes.to_string());
        add(format!("--scope {scope}"));
    }
    if *fixed_port {
        add(format!("--redirect-uri {}", redirect_uri(provider)));
    }
    if provider.api.is_empty() {
        add("--api ORIGIN".to_owned());
    }
    text
}

/// A redirect URI with a port, for those who want one registered.
pub(super) fn redirect_uri(provider: &Preset) -> String {
    format!("http://{}:8765/callback", provider.quirks.loopback)
}

/// How it differs from the standard, a sentence each.
fn quirks(quirks: &Quirks) -> Vec<String> {
    let mut all = Vec::new();
    if quirks.scope_delimiter == ScopeDelimiter::Comma {
        all.push("Scopes are separated by commas.".to_owned());
    }
    let added = |params: &std::collections::BTreeMap<String, String>, to: &str| {
        let params = params.iter().map(|(name, value)| format!("{name}={value}"));
        let params: Vec<String> = params.collect();
        (!params.is_empty()).then(|| format!("Every {to} has {}.", params.join(" and ")))
    };
    all.extend(added(&quirks.authorize_params, "login"));
    all.extend(added(&quirks.token_params, "request for a token"));
    if let Some(pointer) = &quirks.token_at {
        all.push(format!("The token is inside {pointer} of the answer."));
    }
    if let Some(kind) = &quirks.token_type {
        all.push(format!(
            "Whatever its token_type says, the token is a {kind} token."
        ));
    }
    if !quirks.invalid_grant.is_empty() {
        let words: Vec<String> = quirks
            .invalid_grant
            .iter()
            .map(|own| format!("{own:?}"))
            .collect();
        all.push(format!("For invalid_grant it says {}.", words.join(" or ")));
    }
    if let Some(method) = &quirks.client_auth {
        all.push(format!("A client that has a secret shows it by {method}."));
    }
    if !quirks.pkce {
        all.push("PKCE is not sent, because it is refused.".to_owned());
    }
    if quirks.loopback.as_str() == "localhost" {
        all.push("This machine is called localhost in its redirect URIs.".to_owned());
    }
    if quirks.fixed_port {
        all.push("The port of the redirect URI has to be registered too.".to_owned());
    }
    if quirks.issuer_template.is_some() {
        all.push("Its tokens name the tenant's own issuer.".to_owned());
    }
    match quirks.revoke_by {
        RevokeBy::Form => {}
        RevokeBy::Bearer => {
            all.push("A token is revoked by sending it as a bearer token.".to_owned())
        }
        RevokeBy::Delete => {
            all.push("A token is revoked by a DELETE with the client's secret.".to_owned())
        }
    }
    all
}

fn told(provider: &Preset) -> String {
    let bold = |text: &str| output::painted(text, "1", Stream::Result);
    let mut text = format!("{}  {}\n", bold(&provider.name), provider.id);
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {value}\n"));
    line("login by", &logins(provider).join(", "));
    if let Some(issuer) = &provider.issuer {
        line("issuer", issuer);
    }
    line(
        "goes to",
        &match provider.api.as_slice() {
            [] => "the API that you name (--api)".to_owned(),
            api => api.join(" "),
        },
    );
    if !provider.scopes.is_empty() {
        line("scope", &provider.scopes.to_string());
    }
    for (name, variable) in &provider.variables {
        let default = match variable.default.as_deref() {
            Some("") => ", if need be".to_owned(),
            Some(default) => format!(" [default: {default}]"),
            None => String::new(),
        };
        line("needs", &format!("{name}: {}{default}", variable.help));
    }
    line("docs", &provider.docs);
    text.push_str(&format!("\n{}\n", provider.notes));
    let quirks = quirks(&provider.quirks);
    if !quirks.is_empty() {
        text.push_str(&format!("\n{}\n", bold("How it differs from the standard")));
        for quirk in quirks {
            text.push_str(&format!("  {quirk}\n"));
        }
    }
    text.push_str(&format!(
        "\n{}\n{}\n",
        bold("A profile for it"),
        command(provider)
    ));
    text
}

fn shown(provider: &Preset) -> Value {
    let variables = provider.variables.iter().map(|(name, variable)| {
        json!({"name": name, "help": variable.help, "default": variable.default})
    });
    json!({
        "id": provider.id,
        "name": provider.name,
        "issuer": provider.issuer,
        "authorization_endpoint": provider.authorization_endpoint,
        "token_endpoint": provider.token_endpoint,
        "device_authorization_endpoint": provider.device_authorization_endpoint,
        "userinfo_endpoint": provider.userinfo_endpoint,
        "revocation_endpoint": provider.revocation_endpoint,
        "api": provider.api,
        "scope": provider.scopes,
        "variables": variables.collect::<Vec<_>>(),
        "login_by": logins(provider),
        "needs": needs(provider),
        "quirks": quirks(&provider.quirks),
        "docs": provider.docs,
        "notes": provider.notes,
        "command": command(provider),
    })
}
