//! `gatepass header`.

use std::time::Duration;

use clap::Args;
use gatepass_client::{Profile, Secret, Session, Where};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use url::Url;

use super::Run;
use super::scope::{self, ScopeArgs};
use super::token::LifeArgs;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

/// Print the header that makes a request authenticated
///
/// A token that has expired, or soon will, is renewed first. Nobody is asked: when only a login helps, the exit code is 4.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass header work | curl -H @- https://api.example.com/items
  wget --header \"$(gatepass header work)\" https://api.example.com/items
  gatepass header work --scope \"read write\"

In the first one the token is in no argument, where every process on the
machine could read it. A token that is bound to a key (DPoP) goes with a
proof, a second line, that is good for one method and URL: name them with
--method and --url.")]
pub(crate) struct Header {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// The URL that the request is for
    #[arg(long)]
    url: Option<Url>,
    /// The method that the request has
    #[arg(long, default_value_t = Method::GET, requires = "url")]
    method: Method,
    #[command(flatten)]
    life: LifeArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Header {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let egress = self.network.egress()?;
        let session = self.scope.session(context, &profile, egress, None).await?;
        let request = self.url.as_ref().map(|url| (&self.method, url));
        let headers = of(&profile, &session, self.life.least(), request).await?;
        match self.format.output {
            Format::Text => output::line(lines(&headers).expose())?,
            Format::Json => output::json(&to_json(&headers))?,
        }
        Ok(Exit::Done)
    }
}

/// The headers of a profile, good now and for `least`; some are for one request only.
///
/// # Errors
///
/// A login is needed, the network fails, or the credential goes elsewhere.
pub(super) async fn of(
    profile: &Profile,
    session: &Session,
    least: Duration,
    request: Option<(&Method, &Url)>,
) -> Result<HeaderMap, Failure> {
    let of_profile = |error| scope::failure(error, profile, session);
    if profile.credential.makes_tokens() {
        session.token(least).await.map_err(of_profile)?;
    }
    let attachment = match request {
        Some((method, url)) => session.attachment_for(method, url).await,
        None => session.attachment().await,
    };
    let attachment = attachment.map_err(of_profile)?;
    let elsewhere = match &attachment.place {
        Where::Header(_) | Where::Cookie(_) => return Ok(attachment.headers()?),
        Where::Query(_) => "its key goes into the URL",
        Where::Challenge => "its password answers the server's challenge",
    };
    Err(Failure::usage(format!(
        "{} has no header: {elsewhere}; `gatepass request` sends it",
        profile.name
    )))
}

/// The headers as they go over the wire.
pub(super) fn lines(headers: &HeaderMap) -> Secret {
    let lines = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{}: {value}", display(name.as_str()))
    });
    Secret::new(lines.collect::<Vec<_>>().join("\n"))
}

fn to_json(headers: &HeaderMap) -> Map<String, Value> {
    let members = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (display(name.as_str()), Value::from(value))
    });
    members.collect()
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
