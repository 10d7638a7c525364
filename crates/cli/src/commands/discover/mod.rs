//! `gatepass discover`.

mod issuer;
mod recorder;
pub(super) mod resource;
mod way;

use clap::Args;
use gatepass_http::{
    DriveError, HttpTransport, Nobody, OsEntropy, Shell, SystemClock, check_url, drive,
};
use gatepass_proto::flow::{DiscoverFlow, FlowError};
use url::Url;

use super::Run;
use super::unknown::token::ClientArgs;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

pub(super) use issuer::Found;
use recorder::Recorder;
use way::Way;

/// Tell what a server says of itself: an issuer's metadata, or what an API wants
///
/// For an issuer: its endpoints, what it offers, what gatepass would use of that, and what is missing or dangerous. For
/// any other URL, a request without a credential is sent, the challenge is explained, and where the API says who issues its
/// tokens (RFC 9728), so is what a login would do. No credential is ever sent, and nothing is kept.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass discover https://login.example.com
  gatepass discover https://api.example.com/items
  gatepass discover https://login.example.com --output json | jq .jwks_uri")]
pub(crate) struct Discover {
    /// An issuer, or the URL of an API
    url: String,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten)]
    client: ClientArgs,
}

impl Run for Discover {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let url = usable(&self.url)?;
        let mut egress = self.network.egress()?;
        // A refusal is an answer too.
        egress.repeats = 0;
        let transport = HttpTransport::new(egress);
        let transport = transport.map_err(gatepass_client::Error::from)?;
        if url.query().is_none() && url.fragment().is_none() {
            match metadata(&self.url, &transport).await {
                Ok(found) => return self.print(&found.document, || issuer::told(&found)),
                Err(error) if leads_on(&error) => {}
                Err(error) => return Err(gatepass_client::Error::from(error).into()),
            }
        }
        let answer = resource::ask(url, &transport).await?;
        let settings = self.client.settings(&self.network, context)?;
        let way = Way::of(&answer, settings, &self.network.egress()?).await;
        self.print(&answer.shown(&way), || answer.told(&way))
    }
}

impl Discover {
    fn print(
        &self,
        document: &serde_json::Value,
        told: impl FnOnce() -> String,
    ) -> Result<Exit, Failure> {
        match self.format.output {
            Format::Json => output::json(document)?,
            Format::Text => output::bytes(told().as_bytes())?,
        }
        Ok(Exit::Done)
    }
}

/// What the issuer publishes (RFC 8414, then OpenID Connect Discovery).
///
/// # Errors
///
/// It publishes nothing, or nothing that may be believed; the network.
pub(super) async fn metadata(issuer: &str, transport: &HttpTransport) -> Result<Found, DriveError> {
    let recorder = Recorder::of(transport);
    let shell = Shell {
        transport: &recorder,
        clock: &SystemClock,
        person: &Nobody,
    };
    let metadata = drive(&mut DiscoverFlow::new(issuer)?, &shell, &mut OsEntropy).await?;
    let last = recorder.last().unwrap_or_default();
    Ok(Found {
        document: serde_json::from_slice(&last.body).unwrap_or_default(),
        place: last.url,
        clocks: last.clocks,
        metadata,
    })
}

/// Whether the URL may still be that of an API: it publishes no metadata, fails to answer when asked for some, or is the root
/// of an issuer's origin, which that issuer writes without the slash.
fn leads_on(error: &DriveError) -> bool {
    match error {
        DriveError::Flow(FlowError::BadAnswer(_) | FlowError::Refused { .. }) => true,
        DriveError::Flow(FlowError::IssuerMismatch { expected, got }) => {
            expected.strip_suffix('/') == Some(got)
        }
        _ => false,
    }
}

/// A URL that something is sent to.
///
/// # Errors
///
/// It is none; the words of the command line are to blame.
pub(super) fn usable(text: &str) -> Result<Url, Failure> {
    let invalid = |reason: String| Failure::usage(format!("{text:?}: {reason}"));
    let url: Url = text
        .parse()
        .map_err(|_| invalid("expected a URL like https://login.example.com".to_owned()))?;
    check_url(&url).map_err(|error| invalid(error.to_string()))?;
    Ok(url)
}
