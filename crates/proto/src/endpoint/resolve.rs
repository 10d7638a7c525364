//! Where the parameters of an authorization request are: in the query, in a JWT that the client signed (RFC 9101) and that
//! lies in the query or at its site, or here already, because the client pushed them ahead of the browser (RFC 9126).

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::fetched;
use crate::decide::change::Change;
use crate::decide::item::{Item, Kept};
use crate::decide::record::Client;
use crate::decide::{Facts, Halt, Rules};
use crate::jose::request_object::{self, Expect};
use crate::jose::{FAPI_ALGORITHMS, UnverifiedJws};
use crate::{ClientId, Cx, Digest, ErrorCode, OAuthError, Params, Timestamp};

/// What a `request_uri` of ours begins with (RFC 9126 §2.2).
pub(super) const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

/// A request that was pushed, as it is kept. It is found by the SHA-256 of what its `request_uri` ends with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pushed {
    pub(super) client_id: ClientId,
    pub(super) params: Vec<(String, String)>,
    /// Whether the client signed them.
    pub(super) signed: bool,
    /// Whether a browser has brought it. Until then it lives for a moment, from then on as long as a person may take.
    pub(super) opened: bool,
}

impl Kept for Pushed {
    const SPACE: &'static str = "par";
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The browser brings it.
    Browser,
    /// The browser brings its address.
    Fetched,
    /// Its client pushes it.
    Pushing,
    /// Its client has pushed it; here it is kept.
    Pushed(Digest),
}

/// The parameters that count.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    pub(super) params: Cow<'a, Params>,
    pub(super) way: Way,
    pub(super) signed: bool,
    /// To be committed with whatever comes of it.
    pub(super) changes: Vec<Change>,
}

/// What the browser brings.
pub(super) fn brought<'a>(
    client: &Client,
    sent: &'a Params,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Resolved<'a>, Halt> {
    match (sent.get("request"), sent.get("request_uri")) {
        (Some(_), Some(_)) => {
            let text = "request and request_uri exclude each other";
            Err(OAuthError::invalid_request(text).into())
        }
        (None, Some(uri)) if uri.starts_with(REQUEST_URI) => recall(client, uri, facts, rules, now),
        (None, Some(uri)) => fetched::fetched(client, uri, facts, rules, now),
        (_, None) => by_value(client, sent, Way::Browser, facts, rules, now),
    }
}

/// What the client pushes.
pub(super) fn pushing<'a>(
    client: &Client,
    sent: &'a Params,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Resolved<'a>, Halt> {
    if sent.get("request_uri").is_some() {
        let text = "request_uri cannot be pushed";
        return Err(OAuthError::invalid_request(text).into());
    }
    by_value(client, sent, Way::Pushing, facts, rules, now)
}

/// Makes the item of a request, and what names it.
pub(super) fn keep(pushed: &Pushed, lifetime: Duration, cx: &mut Cx<'_>) -> (String, Item) {
    let reference = URL_SAFE_NO_PAD.encode(cx.bytes::<32>());
    let item = Item::new(Digest::of(&reference), pushed, cx.now + lifetime);
    (format!("{REQUEST_URI}{reference}"), item)
}

/// Takes a pushed request away, for a code is issued for it: of two codes one is not.
///
/// # Errors
///
/// [`Halt::Need`] while it is not known; `invalid_request_uri` when it is gone.
pub(super) fn spend(pushed: Digest, facts: &Facts, now: Timestamp) -> Result<Change, Halt> {
    let found = facts.item::<Pushed>(pushed, now)?;
    Ok(found.ok_or_else(unknown)?.0.take())
}

impl Resolved<'_> {
    /// Whether the request came by the way that its client has to take.
    pub(super) fn check_way(&self, client: &Client, rules: &Rules) -> Result<(), OAuthError> {
        let details = &client.details;
        let must_push = rules.requests.require_pushed_authorization_requests
            || details.require_pushed_authorization_requests
            || details.fapi
            || details.fapi_message_signing;
        if must_push && matches!(self.way, Way::Browser | Way::Fetched) {
            return Err(OAuthError::invalid_request(
                "this client must push its authorization requests",
            ));
        }
        let must_sign = details.require_signed_request_object || details.fapi_message_signing;
        if must_sign && !self.signed {
            return Err(OAuthError::invalid_request(
                "this client must sign its authorization requests",
            ));
        }
        Ok(())
    }
}

fn by_value<'a>(
    client: &Client,
    sent: &'a Params,
    way: Way,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Resolved<'a>, Halt> {
    let request = sent.get("request");
    let params = match request {
        None => Cow::Borrowed(sent),
        Some(request) => Cow::Owned(signed(client, request, facts, rules, now)?),
    };
    Ok(Resolved {
        params,
        way,
        signed: request.is_some(),
        changes: Vec::new(),
    })
}

/// RFC 9101 §6: what the client has signed, and nothing of what is around it.
pub(super) fn signed(
    client: &Client,
    request: &str,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Params, Halt> {
    let refused = |text: String| OAuthError::new(ErrorCode::InvalidRequestObject, text);
    let details = &client.details;
    if details.jwks.is_none() && details.jwks_uri.is_none() {
        let text = "this client has registered no keys to sign with";
        return Err(refused(text.to_owned()).into());
    }
    let claimed = UnverifiedJws::read(request).map_err(|fault| refused(fault.to_string()))?;
    let keys = facts.client_keys(client, claimed.kid.as_deref())?;
    let expect = Expect {
        client_id: client.client_id.as_str(),
        issuer: &rules.issuer,
        algorithms: &algorithms(client),
        dated: details.fapi_message_signing,
    };
    let checked = request_object::check(request, &keys, &expect, now);
    Ok(checked.map_err(|fault| refused(fault.to_string()))?)
}

/// The one that is registered, else what FAPI admits where it binds, else any.
fn algorithms(client: &Client) -> Vec<String> {
    let details = &client.details;
    match &details.request_object_signing_alg {
        Some(registered) => vec![registered.clone()],
        None if details.fapi || details.fapi_message_signing => {
            FAPI_ALGORITHMS.map(str::to_owned).to_vec()
        }
        None => Vec::new(),
    }
}

/// RFC 9126 §4. Whoever else comes with it learns nothing about it.
fn recall<'a>(
    client: &Client,
    uri: &str,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Resolved<'a>, Halt> {
    let digest = Digest::of(uri.strip_prefix(REQUEST_URI).unwrap_or_default());
    let (item, pushed) = facts
        .item::<Pushed>(digest, now)?
        .filter(|(_, pushed)| pushed.client_id == client.client_id)
        .ok_or_else(unknown)?;
    let mut params = Params::new();
    for (name, value) in &pushed.params {
        params.push(name, value);
    }
    Ok(Resolved {
        params: Cow::Owned(params),
        way: Way::Pushed(digest),
        signed: pushed.signed,
        changes: opened(item, pushed, now + rules.lifetimes.interaction),
    })
}

/// A person has it before them from now on.
fn opened(item: &Item, pushed: Pushed, expires_at: Timestamp) -> Vec<Change> {
    if pushed.opened {
        return Vec::new();
    }
    let longer = Item {
        expires_at,
        ..item.clone()
    };
    vec![longer.replace(&Pushed {
        opened: true,
        ..pushed
    })]
}

fn unknown() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidRequestUri,
        "request_uri is not known, was used already or has expired",
    )
}
