//! `gatepass helper docker`: the protocol of docker-credential-helpers, which is also containerd's, podman's and
//! buildah's.

use std::collections::BTreeMap;

use clap::Args;
use gatepass_client::{Credential, KeyPlace, Profile, Secret, TokenState};
use gatepass_http::is_loopback_host;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Given, asked};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Give docker, podman and others a registry's credential
///
/// docker looks for a program `docker-credential-gatepass`: make a link of that name to gatepass, and name it for each
/// registry in `~/.docker/config.json`. The protocol wants every answer on standard output, refusals too.
///
/// A registry's password is not stored here; make a profile for it instead.
#[derive(Args)]
#[command(after_help = "\
Examples:
  ln -s \"$(command -v gatepass)\" ~/bin/docker-credential-gatepass
  # in ~/.docker/config.json:
  #   {\"credHelpers\": {\"registry.example.com\": \"gatepass\"}}
  echo registry.example.com | gatepass helper docker get")]
pub(super) struct Docker {
    /// What docker wants: get, store, erase, list or version
    action: String,
    #[command(flatten)]
    network: NetworkArgs,
}

/// What docker takes for "nothing here, go on without"; to the letter.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user's name that goes with a token, where the registry does not ask for one of its own.
const ANYBODY: &str = "oauth2";

/// Registries that take a token only under a certain name.
const NAMES: [(&str, &str); 3] = [
    ("gcr.io", "oauth2accesstoken"),
    ("pkg.dev", "oauth2accesstoken"),
    ("azurecr.io", "00000000-0000-0000-0000-000000000000"),
];

/// A credential as it is on the wire.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: String,
    secret: String,
}

impl Docker {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let done = match self.action.as_str() {
            "get" => self.get(server(&asked()?), context).await,
            "store" => self.store(&asked()?, context).await,
            "erase" => erase(server(&asked()?), context),
            "list" => self.list(context).await,
            "version" => Ok(Some(Secret::new(concat!(
                "docker-credential-gatepass (gatepass) v",
                env!("CARGO_PKG_VERSION")
            )))),
            other => Err(Failure::error(format!(
                "Unknown credential action `{other}`"
            ))),
        };
        match done {
            Ok(answer) => {
                if let Some(answer) = answer {
                    output::line(answer.expose())?;
                }
                Ok(Exit::Done)
            }
            Err(failure) => {
                output::line(&failure.to_string())?;
                Ok(Exit::Error)
            }
        }
    }

    async fn get(
        &self,
        server: Result<&str, Failure>,
        context: &Context,
    ) -> Result<Option<Secret>, Failure> {
        let server = server?;
        let wire = self.found(server, context).await?;
        let wire = wire.ok_or_else(|| Failure::error(NOT_FOUND))?;
        Ok(Some(json(&wire)))
    }

    /// docker stores what it has just got, after each login; only that is what it already is here.
    async fn store(&self, text: &str, context: &Context) -> Result<Option<Secret>, Failure> {
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|_| {
            Failure::error("expected an object with ServerURL, Username and Secret")
        })?;
        if wire.server_url.is_empty() {
            return Err(Failure::error(NO_SERVER));
        }
        if wire.username.is_empty() {
            return Err(Failure::error("no credentials username"));
        }
        let own = self.found(wire.server_url, context).await?;
        if own.is_some_and(|own| own.username == wire.username && own.secret == wire.secret) {
            return Ok(None);
        }
        Err(Failure::error(format!(
            "gatepass stores no passwords of docker's; make a profile for it: gatepass profile add NAME --api https://{} --username {} --password-command …",
            wire.server_url, wire.username
        )))
    }

    /// The registries whose credential can be had without a login: docker asks for each of them, and one refusal ends a build.
    async fn list(&self, context: &Context) -> Result<Option<Secret>, Failure> {
        let mut known = BTreeMap::new();
        for profile in context.config()?.profiles.values() {
            let Ok(session) = context.session(profile, &self.network, None) else {
                continue;
            };
            let Ok(status) = session.status().await else {
                continue;
            };
            if status.state == TokenState::LoginNeeded || !is_sendable(&profile.credential) {
                continue;
            }
            for origin in &profile.api {
                let username = username(profile, origin.as_str());
                known.entry(origin.as_str().to_owned()).or_insert(username);
            }
        }
        Ok(Some(json(&known)))
    }

    async fn found<'a>(
        &self,
        server: &'a str,
        context: &Context,
    ) -> Result<Option<Wire<'a>>, Failure> {
        let Some(profile) = profile(server, context)? else {
            return Ok(None);
        };
        let session = context.session(&profile, &self.network, None)?;
        let given = Given::of(&session, &profile).await?;
        Ok(Some(Wire {
            server_url: server,
            username: given.username.unwrap_or_else(|| username(&profile, server)),
            secret: given.secret.expose().to_owned(),
        }))
    }
}

