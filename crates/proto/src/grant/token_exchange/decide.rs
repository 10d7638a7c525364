//! The server's end of token exchange.

use serde_json::{Map, Value};

use super::{GRANT_TYPE, TokenExchange, TokenType, TypedToken};
use crate::decide::issue::{Subject, access_token};
use crate::decide::live::{both, live_access_token};
use crate::decide::{Done, Facts, Halt, Issue, Judged, policy, record};
use crate::grant::{Asked, Grant};
use crate::jose::access_token::AccessToken;
use crate::{Cx, ErrorCode, OAuthError, Scope};

/// What the server gives, and nothing else.
const ISSUED: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How many may act one for the other; every exchange with an actor adds one.
const MAX_ACTORS: usize = 8;

/// The grant. The new token is never more than the old one: not in scope, not in time, and it dies with the same grant.
#[derive(Debug)]
pub struct Exchange;

impl Grant for Exchange {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        // RFC 8693 §5: or whoever found a token could make others of it.
        if asked.client.is_public() {
            let text = "only a client that can authenticate may exchange tokens";
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text).into());
        }
        let request = TokenExchange::parse(asked.params)?;
        check_requested(request.requested_token_type.as_ref())?;
        let actor = request.actor.as_ref();
        let actor = actor.map(|token| believed(token, "actor_token", asked, facts, cx));
        let subject = believed(&request.subject, "subject_token", asked, facts, cx);
        let (subject, actor) = both(subject, actor.transpose())?;
        let grant = match &subject.grant_id {
            Some(grant_id) => facts.grant(grant_id)?,
            None => None,
        };
        let scope = narrowed(&request, &subject, asked.client)?;
        let audience = targets(&request, &subject, asked.client)?;
        let on_behalf = grant.map_or(Subject::Client, Subject::User);
        let mut token = access_token(asked.rules, asked.client, &on_behalf, &scope, &audience, cx);
        if grant.is_none() {
            token.sub.clone_from(&subject.sub);
        }
        let actor_exp = actor.as_ref().map_or(u64::MAX, |actor| actor.exp);
        token.exp = token.exp.min(subject.exp).min(actor_exp);
        let details = subject.authorization_details.as_ref();
        token.authorization_details = policy::narrowed_details(details, asked.params)?;
        token.act = acting(&subject, actor.as_ref())?;
        Ok(Done::unchanged(Issue {
            access_token: token,
            opaque: None,
            refresh_token: None,
            id_token: None,
            issued_token_type: Some(ISSUED),
        }))
    }
}

fn check_requested(requested: Option<&TokenType>) -> Result<(), OAuthError> {
    match requested {
        None | Some(TokenType::AccessToken) => Ok(()),
        Some(_) => Err(OAuthError::invalid_request(
            "requested_token_type is not that of an access token",
        )),
    }
}

/// A token that is good now, and that this client may exchange. RFC 8693 §2.2.2 has one code for all that may be wrong
/// with it.
fn believed(
    given: &TypedToken,
    role: &str,
    asked: &Asked<'_>,
    facts: &Facts,
    cx: &Cx<'_>,
) -> Result<AccessToken, Halt> {
    let wrong = |text: &str| OAuthError::invalid_request(format!("{role} {text}"));
    if given.token_type != TokenType::AccessToken {
        return Err(wrong("is not of a type that is taken here: access tokens alone are").into());
    }
    let token = live_access_token(given.token.expose(), None, facts, asked.rules, cx.now)?
        .ok_or_else(|| wrong("is not an access token of this server that is good now"))?;
    let own = token.client_id == asked.client.client_id;
    let others = &asked.client.details.may_exchange;
    if !own && !others.iter().any(|id| id == token.client_id.as_str()) {
        return Err(wrong("was issued to a client whose tokens this one may not exchange").into());
    }
    // Or a token that only one key can use would become one that anybody can.
    if token.cnf.is_some() && asked.dpop_jkt.is_none() && asked.x5t_s256.is_none() {
        return Err(wrong("is bound to a key: a DPoP proof is missing").into());
    }
    Ok(token)
}

/// Less than the subject token's scope or as much, and nothing that the client may not have.
fn narrowed(
    request: &TokenExchange,
    subject: &AccessToken,
    client: &record::Client,
) -> Result<Scope, OAuthError> {
    let refused = |text| OAuthError::new(ErrorCode::InvalidScope, text);
    let both = |token: &&str| subject.scope.contains(token) && client.scope.contains(token);
    if let Some(asked) = &request.scope {
        let within = asked.iter().all(|token| both(&token));
        return if within {
            Ok(asked.clone())
        } else {
            Err(refused(
                "scope is more than the subject_token's, or than this client may ask for",
            ))
        };
    }
    let shared: Vec<&str> = subject.scope.iter().filter(both).collect();
    if shared.is_empty() && !subject.scope.is_empty() {
        return Err(refused(
            "nothing of the subject_token's scope is for this client",
        ));
    }
    let shared = shared.join(" ").parse();
    shared.map_err(|_| refused("scope is malformed"))
}

/// Where the new token may be used: what is asked for, if it is the old token's audience or registered for the client.
fn targets(
    request: &TokenExchange,
    subject: &AccessToken,
    client: &record::Client,
) -> Result<Vec<String>, OAuthError> {
    let mut targets: Vec<String> = Vec::new();
    for target in request.resource.iter().chain(&request.audience) {
        if !subject.aud.has(target) && !client.resources.contains(target) {
            return Err(OAuthError::new(
                ErrorCode::InvalidTarget,
                "the target is neither the subject_token's nor one that this client may use",
            ));
        }
        if !targets.contains(target) {
            targets.push(target.clone());
        }
    }
    if targets.is_empty() {
        targets.extend(subject.aud.iter().map(str::to_owned));
    }
    Ok(targets)
}

/// `act`: the actor, and within it whoever acted before (RFC 8693 §4.1). Without an actor the history stays.
fn acting(subject: &AccessToken, actor: Option<&AccessToken>) -> Result<Option<Value>, OAuthError> {
    let Some(actor) = actor else {
        return Ok(subject.act.clone());
    };
    let mut act = Map::new();
    act.insert("sub".to_owned(), actor.sub.as_str().into());
    act.insert("client_id".to_owned(), actor.client_id.as_str().into());
    if let Some(before) = &subject.act {
        if depth(before) >= MAX_ACTORS {
            let text = "subject_token has been handed on too often";
            return Err(OAuthError::invalid_request(text));
        }
        act.insert("act".to_owned(), before.clone());
    }
    Ok(Some(Value::Object(act)))
}

fn depth(act: &Value) -> usize {
    std::iter::successors(Some(act), |act| act.get("act")).count()
}
