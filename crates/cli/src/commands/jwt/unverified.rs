//! A JWT taken apart, and believed in nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_client::{Secret, Timestamp};
use serde_json::{Map, Value};

use crate::time;

/// What a JWT says of itself.
#[derive(Debug)]
pub(in crate::commands) struct Unverified {
    /// The header.
    pub(in crate::commands) header: Map<String, Value>,
    /// The claims; `None` when they are encrypted.
    pub(in crate::commands) claims: Option<Map<String, Value>>,
    /// Whether anything stands where the signature belongs.
    pub(in crate::commands) signed: bool,
}

/// The claims that are moments.
const MOMENTS: [&str; 5] = ["exp", "nbf", "iat", "auth_time", "updated_at"];
/// The last second of the year 9999, beyond which RFC 3339 has no words.
const LAST: u64 = 253_402_300_799;
/// By how much clocks may differ before a moment is remarked upon.
const LEEWAY: Duration = Duration::from_secs(60);
/// Header members by which a token says which key to believe (RFC 8725 §3.10).
const OWN_KEYS: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];

impl Unverified {
    /// Takes a compact JWS or JWE apart (RFC 7515 §7.1, RFC 7516 §7.1).
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub(in crate::commands) fn read(token: &Secret) -> Result<Self, String> {
        let parts: Vec<&str> = token.expose().split('.').collect();
        let object = |part: &str, what: &str| -> Result<Map<String, Value>, String> {
            let bytes = URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| format!("not a JWT: its {what} is not base64url"))?;
            serde_json::from_slice(&bytes)
                .map_err(|_| format!("not a JWT: its {what} is not a JSON object"))
        };
        match parts.as_slice() {
            [header, claims, signature] => Ok(Self {
                header: object(header, "header")?,
                claims: Some(object(claims, "payload")?),
                signed: !signature.is_empty(),
            }),
            [header, _, _, _, _] => Ok(Self {
                header: object(header, "header")?,
                claims: None,
                signed: false,
            }),
            [opaque] if opaque.starts_with("gp_") => Err(
                "not a JWT: this token is opaque, only its server knows what it means".to_owned(),
            ),
            _ => Err(
                "not a JWT: expected three parts of base64url with dots between them".to_owned(),
            ),
        }
    }

    /// A member of the header that is text.
    pub(in crate::commands) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A claim.
    pub(in crate::commands) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref()?.get(name)
    }

    /// What anybody should know who means to use it.
    pub(in crate::commands) fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut found = self.header_warnings();
        if self.claims.is_some() {
            self.claim_warnings(now, &mut found);
        } else {
            found.push("it is encrypted (JWE): only its recipient can read the claims".to_owned());
        }
        found
    }

    fn header_warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        match self.header("alg") {
            Some(alg) if alg.eq_ignore_ascii_case("none") => {
                found.push("alg is none: nobody signed it, so it proves nothing".to_owned());
            }
            Some(alg) if alg.starts_with("HS") => found.push(format!(
                "alg is {alg}: whoever can check it can also forge it"
            )),
            Some(_) => {}
            None => found.push("alg is missing".to_owned()),
        }
        if self.claims.is_some() && !self.signed {
            found.push("the signature is empty".to_owned());
        }
        for name in OWN_KEYS {
            if self.header.contains_key(name) {
                found.push(format!(
                    "{name} names the key to check it with; never believe that"
                ));
            }
        }
        if self.header.contains_key("crit") {
            found
                .push("crit asks for extensions; who does not know them must refuse it".to_owned());
        }
        found
    }

    fn claim_warnings(&self, now: Timestamp, found: &mut Vec<String>) {
        match self.claim("exp").map(moment) {
            None => found.push("exp is missing: it would be good for ever".to_owned()),
            Some(None) => found.push("exp is no moment; expected seconds since 1970".to_owned()),
            Some(Some(end)) if end.as_secs() > LAST / 10 => {
                found.push("exp is far away; it looks like milliseconds".to_owned());
            }
            Some(Some(end)) if end <= now => {
                found.push(format!("it expired {}", time::distance(end)));
            }
            Some(Some(_)) => {}
        }
        for (name, words) in [
            ("nbf", "it is not good yet"),
            ("iat", "it was made in the future"),
        ] {
            if let Some(begin) = self.claim(name).and_then(moment)
                && begin > now + LEEWAY
            {
                found.push(format!("{words}: {name} is {}", time::distance(begin)));
            }
        }
        for name in ["iss", "aud"] {
            if self.claim(name).is_none() {
                let whom = if name == "iss" { "from" } else { "for" };
                found.push(format!("{name} is missing: nobody knows whom it is {whom}"));
            }
        }
    }
}

