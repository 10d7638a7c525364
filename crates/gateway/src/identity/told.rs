//! What there is to tell of somebody.

use gatepass_guard::{Identity, Scheme};
use serde_json::Value;

/// What there is to tell of somebody who has passed, read out of an [`Identity`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) subject: &'a str,
    pub(super) client_id: Option<&'a str>,
    /// Scope tokens, separated by spaces.
    pub(super) scope: String,
    pub(super) issuer: Option<&'a str>,
    /// By which credentials: `basic`, `bearer`, `dpop`, `mtls`, `api-key` or `login`.
    pub(super) scheme: &'static str,
    /// What the user is called, where that is another thing than the subject.
    pub(super) username: Option<&'a str>,
    pub(super) email: Option<&'a str>,
    pub(super) groups: Vec<&'a str>,
    /// Who acts for the subject (RFC 8693 §4.1).
    pub(super) actor: Option<&'a str>,
    pub(super) acr: Option<&'a str>,
    pub(super) auth_time: Option<u64>,
    /// The `jti` of the access token.
    pub(super) token_id: Option<&'a str>,
}

impl<'a> Told<'a> {
    pub(super) fn of(identity: &'a Identity) -> Self {
        let told = Self {
            subject: &identity.subject,
            client_id: identity.client_id.as_ref().map(|id| id.as_str()),
            scope: identity.scope.to_string(),
            issuer: identity.issuer.as_deref(),
            actor: identity.act.as_ref().and_then(|act| text(act.get("sub"))),
            acr: identity.acr.as_deref(),
            auth_time: identity.auth_time,
            ..Self::default()
        };
        match &identity.scheme {
            Scheme::Basic { username } => Self {
                scheme: "basic",
                username: Some(username),
                ..told
            },
            Scheme::Bearer { claims } => Self {
                scheme: match &claims.cnf {
                    Some(cnf) if cnf.jkt.is_some() => "dpop",
                    Some(_) => "mtls",
                    None => "bearer",
                },
                token_id: Some(claims.jti.as_str()).filter(|jti| !jti.is_empty()),
                ..told
            },
            // A key is named by whoever has it, who might name it after somebody else.
            Scheme::ApiKey { .. } => Self {
                scheme: "api-key",
                ..told
            },
            Scheme::Login { claims } => Self {
                scheme: "login",
                username: text(claims.get("preferred_username")),
                email: text(claims.get("email")),
                groups: texts(claims.get("groups")),
                ..told
            },
        }
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    }
}
