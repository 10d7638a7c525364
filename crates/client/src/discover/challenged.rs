use gatepass_proto::Scope;
use gatepass_proto::message::challenge::Challenge;

/// What the challenges of a 401 say of how to get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenged {
    /// `resource_metadata` (RFC 9728 §5.1).
    pub(crate) resource_metadata: Option<String>,
    /// The scope that is wanted (RFC 6750 §3).
    pub(super) scope: Option<Scope>,
    /// Whether a token may be what is wanted: it is said so, or nothing is said.
    pub(super) takes_tokens: bool,
    /// All that was said.
    pub(crate) challenges: Vec<Challenge>,
}

impl Challenged {
    /// Reads them. Those of Bearer and DPoP count; `resource_metadata` may stand in any (RFC 9728 §5.3).
    pub(crate) fn by(challenges: Vec<Challenge>) -> Self {
        let of_tokens = |own: &&Challenge| own.is("bearer") || own.is("dpop");
        let named = |own: &Challenge| own.param("resource_metadata").map(str::to_owned);
        let own = challenges.iter().filter(of_tokens);
        let resource_metadata = own
            .clone()
            .find_map(named)
            .or_else(|| challenges.iter().find_map(named));
        let scope = own.clone().find_map(|own| own.param("scope"));
        Self {
            takes_tokens: challenges.is_empty() || own.count() > 0 || resource_metadata.is_some(),
            scope: scope
                .and_then(|text| text.parse().ok())
                .filter(|scope: &Scope| !scope.is_empty()),
            resource_metadata,
            challenges,
        }
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::message::challenge::Challenge;

    use super::Challenged;

    fn read(value: &str) -> Challenged {
        Challenged::by(Challenge::parse_list(value))
    }

    #[test]
    fn what_a_challenge_says_of_tokens() {
        let both = read(
            r#"Basic realm="r", Bearer scope="a b", resource_metadata="https://a.example/m", DPoP scope="c""#,
        );
        assert!(both.takes_tokens);
        assert_eq!(
            both.resource_metadata.as_deref(),
            Some("https://a.example/m")
        );
        assert_eq!(both.scope, Some("a b".parse().expect("a scope")));
        for (value, takes_tokens, named) in [
            ("", true, None),
            ("Bearer", true, None),
            ("dpop algs=\"ES256\"", true, None),
            ("Basic realm=\"r\"", false, None),
            ("Negotiate, NTLM", false, None),
            (
                "Custom resource_metadata=\"https://a.example\"",
                true,
                Some("https://a.example"),
            ),
            (
                "Custom resource_metadata=\"https://x.example\", Bearer resource_metadata=\"https://a.example\"",
                true,
                Some("https://a.example"),
            ),
        ] {
            let own = read(value);
            let got = (own.takes_tokens, own.resource_metadata.as_deref());
            assert_eq!(got, (takes_tokens, named), "{value}");
        }
        for odd in [
            "Bearer scope=\"\"",
            "Bearer scope=\"a\\\"b\"",
            "Bearer scope=\"é\"",
        ] {
            assert_eq!(read(odd).scope, None, "{odd}");
        }
    }
}
