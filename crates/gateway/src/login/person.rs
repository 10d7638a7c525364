//! What is kept of what the provider says of a person.

use gatepass_proto::id_token::IdClaims;
use serde_json::{Map, Value};

use super::LoginSettings;

const EMAIL: &str = "email";
const EMAIL_VERIFIED: &str = "email_verified";

/// The claims that a session keeps, and `allow` goes by.
pub(super) fn wanted(settings: &LoginSettings) -> Vec<&str> {
    let mut names: Vec<&str> = settings.claims.iter().map(String::as_str).collect();
    names.extend(settings.allow.claims());
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether the ID token alone does not tell all that is wanted, so that UserInfo is to be asked.
pub(super) fn is_incomplete(id: &IdClaims, settings: &LoginSettings) -> bool {
    let told = keep(&[&id.extra], settings);
    wanted(settings)
        .iter()
        .any(|name| !told.contains_key(*name))
}

/// The wanted claims, each from the first source that has it. An `email` that is not verified where it stands is none.
pub(super) fn keep(
    sources: &[&Map<String, Value>],
    settings: &LoginSettings,
) -> Map<String, Value> {
    let told = |source: &Map<String, Value>, name: &str| {
        let value = source.get(name).filter(|value| !value.is_null())?;
        let good = name != EMAIL || (value.is_string() && is_verified(source, settings));
        good.then(|| value.clone())
    };
    let mut kept = Map::new();
    for name in wanted(settings) {
        if let Some(value) = sources.iter().find_map(|source| told(source, name)) {
            kept.insert(name.to_owned(), value);
        }
    }
    kept
}

/// Some providers say it in words.
fn is_verified(source: &Map<String, Value>, settings: &LoginSettings) -> bool {
    match source.get(EMAIL_VERIFIED) {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(text)) => text == "true",
        Some(Value::Null) | None => settings.trust_unverified_email,
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::ClientId;
    use serde_json::{Map, Value, json};

    use super::keep;
    use crate::login::{Allow, LoginSettings};

    fn settings() -> LoginSettings {
        LoginSettings::new(
            "https://as.example",
            ClientId::new("guard"),
            Allow::Everyone,
        )
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("claims").clone()
    }

    fn email(settings: &LoginSettings, sources: [Value; 2]) -> Option<String> {
        let [first, second] = sources.map(map);
        let kept = keep(&[&first, &second], settings);
        kept.get("email")?.as_str().map(str::to_owned)
    }

    #[test]
    fn an_address_counts_only_when_it_is_verified_where_it_stands() {
        let ann = || json!({ "email": "ann@example.com" });
        let verified = |said: Value| json!({ "email": "ann@example.com", "email_verified": said });
        let found = Some("ann@example.com".to_owned());
        assert_eq!(
            email(&settings(), [verified(json!(true)), json!({})]),
            found
        );
        assert_eq!(
            email(&settings(), [verified(json!("true")), json!({})]),
            found
        );
        assert_eq!(email(&settings(), [ann(), verified(json!(true))]), found);
        for said in [json!(false), json!("false"), json!(1), Value::Null] {
            assert_eq!(email(&settings(), [verified(said), json!({})]), None);
        }
        assert_eq!(
            email(&settings(), [ann(), json!({ "email_verified": true })]),
            None
        );
        let other = json!({ "email": ["ann@example.com"], "email_verified": true });
        assert_eq!(email(&settings(), [other, json!({})]), None);
        let trusting = LoginSettings {
            trust_unverified_email: true,
            ..settings()
        };
        assert_eq!(email(&trusting, [ann(), json!({})]), found);
        assert_eq!(email(&trusting, [verified(json!(false)), json!({})]), None);
    }

    #[test]
    fn what_nobody_wants_is_not_kept() {
        let id = map(json!({ "name": "Ann", "phone_number": "1", "groups": null }));
        let info = map(json!({ "name": "Anna", "groups": ["ops"] }));
        let kept = keep(&[&id, &info], &settings());
        assert_eq!(
            Value::Object(kept),
            json!({ "name": "Ann", "groups": ["ops"] })
        );
    }
}
