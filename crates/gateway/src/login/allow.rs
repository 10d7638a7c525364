//! Who may enter, of those who can log in at the provider.

use std::collections::BTreeMap;

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The claim in which providers that speak of groups name them.
const GROUPS: &str = "groups";
/// The word that requires nothing.
const EVERYONE: &str = "everyone";
/// The claim with the address.
const EMAIL: &str = "email";

/// Who may enter: `allow = "everyone"`, or a table of what a person must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Whoever can log in at the provider. At one where anybody can get an account, that is anybody.
    Everyone,
    /// Those who fit.
    Some(Requirements),
}

/// What a person must have. Every kind that is named must fit; within a kind any one will do, and `emails` and
/// `email_domains` are one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requirements {
    /// Verified addresses, compared without regard to case.
    pub emails: Vec<String>,
    /// What stands behind the `@` of a verified address; `example.com` is not `sub.example.com`.
    pub email_domains: Vec<String>,
    /// Values of the claim `groups`.
    pub groups: Vec<String>,
    /// Values of other claims, by name: `{ department = ["sales"] }`.
    pub claims: BTreeMap<String, Vec<String>>,
}

impl Allow {
    /// Whether the person with these claims may enter. An `email` among them has been found to be verified.
    pub(super) fn admits(&self, claims: &Map<String, Value>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Some(required) => required.are_met_by(claims),
        }
    }

    /// The claims that it goes by.
    pub(super) fn claims(&self) -> Vec<&str> {
        match self {
            Self::Everyone => Vec::new(),
            Self::Some(required) => required.names().collect(),
        }
    }
}

impl Requirements {
    fn are_met_by(&self, claims: &Map<String, Value>) -> bool {
        let has = |name: &str, any: &[String]| {
            claims
                .get(name)
                .is_some_and(|value| any.iter().any(|wanted| says(value, wanted)))
        };
        self.emails_fit(claims.get(EMAIL).and_then(Value::as_str))
            && (self.groups.is_empty() || has(GROUPS, &self.groups))
            && self.claims.iter().all(|(name, any)| has(name, any))
    }

    fn emails_fit(&self, email: Option<&str>) -> bool {
        if self.emails.is_empty() && self.email_domains.is_empty() {
            return true;
        }
        email.is_some_and(|email| {
            let domain = email.rsplit_once('@').map(|(_, domain)| domain);
            let same = |own: &String| own.eq_ignore_ascii_case(email);
            let within = |own: &String| domain.is_some_and(|it| own.eq_ignore_ascii_case(it));
            self.emails.iter().any(same) || self.email_domains.iter().any(within)
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let email = !self.emails.is_empty() || !self.email_domains.is_empty();
        let groups = !self.groups.is_empty();
        let own = [email.then_some(EMAIL), groups.then_some(GROUPS)];
        own.into_iter()
            .flatten()
            .chain(self.claims.keys().map(String::as_str))
    }
}

/// Whether a claim is this text, or a list with it. Numbers and booleans are as JSON writes them.
fn says(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Array(list) => list.iter().any(|one| !one.is_array() && says(one, wanted)),
        Value::Bool(flag) => flag.to_string() == wanted,
        Value::Number(number) => number.to_string() == wanted,
        Value::Null | Value::Object(_) => false,
    }
}

impl Serialize for Allow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everyone => serializer.serialize_str(EVERYONE),
            Self::Some(required) => required.serialize(serializer),
        }
    }
}

const EXPECTED: &str = "\"everyone\", or a table of emails, email_domains, groups and claims";

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whom)
    }
}

struct Whom;

impl<'de> Visitor<'de> for Whom {
    type Value = Allow;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Allow, E> {
        match text {
            EVERYONE => Ok(Allow::Everyone),
            _ => Err(E::custom(format!("expected {EXPECTED}"))),
        }
    }

    /// A table that requires nothing would let everyone in without saying so.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Allow, A::Error> {
        let required = Requirements::deserialize(MapAccessDeserializer::new(map))?;
        let lists_nobody = required.claims.values().any(Vec::is_empty);
        if required.names().next().is_none() || lists_nobody {
            return Err(de::Error::custom(format!(
                "it names nobody; expected {EXPECTED}"
            )));
        }
        Ok(Allow::Some(required))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::Allow;

    fn allow(text: &str) -> Result<Allow, toml::de::Error> {
        #[derive(serde::Deserialize)]
        struct File {
            allow: Allow,
        }
        toml::from_str::<File>(text).map(|file| file.allow)
    }

    fn admits(text: &str, claims: &Value) -> bool {
        let claims: Map<String, Value> = claims.as_object().expect("claims").clone();
        allow(text).expect("read").admits(&claims)
    }

    #[test]
    fn a_person_must_fit_every_kind() {
        let ann = json!({
            "email": "Ann@Example.com", "groups": ["staff", "ops"], "level": 3, "active": true, "team": "blue",
        });
        for (text, may) in [
            (r#"allow = "everyone""#, true),
            (r#"allow = { emails = ["ann@example.com"] }"#, true),
            (r#"allow = { emails = ["ben@example.com"] }"#, false),
            (r#"allow = { email_domains = ["EXAMPLE.com"] }"#, true),
            (r#"allow = { email_domains = ["ample.com"] }"#, false),
            (r#"allow = { email_domains = ["com"] }"#, false),
            (
                r#"allow = { emails = ["x@y.example"], email_domains = ["example.com"] }"#,
                true,
            ),
            (r#"allow = { groups = ["none", "ops"] }"#, true),
            (r#"allow = { groups = ["op"] }"#, false),
            (
                r#"allow = { email_domains = ["example.com"], groups = ["none"] }"#,
                false,
            ),
            (
                r#"allow = { claims = { team = ["blue"], level = ["3"], active = ["true"] } }"#,
                true,
            ),
            (
                r#"allow = { claims = { team = ["blue"], missing = ["x"] } }"#,
                false,
            ),
        ] {
            assert_eq!(admits(text, &ann), may, "{text}");
        }
    }

    #[test]
    fn who_says_nothing_or_says_it_oddly_does_not_fit() {
        for claims in [
            json!({}),
            json!({ "email": null, "groups": null }),
            json!({ "email": ["a@example.com"], "groups": { "ops": true } }),
            json!({ "email": "example.com", "groups": [["ops"]] }),
        ] {
            assert!(!admits(
                r#"allow = { email_domains = ["example.com"] }"#,
                &claims
            ));
            assert!(!admits(r#"allow = { groups = ["ops"] }"#, &claims));
        }
    }

    #[test]
    fn everyone_is_said_in_a_word_and_nobody_is_a_mistake() {
        for text in [
            r#"allow = "all""#,
            "allow = {}",
            "allow = { groups = [] }",
            "allow = { claims = { team = [] } }",
            r#"allow = { email = ["a@b.example"] }"#,
            "allow = true",
        ] {
            let error = allow(text).expect_err(text).to_string();
            assert!(error.contains("email"), "{error}");
        }
    }
}
