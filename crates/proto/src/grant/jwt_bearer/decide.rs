//! The server's end of the JWT bearer grant.

use std::time::Duration;

use serde::Deserialize;

use super::{GRANT_TYPE, JwtBearer};
use crate::decide::change::{AuditEvent, Change};
use crate::decide::details::GrantDetails;
use crate::decide::record::{self, Record};
use crate::decide::{Done, Facts, Issue, Judged, Rules, issue, policy};
use crate::grant::{Asked, Grant};
use crate::jose::access_token::Audience;
use crate::jose::{VerifiedJws, numeric_date, numeric_date_if_any};
use crate::{Cx, Digest, GrantId, OAuthError, Timestamp};

/// How far ahead an assertion may end (RFC 7523 §3: "unreasonably far in the future").
const LONGEST: Duration = Duration::from_secs(3600);
/// By how much an issuer's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(60);
/// The longest `jti` that is taken, in bytes.
const MAX_JTI: usize = 256;

/// The grant: the word of an issuer that the operator trusts, about a user of ours.
#[derive(Debug)]
pub struct Bearer;

/// What an assertion must say (RFC 7523 §3). Moments that are text are none.
#[derive(Deserialize)]
struct Stated {
    iss: String,
    sub: String,
    aud: Audience,
    jti: String,
    #[serde(deserialize_with = "numeric_date")]
    exp: u64,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    iat: Option<u64>,
}

impl Grant for Bearer {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = JwtBearer::parse(asked.params)?;
        let stated = Stated::check(request.assertion.expose(), asked.rules, cx.now)?;
        let scope = policy::scope(asked.client, request.scope.as_ref())?;
        let resources = request.resource.iter().map(String::as_str);
        let audience = policy::audience(asked.client, asked.rules, resources)?;
        let user = facts
            .username(&stated.sub)?
            .filter(|user| user.locked_at.is_none())
            .ok_or_else(|| OAuthError::invalid_grant("sub is not a user here"))?;
        // RFC 7521 §4.1: no refresh token, for another assertion does as well; so there is no family.
        let grant = record::Grant {
            grant_id: GrantId::generate(cx),
            client_id: asked.client.client_id.clone(),
            user_id: user.user_id.clone(),
            scope,
            audience,
            created_at: cx.now,
            expires_at: cx.now + asked.rules.access_token_ttl(asked.client),
            revoked_at: None,
            family: None,
            details: Box::new(GrantDetails::default()),
        };
        let value = issue::from_grant(
            asked.rules,
            asked.client,
            &grant,
            &grant.scope,
            &grant.audience,
            1,
            cx,
        );
        let audit = AuditEvent::new(cx.now, "assertion.taken")
            .client(&grant.client_id)
            .user(&grant.user_id)
            .grant(grant.grant_id);
        Ok(Done {
            changes: vec![
                stated.once(),
                Change::Insert(Record::Grant(grant)),
                Change::Audit(audit),
            ],
            value,
        })
    }
}

impl Stated {
    /// Checks an assertion in every respect that needs no database (RFC 7523 §3, RFC 8725).
    fn check(assertion: &str, rules: &Rules, now: Timestamp) -> Result<Self, OAuthError> {
        let wrong = |text| OAuthError::invalid_grant(text);
        let stated = rules
            .trusted_issuers
            .iter()
            .find_map(|trusted| {
                let jws = VerifiedJws::check(assertion, &trusted.keys).ok()?;
                let stated: Self = serde_json::from_slice(&jws.payload).ok()?;
                (jws.is_plain() && stated.iss == trusted.issuer).then_some(stated)
            })
            .ok_or_else(|| {
                wrong("assertion is not that of an issuer who is trusted here, or lacks a claim")
            })?;
        if !stated.is_for(rules) {
            return Err(wrong("assertion's aud is not this server alone"));
        }
        if now >= Timestamp::from_secs(stated.exp) {
            return Err(wrong("assertion has expired"));
        }
        if now + LONGEST < Timestamp::from_secs(stated.exp) {
            return Err(wrong("assertion ends more than an hour from now"));
        }
        let earliest = stated
            .nbf
            .unwrap_or_default()
            .max(stated.iat.unwrap_or_default());
        if now + AHEAD < Timestamp::from_secs(earliest) {
            return Err(wrong("assertion is not valid yet"));
        }
        if stated.jti.is_empty() || stated.jti.len() > MAX_JTI {
            return Err(wrong("assertion's jti is empty or too long"));
        }
        Ok(stated)
    }

    /// The issuer or the token endpoint, and nobody beside: a list is how one server makes another take what was meant
    /// for it.
    fn is_for(&self, rules: &Rules) -> bool {
        let mut meant = self.aud.iter();
        let (Some(one), None) = (meant.next(), meant.next()) else {
            return false;
        };
        one == rules.issuer || one == rules.token_endpoint
    }

    /// An assertion is taken once; each issuer numbers its own.
    fn once(&self) -> Change {
        Change::Once {
            space: "jwt-bearer",
            hash: Digest::of(format!("{}\n{}", self.iss, self.jti)),
            until: Timestamp::from_secs(self.exp),
        }
    }
}
