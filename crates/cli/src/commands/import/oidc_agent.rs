//! `gatepass import oidc-agent`.

use std::path::PathBuf;

use clap::Args;
use gatepass_client::tokens::{Place, StoredToken};
use gatepass_client::{Credential, Grant, OAuth, Origin, Profile, ProfileName, Secret};
use serde::Deserialize;
use url::Url;

use super::place::PlaceArgs;
use super::requests_oauthlib;
use super::take::{self, TakeArgs, Taken};
use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// Take over an account of oidc-agent
///
/// Its account configuration, as `oidc-gen -p NAME` prints it, becomes a profile with its refresh token. What `oidc-token -a
/// NAME` prints is only a token, and becomes the token of a profile that is there. The client's secret, if it has one, goes to
/// the place that is named.
#[derive(Args)]
#[command(after_help = "\
Examples:
  oidc-gen -p work | gatepass import oidc-agent - --api https://api.example.com
  oidc-gen -p work | gatepass import oidc-agent - --profile new \\
      --api https://api.example.com --secret-file ~/.config/new.secret
  oidc-token -a work | gatepass import oidc-agent - --profile work")]
pub(super) struct OidcAgent {
    /// The file; - is standard input
    file: PathBuf,
    /// The profile [default: the account's own name]
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// An origin that the credential goes to, like `https://api.example.com`; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    api: Vec<Origin>,
    /// The issuer as the server itself writes it [default: the account's, without the slash that
    /// oidc-agent adds at the end]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    take: TakeArgs,
}

/// What is taken of an account; the names are oidc-agent's.
#[derive(Deserialize)]
struct Account {
    name: Option<String>,
    #[serde(alias = "issuer")]
    issuer_url: String,
    client_id: String,
    client_secret: Option<Text>,
    refresh_token: Option<Text>,
    scope: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
}

/// Text that is a secret; empty where there is none.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Text(Option<Secret>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self((!text.is_empty()).then(|| Secret::new(text)))
    }
}

impl OidcAgent {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let taken = take::read(&self.file)?;
        let fault = |reason: &str| Failure::error(format!("{}: {reason}", self.file.display()));
        if let Some(token) = token(&taken) {
            let name = self
                .profile
                .as_ref()
                .ok_or_else(|| Failure::usage("--profile is needed: whose token it becomes"))?;
            let profile = context.profile(Some(name.as_str()))?;
            let status = self.take.keep(&profile, token, context).await?;
            return self.take.tell(&profile, false, Some(&status), None);
        }
        // The parser's own words could repeat a secret.
        let account: Account = serde_json::from_slice(&taken.bytes).map_err(|_| {
            fault("expected what `oidc-gen -p NAME` or `oidc-token -a NAME` prints")
        })?;
        self.account(account, &taken, context).await
    }

    async fn account(
        self,
        account: Account,
        taken: &Taken,
        context: &Context,
    ) -> Result<(), Failure> {
        let name = match (self.profile, &account.name) {
            (Some(name), _) => name,
            (None, Some(name)) => name.parse().map_err(Failure::usage)?,
            (None, None) => {
                return Err(Failure::usage(
                    "--profile is needed: the account has no name",
                ));
            }
        };
        let issuer = match self.issuer {
            Some(issuer) => issuer,
            None => account.issuer_url.trim_end_matches('/').to_owned(),
        };
        if self.api.is_empty() {
            return Err(Failure::usage(format!(
                "--api is needed: the origin that the credential goes to; where that is the server that issues it, --api {}",
                issuer
                    .parse()
                    .map_or(String::new(), |url: Url| url.origin().ascii_serialization())
            )));
        }
        if self.take.present(&name, context)?.is_some() && !self.take.replace {
            return Err(Failure::error(format!(
                "there is a profile {:?} already; --replace replaces it",
                name.as_str()
            )));
        }
        let secret = account.client_secret.and_then(|text| text.0);
        let placed = match &secret {
            Some(secret) => Some(self.place.settle(Some(secret), self.take.replace)?),
            None => None,
        };
        let oauth = OAuth {
            scope: account.scope.and_then(|scope| scope.parse().ok()),
            ..OAuth::new(
                Some(issuer),
                Some(account.client_id),
                placed.clone(),
                grant(account.redirect_uris),
            )
        };
        let profile = Profile {
            name,
            api: self.api,
            ca: None,
            certificate: None,
            tokens: Place::default(),
            credential: Credential::OAuth(Box::new(oauth)),
        };
        self.take.put(&profile, context)?;
        let status = match account.refresh_token.and_then(|text| text.0) {
            Some(refresh_token) => {
                // There is no access token yet; the first use makes one.
                let mut token = StoredToken::new(Secret::new(""), taken.written, String::new());
                token.expires_at = Some(taken.written);
                token.refresh_token = Some(refresh_token);
                Some(self.take.keep(&profile, token, context).await?)
            }
            None => None,
        };
        self.take
            .tell(&profile, true, status.as_ref(), placed.as_ref())?;
        if status.is_none() {
            output::note(&format!("Next: gatepass login {}", profile.name));
        }
        Ok(())
    }
}

/// A token alone: three lines (token, issuer, seconds since 1970), or a JSON object.
fn token(taken: &Taken) -> Option<StoredToken> {
    let text = std::str::from_utf8(&taken.bytes).ok()?;
    if text.trim_start().starts_with('{') {
        return requests_oauthlib::read(taken).ok();
    }
    let mut lines = text.lines();
    let (access_token, issuer, end) = (lines.next()?, lines.next()?, lines.next()?);
    let url: Url = issuer.parse().ok()?;
    let end: u64 = end.trim().parse().ok()?;
    if !url.has_host() || access_token.is_empty() {
        return None;
    }
    let mut token = StoredToken::new(Secret::new(access_token), taken.written, String::new());
    token.expires_at = Some(gatepass_client::Timestamp::from_secs(end));
    Some(token)
}

/// The account's redirect URI on this machine, for the next login.
fn grant(redirect_uris: Vec<String>) -> Grant {
    let local = redirect_uris.into_iter().find(|uri| {
        let url: Option<Url> = uri.parse().ok();
        let host = url.as_ref().and_then(Url::host);
        host.is_some_and(|host| gatepass_http::is_loopback_host(&host))
    });
    Grant::AuthorizationCode {
        redirect_uri: local.unwrap_or_else(|| Grant::LOOPBACK.into()),
    }
}
