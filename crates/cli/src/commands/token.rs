//! `gatepass token`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use gatepass_client::tokens::StoredToken;
use gatepass_client::{Attachment, Error, Profile, Secret, Session};
use serde_json::{Value, json};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::{output, time};

/// Print a valid token, and nothing else
///
/// A token that has expired, or soon will, is renewed first. Nobody is asked: when only a login helps, the exit code is 4.
#[derive(Args)]
#[command(after_help = "\
Examples:
  curl -H \"$(gatepass token work --output header)\" https://api.example.com/
  eval \"$(gatepass token work --output env)\"
  gatepass token work --min-ttl 600       good for ten minutes at least")]
pub(crate) struct Token {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// Renew it unless it is good for this long, as far as its lifetime allows
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    min_ttl: u64,
    /// How it is written: text, json, header or env (GATEPASS_TOKEN, for a shell)
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The token alone
    Text,
    /// An object that tells of its expiry too
    Json,
    /// The header that a request needs
    Header,
    /// An assignment for a shell
    Env,
}

impl Run for Token {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let session = context.session(&profile, &self.network, None)?;
        let printed = self.printed(&profile, &session).await;
        output::line(
            printed
                .map_err(|error| Failure::of_profile(error, profile.name.as_str()))??
                .expose(),
        )?;
        Ok(Exit::Done)
    }
}

impl Token {
    async fn printed(
        &self,
        profile: &Profile,
        session: &Session,
    ) -> Result<Result<Secret, Failure>, Error> {
        let token = match profile.credential.makes_tokens() {
            true => Some(session.token(Duration::from_secs(self.min_ttl)).await?),
            false => None,
        };
        if self.output == Format::Header {
            let Attachment { name, value, .. } = session.attachment().await?;
            return Ok(Ok(Secret::new(format!(
                "{}: {}",
                display(name.as_str()),
                value.expose()
            ))));
        }
        let secret = match &token {
            Some(token) => token.access_token.clone(),
            None if profile.credential.method() == "basic" => {
                let text =
                    "HTTP Basic has no token; --output header prints the header that it needs";
                return Ok(Err(Failure::usage(text)));
            }
            None => session.attachment().await?.secret,
        };
        Ok(Ok(match self.output {
            Format::Json => Secret::new(shown(profile, &secret, token.as_ref()).to_string()),
            Format::Env => Secret::new(format!(
                "export GATEPASS_TOKEN={}",
                output::shell_word(secret.expose())
            )),
            Format::Text | Format::Header => secret,
        }))
    }
}

fn shown(profile: &Profile, secret: &Secret, token: Option<&StoredToken>) -> Value {
    let end = token.and_then(|token| token.expires_at);
    json!({
        "profile": profile.name,
        "access_token": secret.expose(),
        "token_type": token.map(|token| &token.token_type),
        "expires_at": end.map(|end| end.as_secs()),
        "expires_in": end.map(|end| time::until(end).as_secs()),
        "scope": token.map(|token| &token.scope),
        "issuer": token.map(|token| &token.issuer),
    })
}

/// A header's name as people write it.
fn display(name: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
            .unwrap_or_default()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
