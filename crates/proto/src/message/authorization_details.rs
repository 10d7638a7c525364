//! Rich authorization requests (RFC 9396): what a client wants to do, said more exactly than a scope can.

use serde_json::{Map, Value};

use crate::{ErrorCode, OAuthError};

/// The longest parameter that is read, in bytes.
const MAX_LEN: usize = 8 * 1024;
/// The most objects in it.
const MAX_COUNT: usize = 16;
/// The most members of an object, and values of a list.
const MAX_MEMBERS: usize = 64;
/// How deep they nest; the array itself is the first level.
const MAX_DEPTH: usize = 8;
/// The longest `type`, in bytes.
const MAX_TYPE: usize = 256;

/// Members of every type that are lists of texts, each value of which permits something (RFC 9396 §2.2).
const LISTS: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];
/// The one that is a text.
const IDENTIFIER: &str = "identifier";

/// Reads the parameter `authorization_details`: an array of objects, each with a `type`. Gives that array.
///
/// # Errors
///
/// `invalid_authorization_details` (RFC 9396 §5).
pub fn parse(text: &str) -> Result<Value, OAuthError> {
    if text.len() > MAX_LEN {
        return Err(refused("authorization_details is too long"));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|_| refused("authorization_details is not JSON"))?;
    let objects = value.as_array().filter(|objects| !objects.is_empty());
    let objects =
        objects.ok_or_else(|| refused("authorization_details is not an array of objects"))?;
    if objects.len() > MAX_COUNT || !is_shallow(&value, MAX_DEPTH) {
        return Err(refused(
            "authorization_details has too many members or is too deep",
        ));
    }
    for object in objects {
        check(object)?;
    }
    Ok(value)
}

/// The type of each object of what [`parse`] gave.
pub fn types(details: &Value) -> impl Iterator<Item = &str> {
    objects(details).filter_map(|object| object.get("type")?.as_str())
}

/// Whether `asked` permits nothing that `granted` does not (RFC 9396 §7): each object is one of those granted, or one of
/// them with fewer locations, actions, datatypes or privileges. What else differs is no narrowing that anybody here
/// could judge.
pub fn is_within(asked: &Value, granted: &Value) -> bool {
    objects(asked).all(|asked| objects(granted).any(|granted| is_covered(asked, granted)))
}

fn objects(details: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    details
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

fn check(object: &Value) -> Result<(), OAuthError> {
    let members = object
        .as_object()
        .ok_or_else(|| refused("authorization_details is not an array of objects"))?;
    let named = members.get("type").and_then(Value::as_str);
    let named = named.ok_or_else(|| refused("an object of authorization_details has no type"))?;
    if named.is_empty() || named.len() > MAX_TYPE || named.chars().any(char::is_control) {
        return Err(refused(
            "an object of authorization_details has no proper type",
        ));
    }
    let is_list = |value: &Value| {
        let list = value.as_array();
        list.is_some_and(|list| list.iter().all(Value::is_string))
    };
    let proper = members.iter().all(|(name, value)| match name.as_str() {
        IDENTIFIER => value.is_string(),
        name if LISTS.contains(&name) => is_list(value),
        _ => true,
    });
    if !proper {
        let text =
            "locations, actions, datatypes and privileges are lists of texts, identifier is a text";
        return Err(refused(text));
    }
    Ok(())
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => {
            depth > 0
                && values.len() <= MAX_MEMBERS
                && values.iter().all(|value| is_shallow(value, depth - 1))
        }
        Value::Object(members) => {
            depth > 0
                && members.len() <= MAX_MEMBERS
                && members.values().all(|value| is_shallow(value, depth - 1))
        }
        _ => true,
    }
}

fn is_covered(asked: &Map<String, Value>, granted: &Map<String, Value>) -> bool {
    // A member that is left out may mean everything, and one that is new anything.
    asked.len() == granted.len()
        && asked.iter().all(|(name, value)| {
            granted.get(name).is_some_and(|granted| {
                value == granted || (LISTS.contains(&name.as_str()) && is_part(value, granted))
            })
        })
}

