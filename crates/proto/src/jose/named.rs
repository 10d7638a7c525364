use std::borrow::Cow;

use serde::Deserialize;

use super::jws;

/// What a compact JWS says of where its key is, believed in nothing: only good for choosing among those that are trusted
/// anyway, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// The header's `kid`.
    pub kid: Option<String>,
    /// The payload's `iss`.
    pub iss: Option<String>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    kid: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Option<Cow<'a, str>>,
}

impl NamedKey {
    /// Reads what may be a JWS; `None` when it cannot be one. A payload that cannot be read names nobody.
    pub fn read(token: &str) -> Option<Self> {
        let (header, payload) = jws::halves(token)?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        let claims: Claims<'_> = serde_json::from_slice(&payload).unwrap_or_default();
        Some(Self {
            kid: header.kid.map(Cow::into_owned),
            iss: claims.iss.map(Cow::into_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::NamedKey;

    fn read(header: &str, payload: &str) -> Option<(Option<String>, Option<String>)> {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let named = NamedKey::read(&format!("{}.{}.x", part(header), part(payload)))?;
        Some((named.kid, named.iss))
    }

    #[test]
    fn what_names_a_key_is_read_and_nothing_else() {
        let some = |text: &str| Some(text.to_owned());
        let header = r#"{"alg":"none","kid":"k\u0031"}"#;
        assert_eq!(
            read(header, r#"{"iss":"https://as.example","exp":0}"#),
            Some((some("k1"), some("https://as.example")))
        );
        for payload in [
            "",
            "[]",
            r#"{"iss":1}"#,
            r#"{"iss":"a","iss":"b"}"#,
            r#"{"iss":null}"#,
        ] {
            assert_eq!(read("{}", payload), Some((None, None)), "{payload}");
        }
        for header in ["", "[]x", r#"{"kid":1}"#, r#"{"kid":"a","kid":"b"}"#] {
            assert_eq!(read(header, "{}"), None, "{header}");
        }
        for text in ["", "a", "a.b", "a.b.c.d.e", &"a".repeat(20_000)] {
            assert_eq!(NamedKey::read(text), None, "{text}");
        }
    }
}
