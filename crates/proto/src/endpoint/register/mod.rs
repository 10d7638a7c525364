//! Clients that register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0), and manage what they
//! registered (RFC 7592).

mod addresses;
mod described;
mod invitation;
mod record;
mod sector;
mod served;
mod settle;
mod terms;

use serde_json::{Map, Value};

use crate::base::opaque;
use crate::decide::change::{AuditEvent, Change};
use crate::decide::record::{Client, Key, Record};
use crate::decide::{Done, Facts, Halt, Judged};
use crate::message::registration::{ClientInformation, ClientMetadata};
use crate::{ClientId, Cx, ErrorCode, OAuthError, Secret};

pub use described::describe;
pub use invitation::invite;
pub use terms::{Admission, RegistrationPolicy, Terms};

/// What only the server says (RFC 7592 §2.2): a client that says it has not understood whose it is.
const SERVERS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Judges a registration (RFC 7591 §3). `token` is what came as `Bearer`.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with `access_denied` or `invalid_token` for whoever may not,
/// and with the codes of RFC 7591 §3.2.2.
pub fn register(
    said: &Map<String, Value>,
    token: Option<&Secret>,
    terms: &Terms,
    facts: &Facts,
    cx: &mut Cx<'_>,
) -> Judged<ClientInformation> {
    let used = match terms.policy.admission {
        Admission::Open => None,
        Admission::Invited => Some(invitation::accept(token, facts, cx.now)?),
        Admission::Closed => {
            let text = "clients do not register themselves here; ask whoever runs the server";
            return Err(OAuthError::new(ErrorCode::AccessDenied, text).into());
        }
    };
    let settled = settle::settle(said.clone(), terms)?;
    sector::look_up(&settled, facts)?;
    let token = opaque::mint(opaque::REGISTRATION_TOKEN, cx);
    let secret = needs_secret(&settled).then(|| opaque::mint(opaque::CLIENT_SECRET, cx));
    let client = record::fresh(settled, &token, secret.as_ref(), terms, cx);
    let audit = AuditEvent::new(cx.now, "client.registered").client(&client.client_id);
    let value = information(&client, secret, token, terms);
    let made = [Change::Insert(Record::Client(client)), Change::Audit(audit)];
    Ok(Done {
        changes: used.into_iter().chain(made).collect(),
        value,
    })
}

/// Judges a reading of a registration (RFC 7592 §2.1). The secret is not shown again: nobody knows it but the client.
///
/// # Errors
///
/// [`Halt::Need`] while the client is not known; [`Halt::Refuse`] with `invalid_token`.
pub fn read(
    client_id: &ClientId,
    token: Option<&Secret>,
    terms: &Terms,
    facts: &Facts,
) -> Judged<ClientInformation> {
    let (client, token) = own(client_id, token, facts)?;
    let value = information(client, None, token.clone(), terms);
    Ok(Done::unchanged(value))
}

/// Judges a change of a registration (RFC 7592 §2.2): what is said now is all there is.
///
/// # Errors
///
/// As [`register`] and [`read`]; `invalid_request` when the body names another client, another secret, or says what only
/// the server may.
pub fn update(
    client_id: &ClientId,
    token: Option<&Secret>,
    said: &Map<String, Value>,
    terms: &Terms,
    facts: &Facts,
    cx: &mut Cx<'_>,
) -> Judged<ClientInformation> {
    let (client, token) = own(client_id, token, facts)?;
    let mut said = said.clone();
    check_identity(client, &mut said)?;
    let settled = settle::settle(said, terms)?;
    sector::look_up(&settled, facts)?;
    let lacks_secret = needs_secret(&settled) && client.client_secrets.is_empty();
    let secret = lacks_secret.then(|| opaque::mint(opaque::CLIENT_SECRET, cx));
    let after = record::changed(client, settled, secret.as_ref(), terms);
    let audit = AuditEvent::new(cx.now, "client.updated").client(client_id);
    let value = information(&after, secret, token.clone(), terms);
    Ok(Done {
        changes: vec![Change::client(client, after), Change::Audit(audit)],
        value,
    })
}

/// Judges a deletion (RFC 7592 §2.3): the client is gone, and with it the use of all it was given.
///
/// # Errors
///
/// As [`read`].
pub fn delete(
    client_id: &ClientId,
    token: Option<&Secret>,
    facts: &Facts,
    cx: &Cx<'_>,
) -> Judged<()> {
    own(client_id, token, facts)?;
    let audit = AuditEvent::new(cx.now, "client.deleted").client(client_id);
    let gone = Change::Delete(Key::Client(client_id.clone()));
    Ok(Done {
        changes: vec![gone, Change::Audit(audit)],
        value: (),
    })
}

/// The client whose registration access token this is. Whether there is a client of that id is not said (§2.1).
fn own<'f, 't>(
    client_id: &ClientId,
    token: Option<&'t Secret>,
    facts: &'f Facts,
) -> Result<(&'f Client, &'t Secret), Halt> {
    let refused = || {
        let text = "the registration access token is missing or not of this client";
        OAuthError::new(ErrorCode::InvalidToken, text)
    };
    let token = token.ok_or_else(refused)?;
    let given = token.digest();
    let client = facts.registered(client_id)?.filter(|client| {
        let own = client.details.registration_access_token;
        own.is_some_and(|own| own.ct_eq(&given))
    });
    Ok((client.ok_or_else(refused)?, token))
}

/// RFC 7592 §2.2: the body names the client it is about, perhaps its secret, and nothing that is the server's to say.
fn check_identity(client: &Client, said: &mut Map<String, Value>) -> Result<(), OAuthError> {
    let refused = |text: &'static str| Err(OAuthError::invalid_request(text));
    if said.remove("client_id").as_ref().and_then(Value::as_str) != Some(client.client_id.as_str())
    {
        return refused("client_id must be in the body, and the one that is being changed");
    }
    if SERVERS_OWN.iter().any(|name| said.contains_key(*name)) {
        return refused("the body says what only the server says, such as registration_client_uri");
    }
    let Some(secret) = said.remove("client_secret") else {
        return Ok(());
    };
    let given = secret.as_str().map(|text| Secret::new(text).digest());
    let is_own = |given| client.client_secrets.iter().any(|own| own.ct_eq(&given));
    if !given.is_some_and(is_own) {
        return refused("client_secret is not the one of this client");
    }
    Ok(())
}

fn needs_secret(settled: &ClientMetadata) -> bool {
    let method = settled.token_endpoint_auth_method.as_deref();
    method.is_some_and(|method| method.starts_with("client_secret_"))
}

/// RFC 7591 §3.2.1: all that is registered, and how to come back to it.
fn information(
    client: &Client,
    secret: Option<Secret>,
    token: Secret,
    terms: &Terms,
) -> ClientInformation {
    ClientInformation {
        client_id: client.client_id.clone(),
        // 0 is never. It must be there whenever a secret is.
        client_secret_expires_at: secret.is_some().then_some(0),
        client_secret: secret,
        client_id_issued_at: Some(client.client_id_issued_at.as_secs()),
        registration_access_token: Some(token),
        registration_client_uri: Some(terms.place_of(&client.client_id)),
        metadata: record::metadata(client),
    }
}

#[cfg(test)]
mod tests;