/// Whether a claim of this name is a moment.
pub(in crate::commands) fn is_moment(name: &str) -> bool {
    MOMENTS.contains(&name)
}

/// A moment in seconds since 1970 (RFC 7519 §2, `NumericDate`), with or without a fraction.
pub(in crate::commands) fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
    let seconds = Duration::try_from_secs_f64(seconds).ok()?.as_secs();
    Some(Timestamp::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use gatepass_client::{Secret, Timestamp};

    use super::Unverified;

    fn token(header: &str, claims: &str, signature: &str) -> Secret {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Secret::new(format!("{}.{}.{signature}", part(header), part(claims)))
    }

    fn warnings(header: &str, claims: &str, signature: &str) -> Vec<String> {
        let read = Unverified::read(&token(header, claims, signature)).expect("a JWT");
        read.warnings(Timestamp::from_secs(1000))
    }

    #[test]
    fn a_decent_token_has_no_warnings() {
        let claims = r#"{"iss":"i","aud":"a","exp":1100.5,"iat":990,"nbf":990}"#;
        assert!(warnings(r#"{"alg":"ES256"}"#, claims, "c2ln").is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let found = warnings(
            r#"{"alg":"NONE","jku":"https://evil.example","crit":["x"]}"#,
            r#"{"exp":900,"nbf":2000,"iat":2000}"#,
            "",
        )
        .join("\n");
        for words in [
            "alg is none",
            "signature is empty",
            "jku names the key",
            "crit asks",
            "it expired",
            "not good yet",
            "made in the future",
            "iss is missing",
            "aud is missing",
        ] {
            assert!(found.contains(words), "{words}: {found}");
        }
        for (exp, words) in [
            ("", "exp is missing"),
            (r#","exp":"soon""#, "exp is no moment"),
            (r#","exp":-1"#, "exp is no moment"),
            (r#","exp":1e300"#, "exp is no moment"),
            (r#","exp":1767323045000"#, "looks like milliseconds"),
        ] {
            let claims = format!(r#"{{"iss":"i","aud":"a"{exp}}}"#);
            let found = warnings(r#"{"alg":"HS256"}"#, &claims, "c2ln");
            assert!(found[0].contains("can also forge it"), "{found:?}");
            assert!(found[1].contains(words), "{found:?}");
        }
    }

    #[test]
    fn what_is_no_jwt_is_told_apart() {
        let error = |text: &str| Unverified::read(&Secret::new(text)).expect_err("no JWT");
        assert!(error("").contains("three parts"));
        assert!(error("a.b").contains("three parts"));
        assert!(error("gp_at_x").contains("opaque"));
        assert!(error("!.e30.").contains("header is not base64url"));
        assert!(error("W10.e30.").contains("header is not a JSON object"));
        assert!(error("e30.MQ.").contains("payload is not a JSON object"));
        let deep = format!("{}.e30.", URL_SAFE_NO_PAD.encode("[".repeat(100_000)));
        assert!(error(&deep).contains("header is not a JSON object"));
        let jwe = Unverified::read(&Secret::new("e30.a.b.c.d")).expect("a JWE");
        assert!(jwe.claims.is_none());
    }
}
