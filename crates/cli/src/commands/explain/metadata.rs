//! What the server says of itself, where nobody asks it.

use gatepass_client::{Grant, OAuth};
use gatepass_http::{AnswerCache, Clock as _, SystemClock};
use gatepass_proto::message::metadata::{ServerMetadata, locations};

use super::told::Pages;
use crate::context::Context;
use crate::output;

/// From the cache, or invented.
pub(super) fn of(oauth: &OAuth, context: &Context, pages: &mut Pages) -> ServerMetadata {
    let Some(issuer) = &oauth.issuer else {
        pages.note("The profile names the endpoints itself; nothing is discovered.");
        return invented(oauth);
    };
    let Some(mut metadata) = cached(issuer, context) else {
        pages.note(&format!(
            "Nothing is known here of what {} says of itself; its endpoints below are INVENTED.\nOnce the profile has been used, the real ones are shown.",
            output::tame(issuer)
        ));
        return invented(oauth);
    };
    pages.note(&format!(
        "What {} says of itself is taken from the cache.",
        output::tame(issuer)
    ));
    // The world signs with a key of its own.
    metadata.id_token_signing_alg_values_supported = vec!["ES256".to_owned()];
    metadata.issuer.clone_from(issuer);
    metadata
}

fn cached(issuer: &str, context: &Context) -> Option<ServerMetadata> {
    let cache = AnswerCache::in_folder(context.paths.documents());
    let now = SystemClock.now();
    let places = locations(&issuer.parse().ok()?);
    let document = places.iter().find_map(|place| cache.peek(place, now))?;
    serde_json::from_slice(&document).ok()
}

/// What a server may say of itself, for one of which nothing is known.
fn invented(oauth: &OAuth) -> ServerMetadata {
    let issuer = oauth.issuer.clone().unwrap_or_default();
    let at = |path: &str| Some(format!("{}/{path}", issuer.trim_end_matches('/')));
    let when = |wanted: bool, path: &str| at(path).filter(|_| wanted);
    let ciba = matches!(oauth.grant, Grant::Ciba(_));
    ServerMetadata {
        authorization_endpoint: at("authorize"),
        token_endpoint: at("token"),
        jwks_uri: at("jwks.json"),
        revocation_endpoint: at("revoke"),
        device_authorization_endpoint: at("device_authorization"),
        backchannel_authentication_endpoint: when(ciba, "bc-authorize"),
        registration_endpoint: when(oauth.registers(), "register"),
        pushed_authorization_request_endpoint: when(oauth.par == Some(true), "par"),
        authorization_response_iss_parameter_supported: true,
        code_challenge_methods_supported: vec!["S256".to_owned()],
        issuer,
        ..ServerMetadata::default()
    }
}
