//! What the wizard is to talk to: a provider, a login server, or an API that says what it wants.

use gatepass_client::providers::{self, Provider};
use gatepass_client::{Origin, Scope};
use gatepass_http::{
    DriveError, HttpTransport, Nobody, OsEntropy, Shell, SystemClock, Transport, check_url, drive,
};
use gatepass_proto::flow::{DiscoverFlow, FindResourceFlow, FlowError};
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::metadata::ServerMetadata;
use http::StatusCode;
use url::Url;

use super::ask::{Asker, Question};
use crate::commands::discover::resource;
use crate::exit::Failure;
use crate::output;

/// What was found.
pub(super) enum Target {
    /// One of the well-known.
    Provider(&'static Provider),
    /// A login server, by what it publishes.
    Issuer(Box<ServerMetadata>),
    /// An API.
    Api(Api),
    /// Nothing was looked at: the options say it all.
    Described,
}

/// An API, and what it says to those who come without a credential.
pub(super) struct Api {
    /// Where it was asked.
    pub(super) url: Url,
    /// Whether it let us in without any.
    pub(super) open: bool,
    /// What it wants.
    pub(super) challenges: Vec<Challenge>,
    /// The login server that it names (RFC 9728), as far as it could be reached.
    pub(super) issuer: Option<Box<ServerMetadata>>,
    /// The scope that it names.
    pub(super) scope: Option<Scope>,
}

/// Asks what it is until something is found there; the URL that was named, where one was.
pub(super) async fn find(
    given: Option<String>,
    asker: &mut Asker,
    transport: &HttpTransport,
) -> Result<(Target, Option<Url>), Failure> {
    let mut given = given;
    loop {
        let question = Question {
            known: providers::all().iter().map(|own| own.id.clone()).collect(),
            ..Question::new("What do you want to use")
        };
        let question =
            question.help("the URL of an API or of its login server, or a provider like github");
        let text = match given.take() {
            Some(text) => text,
            None => {
                asker
                    .text("a URL or a provider", question, |text| told(text).map(drop))
                    .await?
            }
        };
        asker.complete()?;
        let failure = match told(&text) {
            Ok(Named::Provider(provider)) => return Ok((Target::Provider(provider), None)),
            Ok(Named::Url(url)) => match look(&url, transport).await {
                Ok(target) => return Ok((target, Some(url))),
                Err(failure) => failure,
            },
            Err(reason) => Failure::usage(reason),
        };
        if !asker.present {
            return Err(failure);
        }
        output::failure(&failure);
    }
}

/// What a person typed.
enum Named {
    Provider(&'static Provider),
    Url(Url),
}

fn told(text: &str) -> Result<Named, String> {
    let expected =
        || format!("{text:?}: expected a URL, or a provider of `gatepass provider list`");
    if let Some(provider) = providers::find(&text.to_ascii_lowercase()) {
        return Ok(Named::Provider(provider));
    }
    let url = match text.contains("://") {
        true => text.to_owned(),
        // A name alone is no host, unless it is this machine.
        false if text.contains('.') || text.starts_with("localhost") => format!("https://{text}"),
        false => return Err(expected()),
    };
    let url: Url = url.parse().map_err(|_| expected())?;
    // Of what may hold a password only the host is repeated.
    let shown = || format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    check_url(&url).map_err(|error| format!("{}: {error}", shown()))?;
    Ok(Named::Url(url))
}

async fn look(url: &Url, transport: &HttpTransport) -> Result<Target, Failure> {
    if let Some(provider) = provider_of(url) {
        output::note(&format!("That belongs to {}.", provider.name));
        return Ok(Target::Provider(provider));
    }
    if url.query().is_none() && url.fragment().is_none() {
        match metadata(url.as_str(), transport).await {
            Ok(metadata) => {
                output::note(&format!("{} is a login server.", metadata.issuer));
                return Ok(Target::Issuer(Box::new(metadata)));
            }
            Err(DriveError::Flow(FlowError::BadAnswer(_) | FlowError::Refused { .. })) => {}
            Err(error) => return Err(gatepass_client::Error::from(error).into()),
        }
    }
    ask_api(url, transport).await.map(Target::Api)
}

/// The provider whose tokens go there.
fn provider_of(url: &Url) -> Option<&'static Provider> {
    let covers = |origin: &String| origin.parse::<Origin>().is_ok_and(|own| own.covers(url));
    let mut all = providers::all().iter();
    all.find(|provider| provider.api.iter().any(covers))
}

/// What an issuer publishes; its name is taken with and without a slash at its end.
async fn metadata(issuer: &str, network: &dyn Transport) -> Result<ServerMetadata, DriveError> {
    let shell = Shell {
        transport: network,
        clock: &SystemClock,
        person: &Nobody,
    };
    let bare = issuer.trim_end_matches('/');
    match drive(&mut DiscoverFlow::new(bare)?, &shell, &mut OsEntropy).await {
        Err(DriveError::Flow(FlowError::IssuerMismatch { expected, got }))
            if got.trim_end_matches('/') == expected =>
        {
            drive(&mut DiscoverFlow::new(&got)?, &shell, &mut OsEntropy).await
        }
        found => found,
    }
}

async fn ask_api(url: &Url, transport: &HttpTransport) -> Result<Api, Failure> {
    let answer = resource::ask(url.clone(), transport).await?;
    let named = |name: &str| answer.challenges.iter().find_map(|own| own.param(name));
    let scope = named("scope").and_then(|text| text.parse().ok());
    let issuer = match named("resource_metadata") {
        Some(place) => issuer_of(&answer.url, place, transport).await,
        None => None,
    };
    output::note(&match (&issuer, answer.status) {
        (Some(issuer), _) => format!("It is an API whose login server is {}.", issuer.issuer),
        (None, StatusCode::UNAUTHORIZED) => {
            let schemes: Vec<&str> = answer
                .challenges
                .iter()
                .map(|own| own.scheme.as_str())
                .collect();
            match schemes.is_empty() {
                true => "It is an API that wants a credential, and does not say which.".to_owned(),
                false => output::tame(&format!(
                    "It is an API that wants {}.",
                    schemes.join(" or ")
                )),
            }
        }
        (None, status) => format!("It answers {status} to a request without a credential."),
    });
    Ok(Api {
        open: answer.status.is_success(),
        url: answer.url,
        challenges: answer.challenges,
        issuer,
        scope,
    })
}

/// The login server that the API's metadata names (RFC 9728 §3). What is not for this API is not believed, and that is said.
async fn issuer_of(
    api: &Url,
    place: &str,
    transport: &HttpTransport,
) -> Option<Box<ServerMetadata>> {
    let network = transport.named_by(std::slice::from_ref(api));
    let shell = Shell {
        transport: &network,
        clock: &SystemClock,
        person: &Nobody,
    };
    let find = async {
        let mut flow = FindResourceFlow::new(api, Some(place))?;
        drive(&mut flow, &shell, &mut OsEntropy).await
    };
    let resource = match find.await {
        Ok(found) => found?,
        Err(error) => {
            output::note(&output::tame(&error.to_string()));
            return None;
        }
    };
    let issuer = resource.authorization_servers.first()?;
    check_url(&issuer.parse().ok()?).ok()?;
    metadata(issuer, &network).await.ok().map(Box::new)
}
