//! A token of the authorization server that a resource names (RFC 9728).

use std::time::Duration;

use clap::Args;
use gatepass_client::{
    Config, Credential, Discover, Egress, Error, Found, FoundClient, Grant, Profile, Session,
};
use gatepass_proto::ClientId;
use gatepass_proto::flow::FlowError;
use gatepass_proto::message::challenge::Challenge;
use url::Url;

use super::own_ca;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Who we are at an authorization server that a resource names.
#[derive(Args)]
#[command(next_help_heading = "Where no profile is for the URL")]
pub(in crate::commands) struct ClientArgs {
    /// The client to log in as [default: as config.toml says, else one that registers itself]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The document that describes this client, at servers that support that [default: as config.toml says]
    #[arg(long, value_name = "URL", conflicts_with = "client_id")]
    client_metadata_url: Option<String>,
}

impl ClientArgs {
    /// What there is to identify ourselves with.
    ///
    /// # Errors
    ///
    /// The profiles make no sense.
    pub(in crate::commands) fn settings(
        &self,
        network: &NetworkArgs,
        context: &Context,
    ) -> Result<Discover, Failure> {
        let mut settings = context.config()?.discover();
        settings.ca = own_ca(network);
        settings.client_id.clone_from(&self.client_id);
        if let Some(url) = &self.client_metadata_url {
            if !ClientId::new(url.as_str()).is_url() {
                return Err(Failure::usage(format!(
                    "--client-metadata-url {url:?}: expected an https URL with a path, like https://example.com/client.json"
                )));
            }
            settings.client_metadata_url = Some(url.clone());
        }
        Ok(settings)
    }

    /// A profile says itself who its client is.
    ///
    /// # Errors
    ///
    /// It is said here too.
    pub(in crate::commands) fn check_unused(&self, profile: &Profile) -> Result<(), Failure> {
        let name = &profile.name;
        match (&self.client_id, &self.client_metadata_url) {
            (None, None) => Ok(()),
            _ => Err(Failure::usage(format!(
                "profile {name} is for this, and says who its client is; --client-id and --client-metadata-url are for URLs that no profile is for"
            ))),
        }
    }
}

/// Finds out who issues tokens for a URL, and who we are there.
///
/// # Errors
///
/// What was found must not be used, or the network fails.
pub(in crate::commands) async fn find(
    url: &Url,
    challenges: &[Challenge],
    settings: Discover,
    egress: &Egress,
) -> Result<Option<Found>, Failure> {
    let session = Session::builder(Credential::from(settings))
        .api(url.origin().ascii_serialization())
        .egress(egress.clone())
        .build()?;
    let found = session.find(url, challenges).await;
    found.map_err(|error| unusable(error, url))
}

/// Why there is no going by what was found, and what to do.
fn unusable(error: Error, url: &Url) -> Failure {
    let origin = url.origin().ascii_serialization();
    let reason = match &error {
        Error::Flow(flow) => match &**flow {
            FlowError::IssuerMismatch { expected, got } => {
                format!("authorization server {expected:?} calls itself {got:?}")
            }
            other => other.to_string(),
        },
        other => other.to_string(),
    };
    let mut text = format!("cannot find out how to get a token for {origin}: {reason}");
    let failure = Failure::from(error);
    if failure.exit() == Exit::Error && !text.contains("gatepass profile add") {
        text.push_str(&format!(
            "\nNobody was asked to log in. If you know its login server, and trust it:\n  \
             gatepass profile add NAME --api {origin} --issuer URL --client-id ID"
        ));
    }
    Failure::new(failure.exit(), output::tame(&text))
}

/// What went wrong with a login, what is left of it, and what helps where the server has not let the client register itself.
pub(in crate::commands) async fn explained(
    failure: Failure,
    found: &Found,
    session: &Session,
) -> Failure {
    if !matches!(found.client, FoundClient::Registers) {
        return failure;
    }
    let registered = match session.registration().await {
        Ok(registered) => registered.is_some(),
        Err(_) => return failure,
    };
    if registered {
        let text = format!(
            "{failure}\nNo profile was made. The client that registered itself at {} stays for the next try.",
            found.issuer
        );
        return Failure::new(failure.exit(), output::tame(&text));
    }
    if failure.exit() != Exit::Refused {
        return failure;
    }
    let text = format!(
        "{} does not let this client register itself: {failure}; register one there with redirect URI {}, and name it with --client-id ID",
        found.issuer,
        Grant::LOOPBACK
    );
    Failure::new(Exit::Refused, output::tame(&text))
}

/// What was found, in a line.
pub(in crate::commands) fn told(found: &Found) -> String {
    let mut text = format!("{} takes tokens of {}", found.identifier(), found.issuer);
    if let Some(scope) = found.scope.as_ref().filter(|scope| !scope.is_empty()) {
        text.push_str(&format!(", scope {scope}"));
    }
    output::tame(&text)
}

/// Who we would be there, for people.
pub(in crate::commands) fn identity(found: &Found) -> String {
    match &found.client {
        FoundClient::Known(client) => {
            format!("the client {}, which is known there", client.client_id)
        }
        FoundClient::Described(url) => format!("the client that {url} describes"),
        FoundClient::Registers => "one that registers itself there (RFC 7591)".to_owned(),
    }
}

/// The profile of what was found, which is not saved before somebody has logged in. Whoever finds the same meanwhile gets the
/// same, so that they wait for one login.
///
/// # Errors
///
/// The profiles make no sense.
pub(in crate::commands) fn draft(found: &Found, context: &Context) -> Result<Profile, Failure> {
    let draft = context.config()?.draft(found);
    Ok(draft.map_err(gatepass_client::Error::from)?)
}

/// Has somebody log in at what was found, and saves the profile of it.
///
/// # Errors
///
/// Nobody came, somebody said no, or the profile cannot be written.
pub(in crate::commands) async fn enter(
    found: &Found,
    url: &Url,
    draft: &Profile,
    session: &Session,
    context: &Context,
) -> Result<Profile, Failure> {
    if let Err(error) = session.token(Duration::ZERO).await {
        let failure = Failure::of_profile(error, &output::shell_word(url.as_str()));
        return Err(explained(failure, found, session).await);
    }
    save(found, draft, session, context).await
}

/// That somebody has to log in at what was found, and how.
pub(in crate::commands) fn needed(found: &Found, url: &Url) -> String {
    let (told, url) = (told(found), output::shell_word(url.as_str()));
    format!("login needed: {told}; run `gatepass login {url}`")
}

/// Saves the profile of what was found, and says so; another program may have been faster.
///
/// # Errors
///
/// It cannot be written.
pub(in crate::commands) async fn save(
    found: &Found,
    draft: &Profile,
    session: &Session,
    context: &Context,
) -> Result<Profile, Failure> {
    let there = context.config()?.profiles.contains_key(&draft.name);
    let profile = Config::keep(&context.paths, found).map_err(gatepass_client::Error::from)?;
    if there {
        return Ok(profile);
    }
    let place = session.status().await?.place;
    let place = place.unwrap_or_else(|| "nowhere".to_owned());
    let name = &profile.name;
    output::note(&output::tame(&format!(
        "Made profile {name} for {}; its token is kept in {place}. To remove both:\n  gatepass profile remove {name}",
        found.identifier()
    )));
    Ok(profile)
}
