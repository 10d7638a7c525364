//! The pushed authorization request endpoint (RFC 9126): the client says what it will ask for before its browser does.

use super::authorize;
use super::resolve::{self, Pushed, Resolved};
use crate::client_auth::{self, Presented, Trial};
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Judged, Rules};
use crate::dpop::Proof;
use crate::message::par::ParResponse;
use crate::{Cx, OAuthError};

/// What proves who the client is, or was taken apart already, and is not kept.
const LEFT_OUT: [&str; 4] = [
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "request",
];

const CLIENT_ID: &str = "client_id";

/// The parameter that binds a code to a key (RFC 9449 §10).
const DPOP_JKT: &str = "dpop_jkt";

/// Judges a pushed request: the client as at the token endpoint, the rest as at the authorization endpoint, so that what
/// is wrong with it is said here (RFC 9126 §2.1). `proof` is the DPoP proof that came along, checked in all that needs no
/// memory.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while facts are lacking; [`crate::decide::Halt::Refuse`] with the standard's code.
pub fn par(
    presented: &Presented<'_>,
    proof: Option<&Proof>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<ParResponse> {
    let trial = Trial {
        facts,
        rules,
        now: cx.now,
    };
    client_auth::proven(presented, trial, |client| {
        let proven = proof.map(|proof| proof.jkt.as_str());
        let judged = of_client(client, presented, proven, facts, rules, cx);
        client_auth::also(judged, proof.map(Proof::once))
    })
}

fn of_client(
    client: &Client,
    presented: &Presented<'_>,
    proven: Option<&str>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<ParResponse> {
    let mut asked = resolve::pushing(client, presented.params, facts, rules, cx.now)?;
    name(&mut asked, client);
    bind(&mut asked, proven)?;
    authorize::check(client, &asked, rules)?;
    let lifetime = rules.lifetimes.pushed_request;
    let pushed = Pushed {
        client_id: client.client_id.clone(),
        params: kept(&asked),
        signed: asked.signed,
        opened: false,
    };
    let (request_uri, item) = resolve::keep(&pushed, lifetime, cx);
    Ok(Done {
        changes: vec![item.insert()],
        value: ParResponse {
            request_uri,
            expires_in: lifetime.as_secs(),
        },
    })
}

/// Who has said its name in a header need not say it again in the request (RFC 9126 §2.1).
fn name(asked: &mut Resolved<'_>, client: &Client) {
    if asked.params.get(CLIENT_ID).is_none() {
        asked
            .params
            .to_mut()
            .push(CLIENT_ID, client.client_id.as_str());
    }
}

/// A proof says the same as `dpop_jkt`, and both must mean one key (RFC 9449 §10.1).
fn bind(asked: &mut Resolved<'_>, proven: Option<&str>) -> Result<(), OAuthError> {
    let Some(proven) = proven else {
        return Ok(());
    };
    match asked.params.get(DPOP_JKT) {
        Some(named) if named != proven => Err(OAuthError::invalid_request(
            "dpop_jkt is not the key of the DPoP proof",
        )),
        Some(_) => Ok(()),
        None => {
            asked.params.to_mut().push(DPOP_JKT, proven);
            Ok(())
        }
    }
}

pub(super) fn kept(asked: &Resolved<'_>) -> Vec<(String, String)> {
    let params = asked.params.iter();
    params
        .filter(|(name, _)| !LEFT_OUT.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
