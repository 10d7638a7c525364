//! What becomes of what a client says of itself: what is not there is left out, what would be wrong or less safe than it
//! was meant is refused (RFC 7591 §2, §3.2.1).

use serde_json::{Map, Value};

use super::terms::Terms;
use super::{addresses, sector, served};
use crate::client_auth::{BY_AUTHORITY, BY_ITSELF, Subject};
use crate::jose::KeySet;
use crate::message::registration::ClientMetadata;
use crate::{ErrorCode, OAuthError, Scope};

/// The grants that a client may register by itself: those to which a person says yes. By the others it would have
/// tokens without anybody's doing.
const GRANTS: [&str; 4] = [
    CODE,
    REFRESH,
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
];
pub(super) const CODE: &str = "authorization_code";
pub(super) const REFRESH: &str = "refresh_token";

/// The longest name, in bytes.
const MAX_NAME: usize = 256;
/// The most entries of a list.
const MAX_ENTRIES: usize = 32;
/// The longest other text, in bytes.
const MAX_TEXT: usize = 2048;
/// The most keys.
const MAX_KEYS: usize = 32;
/// What a JWK has that is no public one (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// `invalid_client_metadata`.
pub(super) fn invalid(description: impl Into<String>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, description.into())
}

/// What is registered for what was said.
pub(super) fn settle(
    mut said: Map<String, Value>,
    terms: &Terms,
) -> Result<ClientMetadata, OAuthError> {
    if said.contains_key("software_statement") {
        let text = "software statements are not taken here: no issuer of them is trusted";
        return Err(OAuthError::new(
            ErrorCode::UnapprovedSoftwareStatement,
            text,
        ));
    }
    bounds(&said)?;
    served::narrow(&mut said, terms)?;
    let mut settled = ClientMetadata::strictly(said).map_err(wrong_type)?;
    settled.extra.clear();
    name(&mut settled)?;
    application(&settled)?;
    grants(&mut settled, terms)?;
    addresses::check(&settled, terms)?;
    authentication(&mut settled, terms)?;
    keys(&settled)?;
    scope(&mut settled, terms)?;
    pairs(&settled)?;
    Ok(settled)
}

fn wrong_type(name: String) -> OAuthError {
    let text = format!("{name} has the wrong type");
    match name.as_str() {
        "redirect_uris" => OAuthError::new(ErrorCode::InvalidRedirectUri, text),
        _ => invalid(text),
    }
}

/// The body is bounded as a whole; this bounds what is kept of it.
fn bounds(said: &Map<String, Value>) -> Result<(), OAuthError> {
    let fits = |text: &str| text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    for (name, value) in said {
        let good = match value {
            Value::String(text) => fits(text),
            Value::Array(list) => {
                list.len() <= MAX_ENTRIES && list.iter().filter_map(Value::as_str).all(fits)
            }
            _ => true,
        };
        if !good {
            return Err(invalid(format!(
                "{name} is too long, or has control characters"
            )));
        }
    }
    Ok(())
}

fn name(settled: &mut ClientMetadata) -> Result<(), OAuthError> {
    let Some(name) = &mut settled.client_name else {
        return Ok(());
    };
    *name = name.trim().to_owned();
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(invalid("client_name must have 1 to 256 bytes"));
    }
    Ok(())
}

fn application(settled: &ClientMetadata) -> Result<(), OAuthError> {
    match settled.application_type.as_deref() {
        None | Some("web" | "native") => Ok(()),
        Some(_) => Err(invalid("application_type must be web or native")),
    }
}

/// RFC 7591 §2.1: both lists say the same.
fn grants(settled: &mut ClientMetadata, terms: &Terms) -> Result<(), OAuthError> {
    let responses_said = !settled.response_types.is_empty();
    if settled.grant_types.is_empty() {
        settled.grant_types.push(CODE.to_owned());
    }
    if !responses_said && settled.grant_types.iter().any(|grant| grant == CODE) {
        settled.response_types.push("code".to_owned());
    }
    let supported = terms.listed("grant_types_supported");
    settled
        .grant_types
        .retain(|grant| GRANTS.contains(&grant.as_str()) && supported.contains(&grant.as_str()));
    let responses = terms.listed("response_types_supported");
    settled
        .response_types
        .retain(|response| responses.contains(&response.as_str()));
    let has_code = settled.grant_types.iter().any(|grant| grant == CODE);
    if responses_said && settled.response_types.is_empty() {
        return Err(invalid("response_types has none that is served here"));
    }
    if has_code == settled.response_types.is_empty() {
        return Err(invalid(
            "grant_types and response_types do not fit: authorization_code goes with code",
        ));
    }
    if settled.grant_types.iter().all(|grant| grant == REFRESH) {
        return Err(invalid(
            "grant_types has none that a client may register by itself here",
        ));
    }
    Ok(())
}

