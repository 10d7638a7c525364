//! `gatepass exchange`.

use std::time::Duration;

use clap::Args;
use gatepass_client::tokens::Place;
use gatepass_client::{
    Credential, Grant, OAuth, Profile, Scope, SecretRef, Session, TokenExchange,
};

use super::Run;
use super::token::{self, Current, FormatArgs};
use crate::context::{Context, NetworkArgs, TimeoutArgs};
use crate::exit::{Exit, Failure};
use crate::secrets::{Named, SecretArgs};

/// Exchange a token for another, and print that (RFC 8693)
///
/// The profile's client asks. The token that is exchanged is the profile's own, unless another is named. What comes is not
/// kept; a profile with `--grant token_exchange` keeps it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass exchange work --audience https://billing.example.com
  gatepass exchange gateway --subject-profile work --scope read
  gatepass exchange gateway --subject-token-env TOKEN \\
      --subject-token-type jwt --requested-token-type jwt --output json")]
pub(crate) struct Exchange {
    /// The profile whose client asks [default: the default one, or the only one]
    profile: Option<String>,
    /// Where the new token is for, by a name that the server knows; may be repeated
    #[arg(long, value_name = "NAME")]
    audience: Vec<String>,
    /// The same by a URI; may be repeated
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// The scopes of the new token [default: what the server thinks fit]
    #[arg(long, value_name = "SCOPES")]
    scope: Option<Scope>,
    /// What the new token is to be: access_token, refresh_token, id_token, saml1, saml2, jwt or a URI
    #[arg(long, value_name = "TYPE", value_parser = token_type)]
    requested_token_type: Option<String>,
    /// Exchange the token of this profile
    #[arg(long, value_name = "PROFILE", conflicts_with = "subject-token-source")]
    subject_profile: Option<String>,
    #[command(flatten)]
    subject_token: SecretArgs<Subject>,
    /// What that token is [default: access_token]
    #[arg(long, value_name = "TYPE", value_parser = token_type)]
    subject_token_type: Option<String>,
    #[command(flatten)]
    actor_token: SecretArgs<Actor>,
    /// What the actor's token is [default: access_token]
    #[arg(long, value_name = "TYPE", value_parser = token_type, requires = "actor-token-source")]
    actor_token_type: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    timeout: TimeoutArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

struct Subject;

impl Named for Subject {
    const OPTION: &'static str = "subject-token";
    const WORDS: &'static str = "the token to exchange";
}

struct Actor;

impl Named for Actor {
    const OPTION: &'static str = "actor-token";
    const WORDS: &'static str = "the token of who acts";
}

impl Run for Exchange {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let Credential::OAuth(oauth) = &profile.credential else {
            return Err(Failure::usage(format!(
                "method {} has no server that exchanges tokens",
                profile.credential.method()
            )));
        };
        let egress = self.timeout.within(self.network.egress()?);
        let session = |profile: &Profile| context.session_by(profile, egress.clone(), None);
        let own = session(&profile)?;
        let subject = match (
            self.subject_token.read_given().await?,
            &self.subject_profile,
        ) {
            (Some(token), _) => token,
            (None, Some(other)) => {
                let other = context.profile(Some(other))?;
                Current::of(&other, &session(&other)?, Duration::ZERO)
                    .await?
                    .secret
            }
            (None, None) => Current::of(&profile, &own, Duration::ZERO).await?.secret,
        };
        let exchange = TokenExchange {
            subject_token: SecretRef::Given(subject),
            subject_token_type: self.subject_token_type,
            actor_token: self.actor_token.read_given().await?.map(SecretRef::Given),
            actor_token_type: self.actor_token_type,
            requested_token_type: self.requested_token_type,
            audience: self.audience,
        };
        let mut asking = OAuth {
            grant: Grant::TokenExchange(Box::new(exchange)),
            scope: self.scope,
            resource: self.resource,
            ..(**oauth).clone()
        };
        identify(&mut asking, &own).await?;
        let profile = Profile {
            tokens: Place::Memory,
            credential: asking.into(),
            ..profile
        };
        let session = session(&profile)?;
        token::print(&profile, &session, Duration::ZERO, self.format.output).await?;
        Ok(Exit::Done)
    }
}

/// A client that registered itself is known to its own session only.
async fn identify(oauth: &mut OAuth, own: &Session) -> Result<(), Failure> {
    if let Some(client) = own.registration().await? {
        oauth.client_id = Some(client.client_id.to_string());
        oauth.client_secret = client.client_secret.map(SecretRef::Given);
        oauth.client_auth = client.metadata.token_endpoint_auth_method;
    }
    Ok(())
}

/// A type of token by its URI, or by the end of one of the usual (RFC 8693 §3).
fn token_type(text: &str) -> Result<String, String> {
    const USUAL: [&str; 6] = [
        "access_token",
        "refresh_token",
        "id_token",
        "saml1",
        "saml2",
        "jwt",
    ];
    if text.contains(':') {
        return Ok(text.to_owned());
    }
    let name = text.replace('-', "_");
    if USUAL.contains(&name.as_str()) {
        return Ok(format!("urn:ietf:params:oauth:token-type:{name}"));
    }
    Err(format!("expected a URI, or one of {}", USUAL.join(", ")))
}
