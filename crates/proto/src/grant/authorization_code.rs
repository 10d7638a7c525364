//! The authorization code grant (RFC 6749 §4.1.3, with PKCE).

use super::{Asked, Grant, GrantParams};
use crate::decide::change::{AuditEvent, Change};
use crate::decide::live::both;
use crate::decide::login::{self, Party};
use crate::decide::record::{Code, Record};
use crate::decide::{Done, Facts, Halt, Issue, Judged, Refusal, Rules, issue, policy};
use crate::jose::access_token::Audience;
use crate::pkce::CodeVerifier;
use crate::{Cx, OAuthError, Params, Secret, Timestamp};

const GRANT_TYPE: &str = "authorization_code";

/// The parameters of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeExchange {
    /// `code`.
    pub code: Secret,
    /// `redirect_uri`, exactly as in the authorization request, if it was there.
    pub redirect_uri: Option<String>,
    /// `code_verifier` (RFC 7636 §4.5).
    pub code_verifier: Option<CodeVerifier>,
}

impl GrantParams for CodeExchange {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push("code", self.code.expose());
        params.push_some("redirect_uri", self.redirect_uri.as_deref());
        params.push_some(
            "code_verifier",
            self.code_verifier.as_ref().map(CodeVerifier::expose),
        );
        params
    }
}

impl CodeExchange {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without a code; `invalid_grant` for a verifier that cannot be one.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let code = params
            .get("code")
            .ok_or_else(|| OAuthError::invalid_request("code is missing"))?;
        let code_verifier = params
            .get("code_verifier")
            .map(|text| {
                CodeVerifier::parse(text)
                    .ok_or_else(|| OAuthError::invalid_grant("code_verifier is malformed"))
            })
            .transpose()?;
        Ok(Self {
            code: Secret::new(code),
            redirect_uri: params.get("redirect_uri").map(str::to_owned),
            code_verifier,
        })
    }
}

/// The grant.
#[derive(Debug)]
pub struct AuthorizationCode;

impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = CodeExchange::parse(asked.params)?;
        let code = facts
            .code(&request.code.digest())?
            .ok_or_else(|| OAuthError::invalid_grant("code is not known"))?;
        // Everything the holder must know besides the code comes first: whoever only found a code can neither
        // spend it nor have its grant revoked.
        if code.client_id != asked.client.client_id {
            return Err(OAuthError::invalid_grant("code was issued to another client").into());
        }
        if code.redirect_uri != request.redirect_uri {
            return Err(OAuthError::invalid_grant(
                "redirect_uri is not the one of the authorization request",
            )
            .into());
        }
        check_pkce(code, request.code_verifier.as_ref())?;
        check_key(code, asked.dpop_jkt)?;
        check_unspent(code, facts, cx)?;
        if is_over(code, asked.rules, cx.now) {
            return Err(OAuthError::invalid_grant("code has expired").into());
        }
        let over = login::is_over(code.details.sid.as_deref(), facts, cx.now);
        let (user, over) = both(facts.user(&code.user_id), over)?;
        if over {
            return Err(
                OAuthError::invalid_grant("the login has ended that the code came from").into(),
            );
        }
        let user = user
            .filter(|user| user.admits(code.auth_time))
            .ok_or_else(|| OAuthError::invalid_grant(policy::ACCOUNT))?;
        let audience = policy::targets(&code.audience, asked.params)?;
        let consented = code.details.authorization_details.as_ref();
        let details = policy::narrowed_details(consented, asked.params)?;
        let consent = issue::Consent {
            grant_id: code.grant_id,
            user_id: &code.user_id,
            scope: &code.scope,
            audience: &code.audience,
            details: &code.details,
        };
        let (grant, mut issue) = issue::grant(asked.rules, asked.client, &consent, cx);
        issue.access_token.aud = Audience::of(&audience);
        issue.access_token.authorization_details = details;
        issue.tell(&code.details, user);
        let spend = Change::SpendCode {
            digest: code.digest,
            at: cx.now,
        };
        let mut changes = vec![spend];
        changes.extend(Party::of(&grant, asked.rules, cx.now));
        changes.push(Change::Insert(Record::Grant(grant)));
        Ok(Done {
            changes,
            value: issue,
        })
    }
}

/// A code that ends later than any that could be made now was made by a clock that has been set back since. It may have
/// ended already, and is not brought to life again. The longest lifetime is allowed twice, for clocks differ a little.
fn is_over(code: &Code, rules: &Rules, now: Timestamp) -> bool {
    let longest = rules.code_ttl(true).max(rules.code_ttl(false));
    now >= code.expires_at || code.expires_at > now + 2 * longest
}

fn check_pkce(code: &Code, verifier: Option<&CodeVerifier>) -> Result<(), OAuthError> {
    match (&code.code_challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.is_answered_by(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier does not match code_challenge",
        )),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        // RFC 9700 §2.1.1: or PKCE could be stripped from the authorization request.
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier was sent without a code_challenge",
        )),
    }
}

/// RFC 9449 §10: a code that was asked for with `dpop_jkt` is good only with that key.
fn check_key(code: &Code, jkt: Option<&str>) -> Result<(), OAuthError> {
    match code.details.dpop_jkt.as_deref() {
        Some(bound) if jkt != Some(bound) => Err(OAuthError::invalid_grant(
            "code is bound to another DPoP key (dpop_jkt)",
        )),
        _ => Ok(()),
    }
}

/// RFC 6749 §4.1.2: a code that comes twice revokes what it gave. Not so for the loser of a race, which asked at
/// the same moment with the same code: that is what a retry by a nervous client looks like.
fn check_unspent(code: &Code, facts: &Facts, cx: &Cx<'_>) -> Result<(), Halt> {
    if code.spent_at.is_none() {
        return Ok(());
    }
    let error = OAuthError::invalid_grant("code was used already");
    if facts.raced() {
        return Err(error.into());
    }
    let audit = AuditEvent::new(cx.now, "code.replayed")
        .client(&code.client_id)
        .user(&code.user_id)
        .grant(code.grant_id);
    let revoke = Change::Revoke {
        grant_id: code.grant_id,
        at: cx.now,
    };
    Err(Halt::Refuse(Refusal {
        changes: vec![revoke, Change::Audit(audit)],
        error,
    }))
}
