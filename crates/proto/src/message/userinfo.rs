//! What an OpenID provider says of a person (OpenID Connect Core 1.0 §5.3.2).

use std::fmt;

use serde_json::{Map, Value};

use super::members;

/// The longest `sub`, in bytes (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// Claims about one person. They are nobody else's business, so printing shows their names only.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo {
    claims: Map<String, Value>,
}

impl UserInfo {
    /// Reads the JSON body.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        Self::from_claims(members::read(body)?)
    }

    /// Takes the claims of an answer. `sub` is required by OpenID Connect alone: servers of plain OAuth have an answer of
    /// the same shape that calls the person by another name.
    ///
    /// # Errors
    ///
    /// A `sub` that is not a text of 1 to 255 bytes.
    pub fn from_claims(claims: Map<String, Value>) -> Result<Self, &'static str> {
        match claims.get("sub") {
            None => {}
            Some(Value::String(sub)) if (1..=MAX_SUB).contains(&sub.len()) => {}
            Some(_) => return Err("sub is not a text of 1 to 255 bytes"),
        }
        Ok(Self { claims })
    }

    /// `sub`: who the person is at this issuer.
    pub fn sub(&self) -> Option<&str> {
        self.claims.get("sub").and_then(Value::as_str)
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Every claim, `sub` among them.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The JSON body.
    pub fn to_json(&self) -> Value {
        self.claims.clone().into()
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserInfo")?;
        f.debug_list().entries(self.claims.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::UserInfo;

    #[test]
    fn claims_are_there_and_do_not_print() {
        let body = br#"{"sub":"248289761001","email":"janedoe@example.com","email_verified":true}"#;
        let info = UserInfo::parse(body).expect("OpenID Connect Core §5.3.2");
        assert_eq!(info.sub(), Some("248289761001"));
        assert_eq!(info.claim("email_verified"), Some(&json!(true)));
        assert_eq!(info.claims().len(), 3);
        assert_eq!(
            format!("{info:?}"),
            r#"UserInfo["email", "email_verified", "sub"]"#
        );
    }

    #[test]
    fn servers_of_plain_oauth_have_no_sub() {
        let info = UserInfo::parse(br#"{"id":1,"login":"octocat"}"#).expect("an answer");
        assert_eq!(info.sub(), None);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let long = json!({ "sub": "s".repeat(256) }).to_string();
        for body in [
            "",
            "[]",
            "7",
            "null",
            "{",
            r#"{"sub":""}"#,
            r#"{"sub":7}"#,
            r#"{"sub":null}"#,
            &long,
        ] {
            assert!(UserInfo::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            sub in prop::option::of("\\PC{1,40}"), claims in prop::collection::btree_map("[a-r]{1,6}", "\\PC{0,20}", 0..5),
        ) {
            let mut claims: serde_json::Map<_, _> =
                claims.into_iter().map(|(name, value)| (name, value.into())).collect();
            claims.extend(sub.map(|sub| ("sub".to_owned(), sub.into())));
            let info = UserInfo::from_claims(claims).expect("claims");
            prop_assert_eq!(UserInfo::parse(info.to_json().to_string().as_bytes()), Ok(info));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = UserInfo::parse(&bytes);
        }
    }
}
