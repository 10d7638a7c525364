//! What the server's own metadata has to say to what a client asks for.

use serde_json::{Map, Value};

use super::settle::invalid;
use super::terms::Terms;
use crate::OAuthError;

/// A choice and the list that it must be of. Where there is no list there is no such thing, and the choice means nothing.
const CHOICES: [(&str, &str); 9] = [
    (
        "id_token_signed_response_alg",
        "id_token_signing_alg_values_supported",
    ),
    (
        "userinfo_signed_response_alg",
        "userinfo_signing_alg_values_supported",
    ),
    (
        "introspection_signed_response_alg",
        "introspection_signing_alg_values_supported",
    ),
    (
        "authorization_signed_response_alg",
        "authorization_signing_alg_values_supported",
    ),
    (
        "request_object_signing_alg",
        "request_object_signing_alg_values_supported",
    ),
    (
        "token_endpoint_auth_signing_alg",
        "token_endpoint_auth_signing_alg_values_supported",
    ),
    ("subject_type", "subject_types_supported"),
    (
        "backchannel_token_delivery_mode",
        "backchannel_token_delivery_modes_supported",
    ),
    (
        "backchannel_authentication_request_signing_alg",
        "backchannel_authentication_request_signing_alg_values_supported",
    ),
];

/// A wish to be held to more, and what the server must say to be able to.
const WISHES: [(&str, &str); 4] = [
    (
        "require_signed_request_object",
        "request_object_signing_alg_values_supported",
    ),
    (
        "require_pushed_authorization_requests",
        "pushed_authorization_request_endpoint",
    ),
    (
        "dpop_bound_access_tokens",
        "dpop_signing_alg_values_supported",
    ),
    (
        "tls_client_certificate_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
    ),
];

/// What means nothing unless the server says the other.
const COMPANIONS: [(&str, &str); 9] = [
    ("default_max_age", "id_token_signing_alg_values_supported"),
    ("require_auth_time", "id_token_signing_alg_values_supported"),
    (
        "default_acr_values",
        "id_token_signing_alg_values_supported",
    ),
    ("post_logout_redirect_uris", "end_session_endpoint"),
    ("backchannel_logout_uri", "backchannel_logout_supported"),
    (
        "backchannel_logout_session_required",
        "backchannel_logout_supported",
    ),
    ("request_uris", "request_uri_parameter_supported"),
    (
        "authorization_details_types",
        "authorization_details_types_supported",
    ),
    (
        "backchannel_client_notification_endpoint",
        "backchannel_authentication_endpoint",
    ),
];

/// What is known and not kept.
const IGNORED: [&str; 4] = [
    "software_id",
    "software_version",
    "initiate_login_uri",
    "backchannel_user_code_parameter",
];

/// Takes away what the server does not have, and refuses what a client must not be left without.
pub(super) fn narrow(said: &mut Map<String, Value>, terms: &Terms) -> Result<(), OAuthError> {
    said.retain(|name, value| !value.is_null() && !IGNORED.contains(&name.as_str()));
    if let Some(name) = said.keys().find(|name| asks_for_encryption(name)) {
        return Err(invalid(format!("{name}: nothing is encrypted here")));
    }
    for (name, list) in CHOICES {
        let Some(choice) = said.get(name).and_then(Value::as_str) else {
            continue;
        };
        if !terms.has(list) {
            said.remove(name);
        } else if !terms.listed(list).contains(&choice) {
            return Err(invalid(format!("{name} is not one of {list}")));
        }
    }
    for (name, needed) in WISHES {
        if said.get(name) == Some(&Value::Bool(true)) && !terms.has(needed) {
            return Err(invalid(format!("{name} cannot be kept to here")));
        }
    }
    said.retain(|name, _| {
        let companion = COMPANIONS.iter().find(|(own, _)| own == name);
        companion.is_none_or(|(_, needed)| terms.has(needed))
    });
    types(said, terms)
}

/// RFC 9396 §10.
fn types(said: &Map<String, Value>, terms: &Terms) -> Result<(), OAuthError> {
    let there = terms.listed("authorization_details_types_supported");
    let list = said.get("authorization_details_types");
    let mut asked = list.and_then(Value::as_array).into_iter().flatten();
    match asked.all(|own| own.as_str().is_some_and(|own| there.contains(&own))) {
        true => Ok(()),
        false => Err(invalid(
            "authorization_details_types has one that is not served here",
        )),
    }
}

fn asks_for_encryption(name: &str) -> bool {
    name.contains("_encrypted_response_") || name.starts_with("request_object_encryption_")
}
