//! The token endpoint (RFC 6749 §3.2): who is asking, by which grant, and may they.

use crate::client_auth::{self, Presented, Trial};
use crate::decide::change::Change;
use crate::decide::record::{Client, Record};
use crate::decide::{Done, Facts, Halt, Issue, Judged, Rules, opaque_token};
use crate::dpop::Proof;
use crate::grant::{self, Asked};
use crate::jose::FAPI_ALGORITHMS;
use crate::jose::access_token::{Confirmation, Held};
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
    let binding = binding(request, client)?;
    let mut done = grant.decide(
        &Asked {
            client,
            params: request.presented.params,
            rules,
            dpop_jkt: binding.jkt,
            x5t_s256: binding.x5t_s256,
        },
        facts,
        cx,
    )?;
    if binding != Held::default() {
        bind(&mut done, client, binding);
    }
    if client.details.fapi && done.value.access_token.cnf.is_none() {
        let text = "this client's tokens must be bound to a key or a certificate";
        return Err(OAuthError::invalid_request(text).into());
    }
    opaque_token::settle(&mut done, client, rules, cx);
    Ok(done)
}

/// What the tokens are bound to: the key of a proof always, the certificate of the connection where the client has
/// registered that (RFC 8705 §3.4), and under the FAPI 2.0 Security Profile, where every token is bound, also in place of a
/// key.
fn binding<'a>(request: &'a TokenRequest<'_>, client: &Client) -> Result<Held<'a>, OAuthError> {
    let details = &client.details;
    let proof = request.dpop.as_ref();
    let certificate = request.presented.x5t_s256();
    let instead = details.fapi && proof.is_none() && !details.dpop_bound_access_tokens;
    let binds = details.tls_client_certificate_bound_access_tokens || instead;
    if details.tls_client_certificate_bound_access_tokens && certificate.is_none() {
        let text = "this client's tokens are bound to its certificate: none came along; use mtls_endpoint_aliases of the metadata";
        return Err(OAuthError::invalid_request(text));
    }
    let x5t_s256 = certificate.filter(|_| binds);
    check_proof(client, proof, x5t_s256.is_some())?;
    Ok(Held {
        jkt: proof.map(|proof| proof.jkt.as_str()),
        x5t_s256,
    })
}

/// RFC 9449 §5.2; under the FAPI 2.0 Security Profile (§5.3.2.1, §5.4.1) every token is bound, and not by any algorithm.
fn check_proof(client: &Client, proof: Option<&Proof>, certified: bool) -> Result<(), OAuthError> {
    let details = &client.details;
    match proof {
        None if details.dpop_bound_access_tokens || (details.fapi && !certified) => {
            let text = "this client's tokens are bound to a key: a DPoP proof is missing";
            Err(OAuthError::invalid_request(text))
        }
        Some(proof) if details.fapi && !FAPI_ALGORITHMS.contains(&proof.alg) => {
            let text = "the DPoP proof's algorithm is not one of FAPI";
            Err(OAuthError::new(ErrorCode::InvalidDpopProof, text))
        }
        _ => Ok(()),
    }
}

/// The access token is good only with the key or the certificate. So is the refresh token of a public client, which has
/// nothing else to prove itself by (RFC 8705 §4, RFC 9449 §5).
fn bind(done: &mut Done<Issue>, client: &Client, to: Held<'_>) {
    let (jkt, x5t_s256) = (to.jkt.map(str::to_owned), to.x5t_s256.map(str::to_owned));
    if client.is_public() {
        for change in &mut done.changes {
            if let Change::Insert(Record::Grant(grant)) = change {
                grant.details.dpop_jkt.clone_from(&jkt);
                grant.details.x5t_s256.clone_from(&x5t_s256);
            }
        }
    }
    done.value.access_token.cnf = Some(Confirmation { jkt, x5t_s256 });
}
