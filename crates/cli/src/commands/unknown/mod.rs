//! A URL that no profile is for: it is asked without a credential, and where it wants one, what it wants is found out.

mod name;
mod password;
pub(super) mod token;

use std::path::{Path, PathBuf};

use gatepass_client::{Body, Credential, Discover, Egress, Found, Profile, Response};
use gatepass_http::{HttpTransport, ResourceTransport as _};
use gatepass_proto::message::challenge::Challenge;
use http::header::WWW_AUTHENTICATE;
use http::{Request, StatusCode};
use url::Url;

use crate::context::{NetworkArgs, absolute};
use crate::exit::Failure;
use crate::output;

pub(super) use password::{Passwords, Typed};

/// What a URL wants of those who come without a credential.
pub(super) enum Wanted {
    /// A token, of an authorization server that the resource names.
    Token(Box<Found>),
    /// A user name and a password.
    Password(Passwords),
    /// What nothing here can find out; what to do about it.
    Unclear(String),
}

/// Sends a request without any credential.
///
/// # Errors
///
/// The network, or a redirect that is not followed.
pub(super) async fn send(
    request: Request<Body>,
    transport: &HttpTransport,
) -> Result<Response, Failure> {
    let answer = transport.send_resource(request).await;
    let answer = answer.map_err(gatepass_client::Error::from)?;
    Response::from_inner(answer).ok_or_else(|| Failure::error("nobody answered; this is a bug"))
}

/// The challenges of an answer that refuses for want of a credential; none where it does not, or does not say what it
/// wants.
pub(super) fn challenges(answer: &Response) -> Vec<Challenge> {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return Vec::new();
    }
    let values = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(Challenge::parse_list)
        .collect()
}

/// What is wanted by these challenges: a token, where they say of whom; else a password, if somebody can type one (`typed`);
/// else a token all the same, if it can be found out of whom.
///
/// # Errors
///
/// What was found out about the resource must not be used.
pub(super) async fn wanted(
    url: &Url,
    challenges: &[Challenge],
    typed: bool,
    settings: Discover,
    egress: &Egress,
) -> Result<Wanted, Failure> {
    let named = |own: &Challenge| own.param("resource_metadata").is_some();
    let passwords = Passwords::offered(url, challenges);
    if let Some(passwords) = passwords.clone().filter(|_| typed)
        && !challenges.iter().any(named)
    {
        return Ok(Wanted::Password(passwords));
    }
    if let Some(found) = token::find(url, challenges, settings, egress).await? {
        return Ok(Wanted::Token(Box::new(found)));
    }
    Ok(match passwords {
        Some(passwords) => Wanted::Password(passwords),
        None => Wanted::Unclear(unclear(url, challenges)),
    })
}

/// What a URL belongs to by its own word, where that is closer to it than what its profile was found for: part of that has
/// become a resource of its own.
///
/// # Errors
///
/// What was found out about the resource must not be used.
pub(super) async fn closer(
    url: &Url,
    profile: &Profile,
    mut settings: Discover,
    egress: &Egress,
) -> Result<Option<Found>, Failure> {
    if !matches!(&profile.credential, Credential::OAuth(oauth) if oauth.discovered) {
        return Ok(None);
    }
    let transport = HttpTransport::new(egress.clone());
    let transport = transport.map_err(gatepass_client::Error::from)?;
    let request = Request::get(url.as_str()).body(Body::empty());
    let request = request.map_err(|error| Failure::usage(error.to_string()))?;
    // Whoever cannot be asked is asked again by whatever comes next.
    let Ok(answer) = send(request, &transport).await else {
        return Ok(None);
    };
    let challenges = challenges(&answer);
    let named = challenges
        .iter()
        .any(|own| own.param("resource_metadata").is_some());
    if !named || answer.url().origin() != url.origin() {
        return Ok(None);
    }
    settings.ca = settings.ca.or_else(|| profile.ca.clone());
    let found = token::find(url, &challenges, settings, egress).await?;
    Ok(found.filter(|found| found.is_closer(profile, url)))
}

/// What a URL wants, found out by a GET without a credential. Where that is let in, its metadata may tell that other requests
/// need a token.
///
/// # Errors
///
/// As [`wanted`], and where nothing is known to be wanted.
pub(super) async fn ask(
    url: &Url,
    typed: bool,
    settings: Discover,
    egress: &Egress,
) -> Result<Wanted, Failure> {
    let transport = HttpTransport::new(egress.clone());
    let transport = transport.map_err(gatepass_client::Error::from)?;
    let request = Request::get(url.as_str()).body(Body::empty());
    let request = request.map_err(|error| Failure::usage(error.to_string()))?;
    let answer = send(request, &transport).await?;
    let challenges = challenges(&answer);
    if !challenges.is_empty() && answer.url().origin() == url.origin() {
        return wanted(answer.url(), &challenges, typed, settings, egress).await;
    }
    if let Some(found) = token::find(url, &[], settings, egress).await? {
        return Ok(Wanted::Token(Box::new(found)));
    }
    let (status, origin) = (answer.status(), url.origin().ascii_serialization());
    Err(Failure::error(match status {
        StatusCode::UNAUTHORIZED => format!(
            "{origin} wants a credential and does not say which; its documentation may know, and `gatepass init {origin}` helps"
        ),
        status => format!(
            "{url} answers {status} to a GET without a credential, and does not say who issues tokens: there is nothing to log in to"
        ),
    }))
}

fn unclear(url: &Url, challenges: &[Challenge]) -> String {
    let origin = url.origin().ascii_serialization();
    let token = |own: &Challenge| own.is("bearer") || own.is("dpop");
    if challenges.iter().any(token) {
        return format!(
            "{origin} wants a token and does not say where one is to be had (RFC 9728); its documentation may know:\n  \
             gatepass profile add NAME --api {origin} --issuer URL --client-id ID\n  \
             gatepass profile add NAME --api {origin} --token-command …"
        );
    }
    let schemes: Vec<&str> = challenges.iter().map(|own| own.scheme.as_str()).collect();
    output::tame(&format!(
        "{origin} wants {}, which gatepass does not speak; an API key it sends by\n  \
         gatepass profile add NAME --api {origin} --key-command … --key-header NAME",
        schemes.join(" or ")
    ))
}

/// The file of certificate authorities that was named for this command, and not for all of them: the profile needs it
/// too.
fn own_ca(network: &NetworkArgs) -> Option<PathBuf> {
    let of_all = std::env::var_os("GATEPASS_CA");
    let named = network.ca.as_deref();
    let named = named.filter(|path| of_all.as_deref().map(Path::new) != Some(path));
    named.map(|path| absolute(path.to_owned()))
}
