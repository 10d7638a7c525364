//! `private_key_jwt` and `client_secret_jwt` (RFC 7523 §2.2, OpenID Connect Core §9): a short-lived JWT of the client's
//! own, signed with its key or with its secret.

use serde::Serialize;

use super::assertion_check::Assertion;
use super::mtls::identify;
use super::{Claim, ClientAuthMethod, ClientCredentials, Draft, Proof, Sent, Trial, wrong_proof};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::jose::{hmac, jti};
use crate::{ClientId, Cx, OAuthError};

/// The only `client_assertion_type` there is here (RFC 7523 §2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long one is good, in seconds: it is sent the moment it is made.
const LIFETIME: u64 = 60;

pub(super) struct PrivateKeyJwt;

pub(super) struct ClientSecretJwt;

/// RFC 7523 §3. The audience is one text and no list: a list is how one server makes another take what was meant for
/// it (draft-ietf-oauth-rfc7523bis §4).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: u64,
    exp: u64,
}

impl ClientAuthMethod for PrivateKeyJwt {
    fn name(&self) -> &'static str {
        "private_key_jwt"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        cx: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        let key = client
            .key
            .as_ref()
            .ok_or("private_key_jwt needs a private key")?;
        let assertion = key
            .sign(client.assertion_typ.as_str(), &claims(client, cx)?)
            .map_err(|_| "the client's private key does not sign")?;
        add(client, draft, assertion);
        Ok(())
    }

    fn served(&self) -> bool {
        true
    }

    /// What cannot be read is refused in the name of this method.
    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        match Assertion::read(sent)? {
            Ok(assertion) if assertion.is_symmetric() => None,
            read => Some(read.map(claim)),
        }
    }

    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        let Proof::Assertion(assertion) = &claim.proof else {
            return Err(wrong_proof());
        };
        assertion.check_by_keys(client, trial).map(Some)
    }
}

impl ClientAuthMethod for ClientSecretJwt {
    fn name(&self) -> &'static str {
        "client_secret_jwt"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        cx: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        let secret = client
            .client_secret
            .as_ref()
            .ok_or("client_secret_jwt needs a client secret")?;
        let typ = client.assertion_typ.as_str();
        let assertion = hmac::sign(secret, typ, &claims(client, cx)?).map_err(
            |_| "client_secret_jwt needs a client secret of at least 32 bytes (RFC 7518 §3.2)",
        )?;
        add(client, draft, assertion);
        Ok(())
    }

    fn served(&self) -> bool {
        true
    }

    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        let assertion = Assertion::read(sent)?.ok()?;
        assertion.is_symmetric().then(|| Ok(claim(assertion)))
    }

    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        let Proof::Assertion(assertion) = &claim.proof else {
            return Err(wrong_proof());
        };
        assertion.check_by_secret(client, trial).map(Some)
    }
}

fn claim(assertion: Assertion) -> Claim {
    Claim {
        client_id: ClientId::new(assertion.client_id()),
        proof: Proof::Assertion(Box::new(assertion)),
    }
}

fn claims<'a>(client: &'a ClientCredentials, cx: &mut Cx<'_>) -> Result<Claims<'a>, &'static str> {
    let audience = client.audience.as_deref();
    let now = cx.now.as_secs();
    Ok(Claims {
        iss: client.client_id.as_str(),
        sub: client.client_id.as_str(),
        aud: audience.ok_or("a client assertion needs the server's issuer")?,
        jti: jti(cx),
        iat: now,
        exp: now.saturating_add(LIFETIME),
    })
}

