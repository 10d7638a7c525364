//! What a successful token request gives.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::details::GrantDetails;
use super::id_token::id_token;
use super::record::{Client, Family, Grant};
use super::{Rules, family, policy};
use crate::id_token::IdToken;
use crate::jose::access_token::{AccessToken, Audience};
use crate::{Cx, GrantId, Scope, Secret, Timestamp, UserId};

/// Everything of an answer but the signature, which is made after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The claims to sign.
    pub access_token: AccessToken,
    /// The access token itself, where it is opaque; it stands for these claims.
    pub opaque: Option<Secret>,
    /// The refresh token that goes with it.
    pub refresh_token: Option<Secret>,
    /// `issued_token_type`, where one token was exchanged for another (RFC 8693 §2.2.1).
    pub issued_token_type: Option<&'static str>,
    /// The ID token that goes with it, to be signed after the access token.
    pub id_token: Option<IdToken>,
}

/// On whose behalf an access token acts.
pub(crate) enum Subject<'a> {
    /// A user, by a grant.
    User(&'a Grant),
    /// The client itself.
    Client,
}

/// The claims of a fresh access token (RFC 9068 §2.2).
pub(crate) fn access_token(
    rules: &Rules,
    client: &Client,
    subject: &Subject<'_>,
    scope: &Scope,
    audience: &[String],
    cx: &mut Cx<'_>,
) -> AccessToken {
    let until = cx.now + rules.access_token_ttl(client);
    let (sub, grant_id, until) = match subject {
        // Nothing outlives the grant it came from, for then nobody could say whether it was withdrawn.
        Subject::User(grant) => (
            rules.subject(client, &grant.user_id),
            Some(grant.grant_id),
            until.min(grant.expires_at),
        ),
        Subject::Client => (client.client_id.to_string(), None, until),
    };
    let login = match subject {
        Subject::User(grant) => Some(&*grant.details),
        Subject::Client => None,
    };
    AccessToken {
        iss: rules.issuer.clone(),
        sub,
        aud: Audience::of(audience),
        client_id: client.client_id.clone(),
        scope: scope.clone(),
        iat: cx.now.as_secs(),
        exp: until.as_secs(),
        nbf: None,
        jti: URL_SAFE_NO_PAD.encode(cx.bytes::<16>()),
        cnf: None,
        grant_id,
        authorization_details: login.and_then(|details| details.authorization_details.clone()),
        act: None,
        auth_time: login.and_then(|details| details.auth_time.map(Timestamp::as_secs)),
        acr: login.and_then(|details| details.acr.clone()),
    }
}

/// What a user allowed a client to do.
pub(crate) struct Consent<'a> {
    pub(crate) grant_id: GrantId,
    pub(crate) user_id: &'a UserId,
    pub(crate) scope: &'a Scope,
    pub(crate) audience: &'a [String],
    pub(crate) details: &'a GrantDetails,
}

/// A new grant, with a refresh family if the client may refresh, and its first tokens.
pub(crate) fn grant(
    rules: &Rules,
    client: &Client,
    consent: &Consent<'_>,
    cx: &mut Cx<'_>,
) -> (Grant, Issue) {
    let family = policy::has_refresh(client, consent.scope).then(|| Family {
        seed: cx.bytes(),
        key_version: rules.refresh_keys.current(),
        head: 1,
        rotated_at: cx.now,
    });
    let lifetime = if family.is_some() {
        rules.lifetimes.refresh
    } else {
        rules.access_token_ttl(client)
    };
    let grant = Grant {
        grant_id: consent.grant_id,
        client_id: client.client_id.clone(),
        user_id: consent.user_id.clone(),
        scope: consent.scope.clone(),
        audience: consent.audience.to_vec(),
        created_at: cx.now,
        expires_at: cx.now + lifetime,
        revoked_at: None,
        family,
        details: Box::new(consent.details.clone()),
    };
    let mut issue = from_grant(rules, client, &grant, &grant.scope, &grant.audience, 1, cx);
    if let Some(id_token) = &mut issue.id_token {
        id_token.claims.nonce.clone_from(&grant.details.nonce);
    }
    (grant, issue)
}

/// Tokens from a grant: an access token for `scope`, and the refresh token at `position` of its family.
pub(crate) fn from_grant(
    rules: &Rules,
    client: &Client,
    grant: &Grant,
    scope: &Scope,
    audience: &[String],
    position: u32,
    cx: &mut Cx<'_>,
) -> Issue {
    let access_token = access_token(rules, client, &Subject::User(grant), scope, audience, cx);
    Issue {
        id_token: id_token(client, grant, &access_token),
        access_token,
        opaque: None,
        refresh_token: family::derive(grant, position, &rules.refresh_keys),
        issued_token_type: None,
    }
}
