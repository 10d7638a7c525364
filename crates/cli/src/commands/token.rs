//! `gatepass token`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use gatepass_client::tokens::StoredToken;
use gatepass_client::{Credential, Profile, Secret, Session};
use serde_json::{Value, json};

use super::env::{self, Shell};
use super::scope::{self, ScopeArgs};
use super::{Run, header};
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
  gatepass token work --min-ttl 600       good for ten minutes at least
  gatepass token work --scope \"read write\"

An argument can be read by every process on the machine; `gatepass header`
and `gatepass exec` pass the token on without one.")]
pub(crate) struct Token {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    life: LifeArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

/// How long a token has to live.
#[derive(Args)]
pub(super) struct LifeArgs {
    /// Renew it unless it is good for this long, as far as its lifetime allows
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    min_ttl: u64,
}

/// `--output`, as the commands have it that print a token.
#[derive(Args)]
pub(super) struct FormatArgs {
    /// How the token is written: text, json, header or env (GATEPASS_TOKEN, for a shell)
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) output: Format,
}

/// How a token is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The token alone
    Text,
    /// An object that tells of its expiry too
    Json,
    /// The header that a request needs
    Header,
    /// An assignment for a shell
    Env,
}

const ISSUED: &str = "issued_token_type";

/// What a program that wants a token gets.
pub(super) struct Current {
    /// The token; of a method that makes none the secret that is sent as it is.
    pub(super) secret: Secret,
    /// What is known of it, where it was made.
    token: Option<StoredToken>,
}

impl LifeArgs {
    /// The least that it has to live.
    pub(super) fn least(&self) -> Duration {
        Duration::from_secs(self.min_ttl)
    }
}

impl Current {
    /// A profile's token, valid now and for `least`.
    ///
    /// # Errors
    ///
    /// A login is needed, the network fails, or the method has no token.
    pub(super) async fn of(
        profile: &Profile,
        session: &Session,
        least: Duration,
    ) -> Result<Self, Failure> {
        let name = profile.name.as_str();
        let of_profile = |error| scope::failure(error, profile, session);
        if profile.credential.makes_tokens() {
            let token = session.token(least).await.map_err(of_profile)?;
            let secret = token.access_token.clone();
            let token = Some(token);
            return Ok(Self { secret, token });
        }
        match profile.credential {
            Credential::Basic { .. } => {
                return Err(Failure::usage(format!(
                    "HTTP Basic has no token; `gatepass header {name}` prints the header that it needs"
                )));
            }
            Credential::Digest { .. } => {
                return Err(Failure::usage(
                    "HTTP Digest has no token; `gatepass request` answers its challenge",
                ));
            }
            _ => {}
        }
        let secret = session.attachment().await.map_err(of_profile)?.secret;
        let token = None;
        Ok(Self { secret, token })
    }

    fn to_json(&self, profile: &Profile) -> Value {
        let token = self.token.as_ref();
        let end = token.and_then(|token| token.expires_at);
        let mut members = json!({
            "profile": profile.name,
            "access_token": self.secret.expose(),
            "token_type": token.map(|token| &token.token_type),
            "expires_at": end.map(|end| end.as_secs()),
            "expires_in": end.map(|end| time::until(end).as_secs()),
            "scope": token.map(|token| &token.scope),
            "issuer": token.map(|token| &token.issuer),
        });
        // Of an exchange the answer says what it is that came (RFC 8693 §2.2.1).
        if let Some(kind) = token.and_then(|token| token.members.get(ISSUED))
            && let Some(members) = members.as_object_mut()
        {
            members.insert(ISSUED.to_owned(), kind.clone());
        }
        members
    }
}

impl Run for Token {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let egress = self.network.egress()?;
        let session = self.scope.session(context, &profile, egress, None).await?;
        print(&profile, &session, self.life.least(), self.format.output).await?;
        Ok(Exit::Done)
    }
}

/// Prints a profile's token, valid now and for `least`.
///
/// # Errors
///
/// As [`Current::of`].
pub(super) async fn print(
    profile: &Profile,
    session: &Session,
    least: Duration,
    format: Format,
) -> Result<(), Failure> {
    if format == Format::Header {
        let headers = header::of(profile, session, least, None).await?;
        return output::line(header::lines(&headers).expose());
    }
    let current = Current::of(profile, session, least).await?;
    match format {
        Format::Json => output::json(&current.to_json(profile)),
        Format::Env => {
            let assignment = Shell::Posix.assignment(env::VARIABLE, &current.secret);
            output::line(assignment.expose())
        }
        Format::Text | Format::Header => output::line(current.secret.expose()),
    }
}
