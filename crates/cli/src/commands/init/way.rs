//! The ways to authenticate that fit what was found.

use gatepass_client::Grant;
use gatepass_client::providers::Provider;
use gatepass_proto::message::metadata::ServerMetadata;

use super::ask::Asker;
use super::target::{Api, Target};
use crate::commands::profile::add::NewProfile;
use crate::exit::Failure;

/// How the credential is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// OAuth 2 by this grant.
    OAuth(&'static str),
    Basic,
    Digest,
    Bearer,
    ApiKey,
    Login,
}

const BROWSER: Way = Way::OAuth("authorization_code");
const DEVICE: Way = Way::OAuth("device_code");
const ITSELF: Way = Way::OAuth("client_credentials");

impl Way {
    fn words(self) -> &'static str {
        match self {
            BROWSER => "Log in with the browser",
            DEVICE => "Log in with a browser elsewhere, by a code",
            ITSELF => "A program by itself, with a client id and a secret",
            Self::OAuth(_) => "OAuth 2",
            Self::Basic => "A user name and a password with every request (HTTP Basic)",
            Self::Digest => "A user name and a password, proven by HTTP Digest",
            Self::Bearer => "A token that you have already",
            Self::ApiKey => "An API key",
            Self::Login => "An endpoint that takes a user name and a password, and gives a token",
        }
    }
}

/// The way that is taken: that of the options, or one of those that fit.
pub(super) async fn choose(
    new: &NewProfile,
    target: &Target,
    asker: &mut Asker,
) -> Result<Option<Way>, Failure> {
    if let Some(way) = said(new)? {
        return Ok(Some(way));
    }
    let (fitting, fallback) = match target {
        Target::Provider(provider) => (of_provider(provider), Some(BROWSER)),
        Target::Issuer(metadata) => {
            let fitting = of_issuer(metadata);
            let fallback = fitting.first().copied();
            (fitting, fallback)
        }
        Target::Api(api) => of_api(api),
        Target::Described => (vec![BROWSER, DEVICE, ITSELF], Some(BROWSER)),
    };
    if let [only] = fitting.as_slice() {
        return Ok(Some(*only));
    }
    let choices = fitting.into_iter().map(|way| (way.words().to_owned(), way));
    let options =
        "how to log in (--issuer, --provider, --login-url, --username, --token-env, --key-env …)";
    asker
        .choose(options, "How do you log in?", choices.collect(), fallback)
        .await
}

/// What the options say already.
fn said(new: &NewProfile) -> Result<Option<Way>, Failure> {
    if let Some(name) = new.text("grant") {
        let known = Grant::NAMES.into_iter().find(|own| *own == name);
        let known = known.ok_or_else(|| {
            Failure::usage(format!(
                "--grant {name:?} is not known; expected one of {}",
                Grant::NAMES.join(", ")
            ))
        })?;
        return Ok(Some(Way::OAuth(known)));
    }
    let Ok(method) = new.method() else {
        // Nothing is said of it; two at once come to light when the profile is made.
        return Ok(None);
    };
    Ok(match method {
        "basic" => Some(Way::Basic),
        "digest" => Some(Way::Digest),
        "bearer" => Some(Way::Bearer),
        "api_key" => Some(Way::ApiKey),
        "login" => Some(Way::Login),
        _ => None,
    })
}

fn of_provider(provider: &Provider) -> Vec<Way> {
    let mut all = vec![BROWSER];
    if provider.device_authorization_endpoint.is_some() {
        all.push(DEVICE);
    }
    all
}

/// What a login server offers; without a word about its grants, two are meant (RFC 8414 §2).
fn of_issuer(metadata: &ServerMetadata) -> Vec<Way> {
    let grants = &metadata.grant_types_supported;
    let has = |name: &str| grants.iter().any(|own| own == name);
    let mut all = Vec::new();
    if metadata.authorization_endpoint.is_some() && (grants.is_empty() || has("authorization_code"))
    {
        all.push(BROWSER);
    }
    if metadata.device_authorization_endpoint.is_some() {
        all.push(DEVICE);
    }
    if has("client_credentials") {
        all.push(ITSELF);
    }
    all
}

/// What an API wants, and what it may take without saying so.
fn of_api(api: &Api) -> (Vec<Way>, Option<Way>) {
    if let Some(issuer) = &api.issuer {
        let fitting = of_issuer(issuer);
        let fallback = fitting.first().copied();
        return (fitting, fallback);
    }
    let wants = |scheme: &str| api.challenges.iter().any(|own| own.is(scheme));
    let mut all = Vec::new();
    let put = |all: &mut Vec<Way>, way: Way| {
        if !all.contains(&way) {
            all.push(way);
        }
    };
    for (scheme, ways) in [
        ("basic", &[Way::Basic][..]),
        ("digest", &[Way::Digest]),
        (
            "bearer",
            &[BROWSER, DEVICE, ITSELF, Way::Bearer, Way::Login],
        ),
        ("dpop", &[BROWSER, DEVICE, ITSELF]),
    ] {
        if wants(scheme) {
            ways.iter().for_each(|way| put(&mut all, *way));
        }
    }
    let sure = match all.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    for way in [
        BROWSER,
        DEVICE,
        ITSELF,
        Way::Login,
        Way::Bearer,
        Way::ApiKey,
        Way::Basic,
    ] {
        put(&mut all, way);
    }
    (all, sure)
}
