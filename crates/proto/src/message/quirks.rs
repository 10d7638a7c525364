//! How real servers differ from the standard, as data: no other code asks which provider it speaks to.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Scope;

/// How one provider differs from the standard. The default is the standard itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// What stands between the scopes of an authorization request.
    pub scope_delimiter: ScopeDelimiter,
    /// What is added to every authorization request, such as `access_type=offline`.
    pub authorize_params: BTreeMap<String, String>,
    /// What is added to every request for a token.
    pub token_params: BTreeMap<String, String>,
    /// Where in the answer the object is that holds the token (RFC 6901), such as `/authed_user`. An answer that has
    /// no token there is read as the standard has it.
    pub token_at: Option<String>,
    /// What the token is in truth, where the server's `token_type` says something of its own.
    pub token_type: Option<String>,
    /// What this server says for `invalid_grant`: the whole of its code or of its sentence.
    pub invalid_grant: Vec<String>,
    /// How a client that has a secret shows itself; the server takes no other way, or is documented by this one.
    pub client_auth: Option<String>,
    /// The `typ` of the assertions by which a client shows itself (RFC 7523 §2.2).
    pub client_assertion_typ: AssertionTyp,
    /// Whether PKCE is sent. Only a server that refuses it has `false`.
    pub pkce: bool,
    /// By which name the redirect URI of a program on a person's own machine calls that machine.
    pub loopback: LoopbackName,
    /// Whether the port of a loopback redirect URI must be registered too, against RFC 8252 §7.3.
    pub fixed_port: bool,
    /// The issuer that ID tokens name, where one metadata document serves many tenants: `{tenantid}` stands for the
    /// token's own `tid`.
    pub issuer_template: Option<String>,
    /// How a token is revoked at the `revocation_endpoint`.
    pub revoke_by: RevokeBy,
}

/// What stands between scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeDelimiter {
    /// A space (RFC 6749 §3.3).
    #[default]
    Space,
    /// A comma.
    Comma,
}

/// The `typ` of a client's assertion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssertionTyp {
    /// `JWT`, the form that servers know from before draft-ietf-oauth-rfc7523bis; some refuse any other.
    #[default]
    #[serde(rename = "JWT")]
    Jwt,
    /// `client-authentication+jwt`, which draft-ietf-oauth-rfc7523bis §4 asks for.
    #[serde(rename = "client-authentication+jwt")]
    ClientAuthentication,
}

/// A name of this machine in a redirect URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoopbackName {
    /// `127.0.0.1`, as RFC 8252 §8.3 advises.
    #[default]
    #[serde(rename = "127.0.0.1")]
    Ip,
    /// `localhost`, where the server registers no addresses.
    #[serde(rename = "localhost")]
    Localhost,
}

/// How a token is revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeBy {
    /// A form with `token` and the client's proof (RFC 7009).
    #[default]
    Form,
    /// A POST without a body, proven by the token itself as Bearer.
    Bearer,
    /// DELETE with the client's Basic and the JSON body `{"access_token": …}`; the endpoint has `{client_id}` in it.
    Delete,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            scope_delimiter: ScopeDelimiter::Space,
            authorize_params: BTreeMap::new(),
            token_params: BTreeMap::new(),
            token_at: None,
            token_type: None,
            invalid_grant: Vec::new(),
            client_auth: None,
            client_assertion_typ: AssertionTyp::Jwt,
            pkce: true,
            loopback: LoopbackName::Ip,
            fixed_port: false,
            issuer_template: None,
            revoke_by: RevokeBy::Form,
        }
    }
}

impl Quirks {
    /// A scope as this server wants to be asked for it.
    pub fn write_scope(&self, scope: &Scope) -> String {
        let text = scope.to_string();
        match self.scope_delimiter {
            ScopeDelimiter::Space => text,
            ScopeDelimiter::Comma => text.replace(' ', ","),
        }
    }
}

impl AssertionTyp {
    /// The type as it stands in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::ClientAuthentication => "client-authentication+jwt",
        }
    }
}

impl fmt::Display for AssertionTyp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl LoopbackName {
    /// The host of a redirect URI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "127.0.0.1",
            Self::Localhost => "localhost",
        }
    }
}

impl fmt::Display for LoopbackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{AssertionTyp, LoopbackName, Quirks, RevokeBy, ScopeDelimiter};

    #[test]
    fn the_default_is_the_standard() {
        let none: Quirks = serde_json::from_str("{}").expect("nothing is said");
        assert_eq!(none, Quirks::default());
        assert!(none.pkce);
        let scope = "a b".parse().expect("a scope");
        assert_eq!(none.write_scope(&scope), "a b");
    }

    #[test]
    fn quirks_are_data() {
        let quirks: Quirks = serde_json::from_str(
            r#"{"scope_delimiter":"comma","loopback":"localhost","revoke_by":"bearer","pkce":false}"#,
        )
        .expect("quirks");
        let scope = "a b c".parse().expect("a scope");
        assert_eq!(quirks.write_scope(&scope), "a,b,c");
        assert_eq!(
            (quirks.scope_delimiter, quirks.loopback, quirks.revoke_by),
            (
                ScopeDelimiter::Comma,
                LoopbackName::Localhost,
                RevokeBy::Bearer
            )
        );
        assert_eq!(quirks.loopback.to_string(), "localhost");
        let written = serde_json::to_string(&quirks).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Quirks>(&written).expect("reads back"),
            quirks
        );
        assert!(serde_json::from_str::<Quirks>(r#"{"pcke":false}"#).is_err());
    }

    #[test]
    fn an_assertion_is_a_plain_jwt_unless_the_server_wants_its_own_type() {
        assert_eq!(Quirks::default().client_assertion_typ, AssertionTyp::Jwt);
        let quirks: Quirks =
            serde_json::from_str(r#"{"client_assertion_typ":"client-authentication+jwt"}"#)
                .expect("quirks");
        let typ = quirks.client_assertion_typ;
        assert_eq!(typ, AssertionTyp::ClientAuthentication);
        assert_eq!(typ.to_string(), "client-authentication+jwt");
        assert!(serde_json::from_str::<Quirks>(r#"{"client_assertion_typ":"jws"}"#).is_err());
    }
}
