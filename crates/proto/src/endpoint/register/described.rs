//! Clients that nobody has registered: their id is an address, and the document there says what they are
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! Such a client has no record in the store. Whoever judges a request that names it asks [`Facts::client`], and is given one
//! that is made here from the document. What the store does have are its codes, grants and items, which carry the address as
//! `client_id` like any other. From that follows what is needed when:
//!
//! * To ask for something (authorization, PAR, device authorization), to redeem and to refresh, the client has to be known,
//!   for its redirect URIs, its keys and its algorithms are in the document. A copy serves while it is fresh by the rules of
//!   HTTP, and for a day longer while its server is unreachable or in trouble (RFC 5861 §4). After that the answer is 503
//!   `temporarily_unavailable`, never `invalid_client`: nothing is spent, and the refresh token is good again as soon as the
//!   document is. A server that answers otherwise, 404 say, has withdrawn the client, and no copy serves: that is
//!   `invalid_client`.
//! * Whether a token is good (at introspection, at the guard, for token exchange) depends on its grant and its person, and
//!   not on the document. Nobody else is asked about it.
//! * A person sees and withdraws what they allowed without the document: the account page names the client by its host.
//!
//! A record of the same id in the store comes first, so that an operator can register one for good. Nothing about such a
//! client is believed longer than its document says it: no consent is remembered, and switching the documents off ends the
//! use of all refresh tokens at once.
//!
//! [`Facts::client`]: crate::decide::Facts::client

use serde_json::{Map, Value};

use super::terms::Terms;
use super::{record, settle};
use crate::decide::documents::DocumentFault;
use crate::decide::record::Client;
use crate::grant::ciba;
use crate::message::registration::read_request;
use crate::{ClientId, ErrorCode, OAuthError};

/// How such a client may prove itself: there is nobody with whom it could share a secret (§4.1).
const METHODS: [&str; 2] = ["none", "private_key_jwt"];

/// What would have to come with a secret.
const SECRET: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// What is not taken from it: where it would hear of logouts, for a document may be elsewhere by then, and where its
/// requests would lie, for whom nobody knows here sends this server nowhere else. It can push them.
const LEFT_OUT: [&str; 3] = [
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "request_uris",
];

/// The longest name that such a client gives itself, in characters; the consent page shows it beside its host.
const MAX_NAME: usize = 64;

/// The client that is described by what was found at `client_id`. What holds for clients that register themselves holds for
/// it too.
///
/// # Errors
///
/// `invalid_client` when there is no document, or it is not of this client, or says what is not admitted; 503 where there
/// may be one later.
pub fn describe(
    client_id: &ClientId,
    found: Result<&[u8], DocumentFault>,
    terms: &Terms,
) -> Result<Client, OAuthError> {
    let refused = |code, what: &str| {
        OAuthError::new(
            code,
            format!("the metadata document at the client_id {what}"),
        )
    };
    match found {
        Ok(document) => read(client_id, document, terms)
            .map_err(|what| refused(ErrorCode::InvalidClient, &what)),
        Err(fault) if fault.may_pass() => Err(refused(
            ErrorCode::TemporarilyUnavailable,
            &fault.to_string(),
        )),
        Err(fault) => Err(refused(ErrorCode::InvalidClient, &fault.to_string())),
    }
}

fn read(client_id: &ClientId, document: &[u8], terms: &Terms) -> Result<Client, String> {
    let host = client_id.host().ok_or("is at no such address")?;
    let mut said = read_request(document).map_err(|fault| format!("cannot be read: {fault}"))?;
    // Compared as text (§4), so that it is nobody else's document.
    if said.remove("client_id").as_ref().and_then(Value::as_str) != Some(client_id.as_str()) {
        return Err("does not name that very client_id".to_owned());
    }
    if let Some(name) = SECRET.iter().find(|name| said.contains_key(**name)) {
        return Err(format!("must not hold {name}"));
    }
    if said.contains_key("sector_identifier_uri") {
        return Err(
            "must not hold sector_identifier_uri: no second document is fetched".to_owned(),
        );
    }
    said.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    check_method(&mut said)?;
    let settled = settle::settle(said, terms);
    let settled = settled.map_err(|error| format!("will not do: {}", error.description()))?;
    let mut client = record::described(client_id, settled, terms);
    if client.may_use(ciba::GRANT_TYPE) {
        return Err("must not ask for CIBA: whom nobody knows here calls nobody up".to_owned());
    }
    client.client_name = name(&host, &client);
    Ok(client)
}

/// What is usual otherwise takes a secret, so here none is.
fn check_method(said: &mut Map<String, Value>) -> Result<(), String> {
    let name = "token_endpoint_auth_method";
    let method = said.entry(name).or_insert_with(|| "none".into());
    match method.as_str() {
        Some(method) if METHODS.contains(&method) => Ok(()),
        _ => Err(format!("must have {name} none or private_key_jwt")),
    }
}

/// What pages call it: first the host, which is true, then in quotes what it calls itself.
fn name(host: &str, client: &Client) -> String {
    let own = &client.client_name;
    if own == client.client_id.as_str() {
        return host.to_owned();
    }
    let short: String = own
        .chars()
        .filter(|c| *c != '“' && *c != '”')
        .take(MAX_NAME)
        .collect();
    format!("{host} (“{short}”)")
}

#[cfg(test)]
#[path = "described_tests.rs"]
mod tests;