/// RFC 7591 §2: HTTP Basic where nothing is said; but whoever is a native application has no secret unless it asks for
/// one of its own (RFC 8252 §8.4).
fn authentication(settled: &mut ClientMetadata, terms: &Terms) -> Result<(), OAuthError> {
    let usual = match settled.application_type.as_deref() {
        Some("native") => "none",
        _ => "client_secret_basic",
    };
    let method = settled
        .token_endpoint_auth_method
        .get_or_insert_with(|| usual.to_owned());
    let served = terms.listed("token_endpoint_auth_methods_supported");
    // A secret by which somebody else signs must be kept itself, which is not done for whoever comes along.
    if !served.contains(&method.as_str()) || method == "client_secret_jwt" {
        return Err(invalid(
            "token_endpoint_auth_method is not one that a client may register here",
        ));
    }
    let subjects = [
        &settled.tls_client_auth_subject_dn,
        &settled.tls_client_auth_san_dns,
        &settled.tls_client_auth_san_uri,
        &settled.tls_client_auth_san_ip,
        &settled.tls_client_auth_san_email,
    ];
    // RFC 8705 §2.1.2.
    if method == BY_AUTHORITY {
        Subject::read(subjects.map(|name| name.as_deref())).map_err(invalid)?;
    }
    let needs_keys = matches!(method.as_str(), "private_key_jwt" | BY_ITSELF);
    if needs_keys && settled.jwks.is_none() && settled.jwks_uri.is_none() {
        return Err(invalid(
            "this token_endpoint_auth_method takes keys: give jwks or jwks_uri",
        ));
    }
    // RFC 8705 §2.2.2.
    let jwks = settled.jwks.as_ref().and_then(|jwks| jwks.get("keys"));
    let keys = jwks.and_then(Value::as_array);
    if method == BY_ITSELF && keys.is_some_and(|keys| KeySet::of(keys).is_without_certificates()) {
        return Err(invalid(
            "self_signed_tls_client_auth takes certificates: give them in x5c of the keys",
        ));
    }
    Ok(())
}

/// RFC 7591 §2: the keys or where they are, never both; and only public ones.
fn keys(settled: &ClientMetadata) -> Result<(), OAuthError> {
    let Some(jwks) = &settled.jwks else {
        return Ok(());
    };
    if settled.jwks_uri.is_some() {
        return Err(invalid("jwks and jwks_uri must not both be there"));
    }
    let keys = jwks.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| invalid("jwks is not a JWK set"))?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(invalid("jwks must have 1 to 32 keys"));
    }
    if !keys
        .iter()
        .all(|key| key.get("kty").is_some_and(Value::is_string))
    {
        return Err(invalid("jwks has a key without kty"));
    }
    let is_private = |key: &Value| PRIVATE.iter().any(|member| key.get(member).is_some());
    if keys.iter().any(is_private) {
        return Err(invalid(
            "jwks has a private or symmetric key: make new ones, and send the public halves alone",
        ));
    }
    Ok(())
}

/// What was asked for, as far as the policy goes; all of that for whoever says nothing.
fn scope(settled: &mut ClientMetadata, terms: &Terms) -> Result<(), OAuthError> {
    let most = &terms.policy.scope;
    let Some(asked) = settled.scope.take() else {
        settled.scope = Some(most.clone());
        return Ok(());
    };
    let granted = asked.intersection(most);
    if granted.is_empty() && !asked.is_empty() {
        return Err(invalid(
            "scope has nothing that a client may register by itself here",
        ));
    }
    settled.scope = Some(granted);
    Ok(())
}

/// Members that are worth nothing alone.
fn pairs(settled: &ClientMetadata) -> Result<(), OAuthError> {
    // CIBA §4.
    let delivery = settled.backchannel_token_delivery_mode.as_deref();
    let endpoint = &settled.backchannel_client_notification_endpoint;
    if delivery == Some("ping") && endpoint.is_none() {
        return Err(invalid(
            "ping takes a backchannel_client_notification_endpoint",
        ));
    }
    sector::check(settled)
}

impl Scope {
    /// The tokens that are in both.
    fn intersection(&self, other: &Self) -> Self {
        let common: Vec<&str> = self.iter().filter(|token| other.contains(token)).collect();
        common.join(" ").parse().unwrap_or_default()
    }
}