/// Some of the values, but not none: an empty list may mean everything.
fn is_part(asked: &Value, granted: &Value) -> bool {
    let (Some(asked), Some(granted)) = (asked.as_array(), granted.as_array()) else {
        return false;
    };
    !asked.is_empty() && asked.iter().all(|value| granted.contains(value))
}

fn refused(text: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidAuthorizationDetails, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{is_within, parse, types};
    use crate::ErrorCode;

    #[test]
    fn the_example_of_the_standard() {
        let text = r#"[{"type":"account_information","actions":["list_accounts","read_balances"],
            "locations":["https://example.com/accounts"]},{"type":"payment_initiation","instructedAmount":
            {"currency":"EUR","amount":"123.50"},"creditorName":"Merchant A"}]"#;
        let details = parse(text).expect("RFC 9396 §2");
        let types: Vec<&str> = types(&details).collect();
        assert_eq!(types, ["account_information", "payment_initiation"]);
    }

    #[test]
    fn what_is_malformed_or_too_much_is_refused() {
        let many = format!("[{}]", vec![r#"{"type":"a"}"#; 17].join(","));
        let deep = format!(
            r#"[{{"type":"a","x":{}1{}}}]"#,
            "[".repeat(7),
            "]".repeat(7)
        );
        let wide = format!(r#"[{{"type":"a","x":[{}]}}]"#, vec!["1"; 65].join(","));
        let long = format!(r#"[{{"type":"a","x":"{}"}}]"#, "x".repeat(9000));
        let abyss = format!("{}1{}", "[".repeat(4000), "]".repeat(4000));
        let named = format!(r#"[{{"type":"{}"}}]"#, "x".repeat(257));
        for text in [
            "",
            "x",
            "{}",
            "[]",
            "[1]",
            "[[]]",
            "[{}]",
            r#"{"type":"a"}"#,
            r#"[{"type":7}]"#,
            r#"[{"type":""}]"#,
            r#"[{"type":"a\u0000"}]"#,
            r#"[{"type":"a"},{}]"#,
            r#"[{"type":"a","actions":"read"}]"#,
            r#"[{"type":"a","locations":[1]}]"#,
            r#"[{"type":"a","datatypes":{}}]"#,
            r#"[{"type":"a","privileges":[["x"]]}]"#,
            r#"[{"type":"a","identifier":7}]"#,
            r#"[{"type":"a"}] x"#,
            &many,
            &deep,
            &wide,
            &long,
            &abyss,
            &named,
        ] {
            let code = parse(text).map_err(|error| error.code());
            assert_eq!(code, Err(ErrorCode::InvalidAuthorizationDetails), "{text}");
        }
    }

    #[test]
    fn less_is_within_and_nothing_else() {
        let granted = json!([
            { "type": "a", "actions": ["read", "write"], "identifier": "7" },
            { "type": "b", "amount": { "value": "5" } },
        ]);
        for asked in [
            granted.clone(),
            json!([]),
            json!([{ "type": "b", "amount": { "value": "5" } }]),
            json!([{ "type": "a", "actions": ["write"], "identifier": "7" }]),
        ] {
            assert!(is_within(&asked, &granted), "{asked}");
        }
        for asked in [
            json!([{ "type": "c" }]),
            json!([{ "type": "a", "identifier": "7" }]),
            json!([{ "type": "a", "actions": ["read"] }]),
            json!([{ "type": "a", "actions": [], "identifier": "7" }]),
            json!([{ "type": "a", "actions": ["read", "admin"], "identifier": "7" }]),
            json!([{ "type": "a", "actions": ["read"], "identifier": "8" }]),
            json!([{ "type": "a", "actions": ["read"], "identifier": "7", "more": true }]),
            json!([{ "type": "b", "amount": { "value": "6" } }]),
            json!([{ "type": "b" }]),
        ] {
            assert!(!is_within(&asked, &granted), "{asked}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
