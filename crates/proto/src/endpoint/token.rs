//! The token endpoint (RFC 6749 §3.2): who is asking, by which grant, and may they.

use crate::client_auth::{self, Presented, Trial};
use crate::decide::change::Change;
use crate::decide::record::{Client, Record};
use crate::decide::{Done, Facts, Halt, Issue, Judged, Rules};
use crate::dpop::Proof;
use crate::grant::{self, Asked};
use crate::jose::FAPI_ALGORITHMS;
use crate::jose::access_token::Confirmation;
use crate::{Cx, ErrorCode, OAuthError};

/// A token request as it came over the wire.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// How the client identified itself, and the parameters.
    pub presented: Presented<'a>,
    /// Whether the body was JSON, an older habit that a client must have been allowed.
    pub json: bool,
    /// The DPoP proof that came along, checked in all that needs no memory (RFC 9449 §5). That comes before anything is
    /// spent: a client that lacks the server's nonce asks again with the same assertion.
    pub dpop: Option<Proof>,
}

/// Judges a token request.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the standard's code.
pub fn token(
    request: &TokenRequest<'_>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    let wanted = request
        .presented
        .params
        .get("grant_type")
        .ok_or_else(|| OAuthError::invalid_request("grant_type is missing"))?;
    let trial = Trial {
        facts,
        rules,
        now: cx.now,
    };
    client_auth::proven(&request.presented, trial, |client| {
        let judged = of_client(request, wanted, client, facts, rules, cx);
        let spent = request.dpop.as_ref().map(Proof::once);
        client_auth::also(judged, spent)
    })
}

fn of_client(
    request: &TokenRequest<'_>,
    wanted: &str,
    client: &Client,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    if request.json && !client.json_body {
        let text = "the body must be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(text).into());
    }
    let grant = grant::find(wanted).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "this server does not know that grant_type",
        )
    })?;
    if !client.may_use(wanted) {
        let text = "this client may not use that grant_type";
        return Err(Halt::from(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            text,
        )));
    }
    check_proof(client, request.dpop.as_ref())?;
    let dpop_jkt = request.dpop.as_ref().map(|proof| proof.jkt.as_str());
    let mut done = grant.decide(
        &Asked {
            client,
            params: request.presented.params,
            rules,
            dpop_jkt,
        },
        facts,
        cx,
    )?;
    if let Some(jkt) = dpop_jkt {
        bind(&mut done, client, jkt);
    }
    if client.details.fapi && done.value.access_token.cnf.is_none() {
        let text = "this client's tokens must be bound to a key or a certificate";
        return Err(OAuthError::invalid_request(text).into());
    }
    Ok(done)
}

/// RFC 9449 §5.2; under the FAPI 2.0 Security Profile (§5.3.2.1, §5.4.1) every token is bound, and not by any algorithm.
fn check_proof(client: &Client, proof: Option<&Proof>) -> Result<(), OAuthError> {
    match proof {
        None if client.details.dpop_bound_access_tokens || client.details.fapi => {
            let text = "this client's tokens are bound to a key: a DPoP proof is missing";
            Err(OAuthError::invalid_request(text))
        }
        Some(proof) if client.details.fapi && !FAPI_ALGORITHMS.contains(&proof.alg) => {
            let text = "the DPoP proof's algorithm is not one of FAPI";
            Err(OAuthError::new(ErrorCode::InvalidDpopProof, text))
        }
        _ => Ok(()),
    }
}

/// The access token is good only with the key. So is the refresh token of a public client, which has nothing else to
/// prove itself by (RFC 9449 §5).
fn bind(done: &mut Done<Issue>, client: &Client, jkt: &str) {
    done.value.access_token.cnf = Some(Confirmation {
        jkt: Some(jkt.to_owned()),
        x5t_s256: None,
    });
    if !client.is_public() {
        return;
    }
    for change in &mut done.changes {
        if let Change::Insert(Record::Grant(grant)) = change {
            grant.details.dpop_jkt = Some(jkt.to_owned());
        }
    }
}
