use gatepass_http::PersonError;
use gatepass_proto::Params;
use url::Url;

/// One of these is in every answer; the last is a signed one (JARM), with the others inside.
const ANSWERS: [&str; 3] = ["code", "error", "response"];

/// Reads what a person pasted in answer to the authorization request `url`: the address the browser ended at, its
/// query alone, or the code alone. A code alone takes the `state` of the request with it: whoever copied it from the
/// page stands in for the redirect.
///
/// # Errors
///
/// [`PersonError::Failed`] when it is none of these.
pub fn pasted(url: &Url, text: &str) -> Result<Params, PersonError> {
    let text = text.trim();
    let unusable = || {
        PersonError::Failed("expected the code, or the whole address the browser ended at".into())
    };
    let query = match Url::parse(text) {
        Ok(address) if address.has_host() => Some(address.query().unwrap_or_default().to_owned()),
        _ if ANSWERS
            .iter()
            .any(|name| text.contains(&format!("{name}="))) =>
        {
            Some(text.trim_start_matches('?').to_owned())
        }
        _ => None,
    };
    if let Some(query) = query {
        let params = Params::parse_form(query.as_bytes()).map_err(|_| unusable())?;
        let complete = ANSWERS.iter().any(|name| params.get(name).is_some());
        return complete.then_some(params).ok_or_else(unusable);
    }
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(unusable());
    }
    let mut params = Params::new();
    params.push("code", text);
    let state = url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned());
    params.push_some("state", state);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::pasted;

    #[test]
    fn an_address_a_query_or_a_code_can_be_pasted() {
        let url = "https://as.example/authorize?state=s1&x=y"
            .parse()
            .expect("a URL");
        let read = |text: &str| {
            let params = pasted(&url, text)?;
            Ok::<_, super::PersonError>((
                params.get("code").map(str::to_owned),
                params.get("state").map(str::to_owned),
            ))
        };
        let both = |code: &str, state: &str| (Some(code.to_owned()), Some(state.to_owned()));
        assert_eq!(read(" abc\n").expect("a code"), both("abc", "s1"));
        assert_eq!(
            read("https://localhost/?code=abc&state=s2").expect("an address"),
            both("abc", "s2")
        );
        assert_eq!(
            read("?code=abc&state=s2").expect("a query"),
            both("abc", "s2")
        );
        assert_eq!(
            read("https://localhost/?error=access_denied").expect("a refusal"),
            (None, None)
        );
        assert_eq!(
            read("https://localhost/?response=a.b.c").expect("a signed answer"),
            (None, None)
        );
        for text in ["", "  ", "two words", "https://localhost/", "code=a&code=b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