/// The id is in the assertion already; it is said once more because servers look there first (RFC 7521 §4.2 allows it).
fn add(client: &ClientCredentials, draft: &mut Draft, assertion: String) {
    identify(client, draft);
    draft.params.push("client_assertion_type", ASSERTION_TYPE);
    draft.params.push("client_assertion", assertion);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::ASSERTION_TYPE;
    use crate::client_auth::{ClientCredentials, Draft, METHODS, names};
    use crate::jose::{KeySet, SigningKey, VerifiedJws, hmac};
    use crate::message::quirks::AssertionTyp;
    use crate::{Cx, Entropy, Secret, Timestamp};

    const NOW: u64 = 1_800_000_000;
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    /// Bytes in a row, the same at every run.
    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    fn client(method: &str) -> ClientCredentials {
        let mut entropy = Counting(1);
        let mut cx = Cx::new(Timestamp::from_secs(NOW), &mut entropy);
        let key = SigningKey::generate("ES384", &mut cx).expect("a key");
        ClientCredentials {
            client_secret: Some(Secret::new(SECRET)),
            key: Some(Arc::new(key)),
            method: Some(method.to_owned()),
            audience: Some("https://as.example".to_owned()),
            ..ClientCredentials::public("cl:1 &")
        }
    }

    fn attach(client: &ClientCredentials, entropy: &mut Counting) -> Result<Draft, &'static str> {
        let mut draft = Draft::default();
        client.attach(&mut draft, &mut Cx::new(Timestamp::from_secs(NOW), entropy))?;
        Ok(draft)
    }

    fn assertion(draft: &Draft) -> &str {
        assert!(draft.headers.is_empty());
        assert_eq!(draft.params.iter().count(), 3);
        assert_eq!(draft.params.get("client_id"), Some("cl:1 &"));
        assert_eq!(
            draft.params.get("client_assertion_type"),
            Some(ASSERTION_TYPE)
        );
        draft.params.get("client_assertion").expect("an assertion")
    }

    #[test]
    fn both_prove_the_same_by_different_keys() {
        let mut entropy = Counting(9);
        let mut seen = Vec::new();
        for method in ["private_key_jwt", "client_secret_jwt", "private_key_jwt"] {
            let client = client(method);
            let draft = attach(&client, &mut entropy).expect("attached");
            let jws = match method {
                "private_key_jwt" => {
                    let key = client.key.as_ref().expect("a key");
                    VerifiedJws::check(assertion(&draft), &KeySet::of([key.jwk()]))
                }
                _ => hmac::check(assertion(&draft), &Secret::new(SECRET)),
            };
            let jws = jws.expect("signed by the client");
            assert_eq!(jws.typ.as_deref(), Some("jwt"));
            let mut claims: Value = serde_json::from_slice(&jws.payload).expect("JSON");
            seen.push(claims["jti"].take());
            assert_eq!(
                claims,
                json!({
                    "iss": "cl:1 &", "sub": "cl:1 &", "aud": "https://as.example", "jti": null, "iat": NOW,
                    "exp": NOW + 60,
                })
            );
        }
        seen.dedup();
        assert_eq!(seen.len(), 3, "each is another");
    }

    #[test]
    fn the_type_is_as_the_server_wants_it() {
        for (typ, said) in [
            (AssertionTyp::Jwt, "jwt"),
            (
                AssertionTyp::ClientAuthentication,
                "client-authentication+jwt",
            ),
        ] {
            for method in ["private_key_jwt", "client_secret_jwt"] {
                let mut client = client(method);
                client.assertion_typ = typ;
                let draft = attach(&client, &mut Counting(9)).expect("attached");
                let key = client.key.as_ref().expect("a key");
                let jws = match method {
                    "private_key_jwt" => {
                        VerifiedJws::check(assertion(&draft), &KeySet::of([key.jwk()]))
                    }
                    _ => hmac::check(assertion(&draft), &Secret::new(SECRET)),
                };
                let jws = jws.expect("signed by the client");
                assert_eq!(jws.typ.as_deref(), Some(said), "{method}");
            }
        }
    }

    #[test]
    fn what_is_lacking_is_named() {
        for (method, strip) in [
            ("private_key_jwt", "key"),
            ("private_key_jwt", "audience"),
            ("client_secret_jwt", "secret"),
            ("client_secret_jwt", "audience"),
            ("client_secret_jwt", "bytes"),
        ] {
            let mut client = client(method);
            match strip {
                "key" => client.key = None,
                "audience" => client.audience = None,
                "bytes" => client.client_secret = Some(Secret::new(&SECRET[1..])),
                _ => client.client_secret = None,
            }
            let lack = attach(&client, &mut Counting(9)).expect_err("lacks something");
            assert!(lack.contains(method) || lack.contains("issuer"), "{lack}");
        }
    }

    #[test]
    fn a_certificate_needs_no_more_than_a_name() {
        for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
            let draft = attach(&client(method), &mut Counting(9)).expect("attached");
            assert!(draft.headers.is_empty());
            assert_eq!(draft.params.to_form(), "client_id=cl%3A1+%26");
        }
    }

    /// A pushed authorization request names the client itself (RFC 9126 §2.1), and a parameter stands once.
    #[test]
    fn the_name_is_said_once() {
        for method in METHODS.iter().filter(|method| names_itself(method.name())) {
            let mut draft = Draft::default();
            draft.params.push("client_id", "cl:1 &");
            let mut entropy = Counting(9);
            let mut cx = Cx::new(Timestamp::from_secs(NOW), &mut entropy);
            let client = client(method.name());
            client.attach(&mut draft, &mut cx).expect("attached");
            assert_eq!(
                draft.params.all("client_id").count(),
                1,
                "{}",
                method.name()
            );
        }
    }

    fn names_itself(method: &str) -> bool {
        method.ends_with("_jwt") || method.ends_with("tls_client_auth")
    }

    #[test]
    fn the_server_does_not_claim_what_it_cannot_check() {
        for method in METHODS {
            assert_eq!(
                names().iter().any(|name| name == method.name()),
                method.served()
            );
        }
    }
}