impl Drop for Wire<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

const NO_SERVER: &str = "no credentials server URL";

fn server(text: &str) -> Result<&str, Failure> {
    match text.trim() {
        "" => Err(Failure::error(NO_SERVER)),
        server => Ok(server),
    }
}

/// `docker logout` must not seem to have logged out.
fn erase(server: Result<&str, Failure>, context: &Context) -> Result<Option<Secret>, Failure> {
    match profile(server?, context)? {
        None => Ok(None),
        Some(profile) => Err(Failure::error(format!(
            "the credential is of profile {0}; to forget it, run `gatepass logout {0}`",
            profile.name
        ))),
    }
}

/// The profile for a registry, which docker names by a URL or by host and port alone.
fn profile(server: &str, context: &Context) -> Result<Option<Profile>, Failure> {
    let config = context.config()?;
    for url in places(server) {
        let found = config
            .profile_for(&url)
            .map_err(|error| Failure::error(error.to_string()))?;
        if found.is_some() {
            return Ok(found.cloned());
        }
    }
    Ok(None)
}

/// docker speaks https to a registry, and http to one on this machine too.
fn places(server: &str) -> Vec<Url> {
    if server.contains("://") {
        return server.parse().into_iter().collect();
    }
    let schemes = ["https", "http"].into_iter();
    let urls = schemes.filter_map(|scheme| Url::parse(&format!("{scheme}://{server}")).ok());
    urls.filter(|url| {
        url.scheme() == "https" || url.host().is_some_and(|host| is_loopback_host(&host))
    })
    .collect()
}

fn username(profile: &Profile, server: &str) -> String {
    if let Credential::Basic { username, .. } = &profile.credential {
        return username.clone();
    }
    let host = places(server)
        .first()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let of = |domain: &str| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let named = NAMES.iter().find(|(domain, _)| of(domain));
    named.map_or(ANYBODY, |(_, name)| *name).to_owned()
}

/// docker knows of no headers of other names, and a password out of a .netrc file is not given.
fn is_sendable(credential: &Credential) -> bool {
    match credential {
        Credential::ApiKey(own) => own.place == KeyPlace::Bearer,
        Credential::Netrc { .. } => false,
        _ => true,
    }
}

fn json(value: &impl Serialize) -> Secret {
    Secret::new(serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn a_registry_is_named_by_url_or_by_host() {
        let of = |server: &str| {
            places(server)
                .iter()
                .map(|url| url.origin().ascii_serialization())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("https://index.docker.io/v1/"),
            ["https://index.docker.io"]
        );
        assert_eq!(
            of("registry.example:5000"),
            ["https://registry.example:5000"]
        );
        assert_eq!(
            of("localhost:5000"),
            ["https://localhost:5000", "http://localhost:5000"]
        );
        assert!(of("").is_empty() && of("a b").is_empty() && of("://x").is_empty());
    }
}
