//! The refresh token grant (RFC 6749 §6), with rotation and a grace (RFC 9700 §4.14.2).

use super::{Asked, Grant, GrantParams};
use crate::decide::change::{AuditEvent, Change};
use crate::decide::family::{Presented, Standing};
use crate::decide::record::{self, Family};
use crate::decide::{Done, Facts, Halt, Issue, Judged, Refusal, issue, policy};
use crate::{Cx, ErrorCode, OAuthError, Params, Scope, Secret};

const GRANT_TYPE: &str = "refresh_token";

/// The parameters of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// `refresh_token`.
    pub refresh_token: Secret,
    /// `scope`, to get less than was consented to.
    pub scope: Option<Scope>,
}

impl GrantParams for Refresh {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push("refresh_token", self.refresh_token.expose());
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        params
    }
}

impl Refresh {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without a token; `invalid_scope` for a malformed scope.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let token = params
            .get("refresh_token")
            .ok_or_else(|| OAuthError::invalid_request("refresh_token is missing"))?;
        Ok(Self {
            refresh_token: Secret::new(token),
            scope: policy::asked_scope(params)?,
        })
    }
}

/// The grant.
#[derive(Debug)]
pub struct RefreshToken;

impl Grant for RefreshToken {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = Refresh::parse(asked.params)?;
        let unknown = || OAuthError::invalid_grant("refresh token is not known");
        let presented = Presented::parse(request.refresh_token.expose()).ok_or_else(unknown)?;
        let grant = facts.grant(&presented.grant_id)?.ok_or_else(unknown)?;
        let family = grant.family.as_ref().ok_or_else(unknown)?;
        if !presented.is_genuine(family, &asked.rules.refresh_keys)? {
            return Err(unknown().into());
        }
        check_live(asked, grant, family, cx)?;
        let user = facts.user(&grant.user_id)?;
        let user = user
            .filter(|user| user.admits(grant.since()))
            .ok_or_else(|| OAuthError::invalid_grant(policy::ACCOUNT))?;
        let grace = asked.rules.refresh_grace(asked.client);
        let (position, changes) = match presented.standing(family, grace, cx.now) {
            Standing::Head => {
                // FAPI 2.0 Security Profile §5.3.2.1: the same token again; it is bound to its sender by other means.
                let step = u32::from(!asked.client.details.fapi);
                let to = family.head.checked_add(step).ok_or_else(unknown)?;
                (
                    to,
                    vec![Change::Advance {
                        grant_id: grant.grant_id,
                        from: family.head,
                        to,
                        at: cx.now,
                    }],
                )
            }
            // The answer was lost, or a second process asked at the same time: the same successor again.
            Standing::Graced => (family.head, Vec::new()),
            Standing::Replayed => return Err(replayed(grant, cx)),
        };
        let scope = narrowed(grant, request.scope)?;
        let audience = policy::targets(&grant.audience, asked.params)?;
        let consented = grant.details.authorization_details.as_ref();
        let details = policy::narrowed_details(consented, asked.params)?;
        let mut value = issue::from_grant(
            asked.rules,
            asked.client,
            grant,
            &scope,
            &audience,
            position,
            cx,
        );
        value.access_token.authorization_details = details;
        value.tell(&grant.details, user);
        Ok(Done { changes, value })
    }
}

fn check_live(
    asked: &Asked<'_>,
    grant: &record::Grant,
    family: &Family,
    cx: &Cx<'_>,
) -> Result<(), OAuthError> {
    if grant.client_id != asked.client.client_id {
        return Err(OAuthError::invalid_grant(
            "refresh token was issued to another client",
        ));
    }
    // RFC 9449 §5: a client that can authenticate may change its key, as it may change its secret.
    let bound = grant.details.dpop_jkt.as_deref();
    if asked.client.is_public() && bound.is_some() && asked.dpop_jkt != bound {
        return Err(OAuthError::invalid_grant(
            "refresh token is bound to another DPoP key",
        ));
    }
    // RFC 8705 §4.
    let certificate = grant.details.x5t_s256.as_deref();
    if asked.client.is_public() && certificate.is_some() && asked.x5t_s256 != certificate {
        return Err(OAuthError::invalid_grant(
            "refresh token is bound to another certificate",
        ));
    }
    if grant.revoked_at.is_some() {
        return Err(OAuthError::invalid_grant("refresh token was revoked"));
    }
    let idle = family.rotated_at + asked.rules.lifetimes.refresh_idle;
    if cx.now >= grant.expires_at || cx.now >= idle {
        return Err(OAuthError::invalid_grant("refresh token has expired"));
    }
    Ok(())
}

/// Two parties hold tokens of this family, and one of them stole them: nobody keeps any.
fn replayed(grant: &record::Grant, cx: &Cx<'_>) -> Halt {
    let audit = AuditEvent::new(cx.now, "refresh.replayed")
        .client(&grant.client_id)
        .user(&grant.user_id)
        .grant(grant.grant_id);
    let revoke = Change::Revoke {
        grant_id: grant.grant_id,
        at: cx.now,
    };
    Halt::Refuse(Refusal {
        changes: vec![revoke, Change::Audit(audit)],
        error: OAuthError::invalid_grant(
            "refresh token was used already; all tokens of this login are revoked",
        ),
    })
}

/// RFC 6749 §6: less than was consented to, never more.
fn narrowed(grant: &record::Grant, asked: Option<Scope>) -> Result<Scope, OAuthError> {
    match asked {
        None => Ok(grant.scope.clone()),
        Some(scope) if scope.is_subset_of(&grant.scope) => Ok(scope),
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "scope is more than was consented to",
        )),
    }
}
