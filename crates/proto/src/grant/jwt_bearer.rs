//! The JWT bearer grant (RFC 7523 §2.1): a signed statement in place of a person's consent, as service accounts use it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::GrantParams;
use crate::jose::{BadKey, SigningKey, jti};
use crate::{Cx, ErrorCode, OAuthError, Params, Scope, Secret};

mod decide;

pub use decide::Bearer;

/// Its `grant_type`.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion is good when nobody says. It is used at once.
const LIFETIME: Duration = Duration::from_secs(300);

/// The parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtBearer {
    /// `assertion`.
    pub assertion: Secret,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

impl GrantParams for JwtBearer {
    fn to_params(&self) -> Params {
        let mut params = params(self.scope.as_ref(), &self.resource);
        params.push("assertion", self.assertion.expose());
        params
    }
}

/// The parameters, but for the assertion, which is signed when they are sent: by the server's clock too, where ours has
/// dated it wrong.
#[derive(Clone, Debug)]
pub struct SignedBearer {
    /// What is signed, and by what.
    pub statement: Statement,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

impl GrantParams for SignedBearer {
    fn to_params(&self) -> Params {
        params(self.scope.as_ref(), &self.resource)
    }

    fn statement(&self) -> Option<Statement> {
        Some(self.statement.clone())
    }
}

fn params(scope: Option<&Scope>, resources: &[String]) -> Params {
    let mut params = Params::new();
    params.push("grant_type", GRANT_TYPE);
    params.push_some("scope", scope.map(ToString::to_string));
    for resource in resources {
        params.push("resource", resource);
    }
    params
}

/// An assertion that is still to be signed.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it states.
    pub assertion: Assertion,
    /// The key that it is signed with.
    pub key: Arc<SigningKey>,
}

impl Statement {
    /// Signs it as of now.
    ///
    /// # Errors
    ///
    /// As [`Assertion::sign`].
    pub fn sign(&self, cx: &mut Cx<'_>) -> Result<Secret, BadKey> {
        self.assertion.sign(&self.key, cx)
    }
}

impl JwtBearer {
    /// An assertion that is all there is to say.
    pub fn new(assertion: Secret) -> Self {
        Self {
            assertion,
            scope: None,
            resource: Vec::new(),
        }
    }

    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without an assertion; `invalid_scope` for a malformed scope.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let assertion = params
            .get("assertion")
            .ok_or_else(|| OAuthError::invalid_request("assertion is missing"))?;
        let scope = params
            .get("scope")
            .map(str::parse)
            .transpose()
            .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
        Ok(Self {
            assertion: Secret::new(assertion),
            scope,
            resource: params.all("resource").map(str::to_owned).collect(),
        })
    }
}

/// What an assertion states (RFC 7523 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// `iss`: who states it.
    pub iss: String,
    /// `sub`: about whom. RFC 7523 requires it; Google wants it only where one account acts for another.
    pub sub: Option<String>,
    /// `aud`: to whom, the server's issuer or its token endpoint.
    pub aud: String,
    /// From `iat` to `exp`. Many a server refuses more than an hour.
    pub lifetime: Duration,
    /// Further claims, such as the `scope` that Google reads there. They cannot take the place of those above.
    pub claims: Map<String, Value>,
}

impl Assertion {
    /// A statement of `iss` about `sub` to `aud`, good for five minutes.
    pub fn new(iss: impl Into<String>, sub: impl Into<String>, aud: impl Into<String>) -> Self {
        Self {
            iss: iss.into(),
            sub: Some(sub.into()),
            aud: aud.into(),
            lifetime: LIFETIME,
            claims: Map::new(),
        }
    }

    /// Signs it as of now, with a `jti` of its own: an assertion is used once.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the library refuses to sign.
    pub fn sign(&self, key: &SigningKey, cx: &mut Cx<'_>) -> Result<Secret, BadKey> {
        let mut claims = self.claims.clone();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", self.iss.as_str().into());
        if let Some(sub) = &self.sub {
            put("sub", sub.as_str().into());
        }
        put("aud", self.aud.as_str().into());
        put("iat", cx.now.as_secs().into());
        put("exp", (cx.now + self.lifetime).as_secs().into());
        put("jti", jti(cx).into());
        key.sign("JWT", &claims).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Assertion, JwtBearer};
    use crate::grant::GrantParams as _;
    use crate::jose::{KeySet, SigningKey, VerifiedJws};
    use crate::{Cx, Entropy, ErrorCode, Params, Secret, Timestamp};

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    fn signed(assertion: &Assertion, key: &SigningKey, entropy: &mut Counting) -> Value {
        let cx = &mut Cx::new(Timestamp::from_millis(1_700_000_000_900), entropy);
        let token = assertion.sign(key, cx).expect("signs");
        let jws = VerifiedJws::check(token.expose(), &KeySet::of([key.jwk()])).expect("verifies");
        assert_eq!(jws.typ.as_deref(), Some("jwt"));
        serde_json::from_slice(&jws.payload).expect("claims")
    }

    #[test]
    fn an_assertion_says_what_it_must_and_nothing_twice() {
        let mut entropy = Counting(7);
        let cx = &mut Cx::new(Timestamp::default(), &mut entropy);
        let key = SigningKey::generate("ES256", cx).expect("a key");
        let entropy = &mut Counting(0);
        let assertion = Assertion {
            sub: None,
            lifetime: Duration::from_secs(3600),
            claims: [
                ("scope", json!("a b")),
                ("exp", json!(1)),
                ("iss", json!("x")),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
            ..Assertion::new("me", "nobody", "https://as.example/token")
        };
        let claims = signed(&assertion, &key, entropy);
        assert_eq!(
            claims,
            json!({
                "iss": "me", "aud": "https://as.example/token", "iat": 1_700_000_000, "exp": 1_700_003_600,
                "jti": "AAECAwQFBgcICQoLDA0ODw", "scope": "a b",
            })
        );
        let again = signed(&Assertion::new("me", "me", "you"), &key, entropy);
        assert_ne!(again["jti"], claims["jti"]);
        assert_eq!(
            (&again["sub"], &again["exp"]),
            (&json!("me"), &json!(1_700_000_300))
        );
    }

    #[test]
    fn each_fault_has_its_code() {
        for (form, code) in [
            ("grant_type=x", ErrorCode::InvalidRequest),
            ("assertion=", ErrorCode::InvalidRequest),
            ("assertion=a&scope=%22", ErrorCode::InvalidScope),
        ] {
            let params = Params::parse_form(form.as_bytes()).expect("well formed");
            let error = JwtBearer::parse(&params).expect_err(form);
            assert_eq!(error.code(), code, "{form}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            assertion in "[!-~]{1,60}", scope in prop::option::of("[a-z]{1,5}( [a-z]{1,5}){0,3}"),
            resource in prop::collection::vec("[a-z:/.]{1,20}", 0..3),
        ) {
            let grant = JwtBearer {
                scope: scope.map(|scope| scope.parse().expect("valid")),
                resource,
                ..JwtBearer::new(Secret::new(assertion))
            };
            let params = Params::parse_form(grant.to_params().to_form().as_bytes()).expect("well formed");
            prop_assert_eq!(JwtBearer::parse(&params), Ok(grant));
        }
    }
}
