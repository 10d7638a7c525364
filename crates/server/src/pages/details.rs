//! Rich authorization requests (RFC 9396) in words that a person can read.

use serde_json::Value;

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Its type, as it was sent.
    pub(crate) kind: String,
    /// Its type in words.
    pub(crate) title: String,
    /// Each member: its name in words, and what it says.
    pub(crate) lines: Vec<(String, String)>,
}

impl Detail {
    /// Each object of an array of `authorization_details`. Nothing of it is left out, for a person is to know what they
    /// allow.
    pub(crate) fn all(details: &Value) -> Vec<Self> {
        let objects = details.as_array().into_iter().flatten();
        objects.map(Self::of).collect()
    }

    fn of(object: &Value) -> Self {
        let kind = object.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or_default();
        let members = object.as_object().into_iter().flatten();
        Self {
            kind: kind.to_owned(),
            title: words(kind),
            lines: members
                .filter(|(name, _)| *name != "type")
                .map(|(name, value)| (words(name), said(value)))
                .collect(),
        }
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{}: {}", words(name).to_lowercase(), said(value)))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// `instructedAmount`, `instructed_amount` and `instructed-amount` are "Instructed amount". What looks like an address stays
/// as it is.
fn words(name: &str) -> String {
    if name.contains([':', '/', '.']) {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for letter in name.chars() {
        if out.is_empty() {
            out.extend(letter.to_uppercase());
        } else if matches!(letter, '_' | '-') {
            out.push(' ');
        } else if letter.is_uppercase() && after_small {
            out.push(' ');
            out.extend(letter.to_lowercase());
        } else {
            out.push(letter);
        }
        after_small = letter.is_lowercase();
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Detail, words};

    #[test]
    fn names_become_words() {
        for (name, said) in [
            ("payment_initiation", "Payment initiation"),
            ("instructedAmount", "Instructed amount"),
            ("IBAN", "IBAN"),
            ("creditor-name", "Creditor name"),
            ("https://example.com/x_y", "https://example.com/x_y"),
            ("", ""),
        ] {
            assert_eq!(words(name), said);
        }
    }

    #[test]
    fn nothing_is_left_out() {
        let details = Detail::all(&json!([{
            "type": "payment_initiation", "actions": ["initiate", "status"], "recurring": false,
            "instructedAmount": { "currency": "EUR", "amount": "123.50" }, "remark": null, "count": 2,
        }]));
        let line = |name: &str, said: &str| (name.to_owned(), said.to_owned());
        assert_eq!(
            details,
            [Detail {
                kind: "payment_initiation".to_owned(),
                title: "Payment initiation".to_owned(),
                lines: vec![
                    line("Actions", "initiate, status"),
                    line("Count", "2"),
                    line("Instructed amount", "amount: 123.50; currency: EUR"),
                    line("Recurring", "no"),
                    line("Remark", "nothing"),
                ],
            }]
        );
    }
}
