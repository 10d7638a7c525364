//! Which members of `config.toml` belong to which method, and to which grant of method `oauth`.

/// A name, and the members that belong to it.
type Row = (&'static str, &'static [&'static str]);

const METHODS: &[Row] = &[
    ("basic", &["username", "password"]),
    ("digest", &["username", "password"]),
    ("netrc", &["file"]),
    ("bearer", &["token"]),
    ("api_key", &["key", "header", "query", "cookie"]),
    (
        "login",
        &[
            "url",
            "style",
            "username",
            "password",
            "token_pointer",
            "expires_pointer",
            "refresh_pointer",
            "refresh_url",
        ],
    ),
    (OAUTH, OF_ANY_GRANT),
];

const OAUTH: &str = "oauth";

const OF_ANY_GRANT: &[&str] = &[
    "provider",
    "variables",
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "backchannel_authentication_endpoint",
    "registration_endpoint",
    "end_session_endpoint",
    "jwks_uri",
    "client_id",
    "client_secret",
    "client_key",
    "client_key_id",
    "client_key_alg",
    "client_auth",
    "client_assertion_typ",
    "scope",
    "resource",
    "authorization_details",
    "params",
    "dpop",
    "par",
    "signed_request",
    "signed_response",
    "discovered",
    "grant",
];

const GRANTS: &[Row] = &[
    ("authorization_code", &["redirect_uri"]),
    ("device_code", &[]),
    (
        "ciba",
        &[
            "login_hint",
            "login_hint_token",
            "id_token_hint",
            "binding_message",
            "user_code",
        ],
    ),
    ("client_credentials", &[]),
    ("password", &["username", "password"]),
    (
        "jwt_bearer",
        &[
            "assertion",
            "assertion_key",
            "assertion_key_id",
            "assertion_key_alg",
            "assertion_issuer",
            "assertion_subject",
            "assertion_audience",
            "assertion_claims",
        ],
    ),
    (
        "token_exchange",
        &[
            "subject_token",
            "subject_token_type",
            "actor_token",
            "actor_token_type",
            "requested_token_type",
            "audience",
        ],
    ),
];

/// The first of these members that is none of the method's, nor of the grant's.
///
/// # Errors
///
/// The method or the grant is not known.
pub(super) fn stray(
    mut present: impl Iterator<Item = &'static str>,
    method: &str,
    grant: Option<&str>,
) -> Result<Option<&'static str>, String> {
    let own = of(METHODS, "method", method)?;
    let of_grant = match method {
        OAUTH => of(GRANTS, "grant", grant.unwrap_or("authorization_code"))?,
        _ => &[],
    };
    Ok(present.find(|member| !own.contains(member) && !of_grant.contains(member)))
}

/// The methods whose profiles may have a member.
pub(super) fn methods_with(member: &str) -> Vec<&'static str> {
    let of_a_grant = GRANTS.iter().any(|(_, members)| members.contains(&member));
    let has = |(name, members): &&Row| members.contains(&member) || (*name == OAUTH && of_a_grant);
    let found = METHODS.iter().filter(has);
    found.map(|(name, _)| *name).collect()
}

fn of(rows: &[Row], what: &str, wanted: &str) -> Result<&'static [&'static str], String> {
    let found = rows.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, members)| *members).ok_or_else(|| {
        let known: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
        format!(
            "{what} {wanted:?} is not known; expected one of {}",
            known.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::{GRANTS, methods_with};
    use crate::Grant;

    #[test]
    fn every_member_belongs_to_a_method_and_every_grant_has_a_row() {
        for (member, _) in Entry::default().members() {
            assert!(!methods_with(member).is_empty(), "{member}");
        }
        let rows: Vec<&str> = GRANTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(rows, Grant::NAMES);
    }

    #[test]
    fn a_member_tells_its_methods() {
        assert_eq!(methods_with("cookie"), ["api_key"]);
        assert_eq!(methods_with("subject_token"), ["oauth"]);
        assert_eq!(
            methods_with("username"),
            ["basic", "digest", "login", "oauth"]
        );
        for member in ["method", "api", "tokens", "unheard_of"] {
            assert!(methods_with(member).is_empty(), "{member}");
        }
    }
}
