//! Grants that rest on a token or a statement that is there already.

use std::sync::Arc;

use gatepass_proto::grant::jwt_bearer::{
    Assertion, JwtBearer as ReadyBearer, SignedBearer, Statement,
};
use gatepass_proto::grant::token_exchange::{
    TokenExchange as ExchangeParams, TokenType, TypedToken,
};
use serde_json::{Map, Value};

use crate::acquire::Ready;
use crate::inner::Inner;
use crate::server::{Door, Server};
use crate::{ClientKey, Error, JwtBearer, OAuth, SecretRef, SignedAssertion, TokenExchange};

impl Inner {
    /// The parameters of a JWT bearer grant (RFC 7523 §2.1).
    pub(crate) async fn bearer(
        &self,
        oauth: &OAuth,
        bearer: &JwtBearer,
        server: &Server,
    ) -> Result<Ready, Error> {
        let (scope, resource) = (oauth.scope.clone(), oauth.resource.clone());
        Ok(match bearer {
            JwtBearer::Ready(from) => Box::new(ReadyBearer {
                assertion: from.read().await?,
                scope,
                resource,
            }),
            JwtBearer::Signed(signed) => {
                let account = account(&signed.key).await?;
                let statement = Statement {
                    assertion: stated(signed, &account, oauth, server)?,
                    key: Arc::new(signed.key.read().await?),
                };
                Box::new(SignedBearer {
                    statement,
                    scope,
                    resource,
                })
            }
        })
    }

    /// The parameters of a token exchange (RFC 8693 §2.1).
    pub(crate) async fn exchange(
        &self,
        oauth: &OAuth,
        exchange: &TokenExchange,
    ) -> Result<ExchangeParams, Error> {
        let actor = match &exchange.actor_token {
            Some(token) => Some(typed(token, exchange.actor_token_type.as_deref()).await?),
            None => None,
        };
        let kind = exchange.subject_token_type.as_deref();
        Ok(ExchangeParams {
            subject: typed(&exchange.subject_token, kind).await?,
            actor,
            requested_token_type: exchange
                .requested_token_type
                .as_deref()
                .map(TokenType::from),
            audience: exchange.audience.clone(),
            resource: oauth.resource.clone(),
            scope: oauth.scope.clone(),
        })
    }
}

async fn typed(token: &SecretRef, kind: Option<&str>) -> Result<TypedToken, Error> {
    Ok(TypedToken {
        token: token.read().await?,
        token_type: kind.map_or(TokenType::AccessToken, TokenType::from),
    })
}

/// The members of a service account's file, where the key stands in one.
async fn account(key: &ClientKey) -> Result<Map<String, Value>, Error> {
    let text = key.key.read_all().await?;
    let read: Result<Map<String, Value>, _> = serde_json::from_str(text.expose());
    let is_account = |members: &Map<String, Value>| members.contains_key("private_key");
    Ok(read.ok().filter(is_account).unwrap_or_default())
}

/// What the assertion states: what the profile says, else the account's file, else what is usual.
fn stated(
    signed: &SignedAssertion,
    account: &Map<String, Value>,
    oauth: &OAuth,
    server: &Server,
) -> Result<Assertion, Error> {
    let text = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
    let issuer = signed.issuer.clone().or_else(|| text("client_email"));
    let issuer = issuer
        .or_else(|| oauth.client_id.clone())
        .ok_or_else(|| Error::Setup("assertion_issuer is missing".into()))?;
    let audience = signed.audience.clone().or_else(|| text("token_uri"));
    let audience = match audience.or_else(|| server.issuer.clone()) {
        Some(audience) => audience,
        None => server.need(Door::Token)?.to_owned(),
    };
    let mut assertion = Assertion::new(issuer.as_str(), issuer.as_str(), audience);
    for (name, value) in &signed.claims {
        assertion.claims.insert(name.clone(), value.as_str().into());
    }
    if !account.is_empty() {
        // Google reads the scope there, and takes `sub` for somebody to act for.
        assertion.sub = None;
        if let Some(scope) = &oauth.scope {
            let claim = assertion.claims.entry("scope");
            claim.or_insert_with(|| scope.to_string().into());
        }
    }
    if let Some(subject) = &signed.subject {
        assertion.sub = Some(subject.clone());
    }
    Ok(assertion)
}
