//! `/.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use gatepass_proto::decide::rules::Requests;
use gatepass_proto::endpoint::backchannel::DELIVERY_MODES;
use gatepass_proto::id_token::ALGORITHMS;
use gatepass_proto::message::authentication::Prompt;
use gatepass_proto::message::claims::STANDARD;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::response_mode::ResponseMode;
use gatepass_proto::pkce::S256;
use gatepass_proto::{client_auth, grant, jose};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::app::App;
use crate::endpoints::login::ACR_PASSWORD;
use crate::routes::paths;

pub(crate) async fn metadata(State(app): State<App>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, app.metadata()).into_response()
}

/// What this server says of itself.
pub(crate) fn document(
    issuer: &str,
    scopes_supported: Vec<String>,
    requests: &Requests,
) -> ServerMetadata {
    let at = |path: &str| Some(format!("{}{path}", issuer.trim_end_matches('/')));
    let proving: Vec<String> = client_auth::names()
        .into_iter()
        .filter(|name| name != "none")
        .collect();
    let assertions = ["HS256"].iter().chain(&jose::ALGORITHMS);
    let assertions: Vec<String> = assertions.map(ToString::to_string).collect();
    ServerMetadata {
        issuer: issuer.to_owned(),
        token_endpoint_auth_signing_alg_values_supported: assertions.clone(),
        dpop_signing_alg_values_supported: jose::ALGORITHMS.map(str::to_owned).to_vec(),
        extra: ["introspection", "revocation"]
            .map(|endpoint| {
                let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
                (name, assertions.clone().into())
            })
            .into_iter()
            .chain(openid())
            .chain(told())
            .collect(),
        authorization_endpoint: at(paths::AUTHORIZE),
        token_endpoint: at(paths::TOKEN),
        jwks_uri: at(paths::JWKS),
        introspection_endpoint: at(paths::INTROSPECT),
        revocation_endpoint: at(paths::REVOKE),
        pushed_authorization_request_endpoint: at(paths::PAR),
        require_pushed_authorization_requests: requests.require_pushed_authorization_requests,
        request_object_signing_alg_values_supported: jose::ALGORITHMS.map(str::to_owned).to_vec(),
        authorization_signing_alg_values_supported: ALGORITHMS.map(str::to_owned).to_vec(),
        authorization_details_types_supported: requests.authorization_details_types.clone(),
        device_authorization_endpoint: at(paths::DEVICE_AUTHORIZATION),
        backchannel_authentication_endpoint: at(paths::BACKCHANNEL),
        backchannel_token_delivery_modes_supported: DELIVERY_MODES.map(str::to_owned).to_vec(),
        scopes_supported,
        response_types_supported: vec!["code".to_owned()],
        response_modes_supported: ResponseMode::NAMES.map(str::to_owned).to_vec(),
        grant_types_supported: grant::GRANTS
            .iter()
            .map(|grant| grant.grant_type().to_owned())
            .collect(),
        code_challenge_methods_supported: vec![S256.to_owned()],
        token_endpoint_auth_methods_supported: client_auth::names(),
        introspection_endpoint_auth_methods_supported: proving,
        revocation_endpoint_auth_methods_supported: client_auth::names(),
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: ["public", "pairwise"].map(str::to_owned).to_vec(),
        id_token_signing_alg_values_supported: ALGORITHMS.map(str::to_owned).to_vec(),
        userinfo_endpoint: at(paths::USERINFO),
        end_session_endpoint: at(paths::LOGOUT),
        acr_values_supported: vec![ACR_PASSWORD.to_owned()],
        prompt_values_supported: Prompt::VALUES.map(str::to_owned).to_vec(),
        ..ServerMetadata::default()
    }
}

/// What OpenID Connect Discovery 1.0 §3 adds.
fn openid() -> impl Iterator<Item = (String, Value)> {
    let own = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
        "at_hash",
    ];
    let standard = STANDARD.iter().map(|claim| claim.name);
    let claims: Vec<&str> = own.into_iter().chain(standard).collect();
    let members = [
        ("claims_supported", json!(claims)),
        ("claim_types_supported", json!(["normal"])),
        ("claims_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(true)),
        ("require_request_uri_registration", json!(true)),
        ("userinfo_signing_alg_values_supported", json!(ALGORITHMS)),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
}

/// What clients are told without asking (OpenID Connect Back-Channel Logout 1.0 §2.1, CIBA §4), and what is signed for
/// those who ask (RFC 9701 §7).
fn told() -> impl Iterator<Item = (String, Value)> {
    let members = [
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        (
            "backchannel_authentication_request_signing_alg_values_supported",
            json!(jose::ALGORITHMS),
        ),
        ("backchannel_user_code_parameter_supported", json!(false)),
        (
            "introspection_signing_alg_values_supported",
            json!(ALGORITHMS),
        ),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
}
