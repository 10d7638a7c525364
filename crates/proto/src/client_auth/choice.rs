//! Which method a client shows itself by where nobody has said it.

use super::ClientCredentials;

/// HS256 takes no shorter key, in bytes (RFC 7518 §3.2).
const MIN_HMAC: usize = 32;

impl ClientCredentials {
    /// The method of those that the server lists (`token_endpoint_auth_methods_supported`, RFC 8414 §2; empty where it
    /// lists none) that the client has the means for: its secret first, then its key, then its certificate
    /// (`certified`).
    ///
    /// A secret is there to be shown. A key may be there for request objects (RFC 9101) and a certificate for the API
    /// alone, so neither is used in place of a secret, nor where the server lists `none` and nothing that takes them.
    pub fn choose(&self, certified: bool, listed: &[String]) -> &'static str {
        let lists = |name: &str| listed.iter().any(|own| own == name);
        let means = self.means(certified);
        if let Some(method) = means.iter().find(|method| lists(method)) {
            return method;
        }
        match means.first() {
            Some(method) if self.client_secret.is_some() || !lists("none") => method,
            _ => "none",
        }
    }

    /// The methods that there are the means for, the best first.
    fn means(&self, certified: bool) -> Vec<&'static str> {
        let secret = self.client_secret.as_ref();
        let signs = secret.is_some_and(|secret| secret.expose().len() >= MIN_HMAC);
        let key = self.key.is_some();
        [
            ("client_secret_basic", secret.is_some()),
            ("client_secret_post", secret.is_some()),
            ("client_secret_jwt", signs),
            ("private_key_jwt", key),
            ("tls_client_auth", certified),
            ("self_signed_tls_client_auth", certified),
        ]
        .into_iter()
        .filter_map(|(name, possible)| possible.then_some(name))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::client_auth::{ClientCredentials, Draft};
    use crate::jose::SigningKey;
    use crate::{Cx, Entropy, Secret, Timestamp};

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    /// A client with what is named: `secret`, `long secret`, `key`. A certificate is the connection's.
    fn client(means: &str) -> ClientCredentials {
        let mut client = ClientCredentials::public("cl");
        for means in means.split(", ") {
            match means {
                "secret" => client.client_secret = Some(Secret::new("hunter2")),
                "long secret" => client.client_secret = Some(Secret::new("x".repeat(32))),
                "key" => {
                    let mut sevens = Sevens;
                    let cx = &mut Cx::new(Timestamp::from_secs(0), &mut sevens);
                    let key = SigningKey::generate("ES256", cx).expect("a key");
                    client.key = Some(Arc::new(key));
                }
                _ => {}
            }
        }
        client
    }

    fn attached(client: &ClientCredentials) -> Draft {
        let mut draft = Draft::default();
        let mut sevens = Sevens;
        let cx = &mut Cx::new(Timestamp::from_secs(0), &mut sevens);
        client.attach(&mut draft, cx).expect("attached");
        draft
    }

    #[test]
    fn a_secret_goes_before_a_key_and_a_key_before_a_certificate() {
        const BASIC: &str = "client_secret_basic";
        const KEY: &str = "private_key_jwt";
        const TLS: &str = "tls_client_auth";
        for (means, listed, chosen) in [
            // The server says nothing.
            ("", "", "none"),
            ("secret", "", BASIC),
            ("key", "", KEY),
            ("certificate", "", TLS),
            ("secret, key, certificate", "", BASIC),
            ("key, certificate", "", KEY),
            // It lists everything.
            (
                "secret, key, certificate",
                "tls_client_auth private_key_jwt client_secret_post client_secret_basic none",
                BASIC,
            ),
            (
                "key, certificate",
                "tls_client_auth private_key_jwt none",
                KEY,
            ),
            ("certificate", "private_key_jwt tls_client_auth none", TLS),
            // It takes some of it only.
            (
                "secret, key",
                "client_secret_post private_key_jwt",
                "client_secret_post",
            ),
            ("secret, key", "private_key_jwt", KEY),
            ("secret, key, certificate", "tls_client_auth", TLS),
            (
                "certificate",
                "self_signed_tls_client_auth",
                "self_signed_tls_client_auth",
            ),
            (
                "long secret, key",
                "client_secret_jwt private_key_jwt",
                "client_secret_jwt",
            ),
            ("secret, key", "client_secret_jwt private_key_jwt", KEY),
            // A public client whose key is for request objects, or whose certificate is for the API.
            ("key", "client_secret_basic none", "none"),
            ("certificate", "client_secret_basic none", "none"),
            ("key, certificate", "none", "none"),
            // What it lists cannot be all.
            ("secret", "none", BASIC),
            ("secret, key", "urn:example:own", BASIC),
            ("key", "client_secret_basic", KEY),
        ] {
            let listed: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
            let certified = means.contains("certificate");
            let got = client(means).choose(certified, &listed);
            assert_eq!(got, chosen, "{means:?} at {listed:?}");
        }
    }

    #[test]
    fn without_a_choice_the_secret_is_shown_and_the_key_signs_nothing() {
        let both = client("secret, key");
        assert!(!both.signs());
        let draft = attached(&both);
        assert_eq!(draft.headers["authorization"], "Basic Y2w6aHVudGVyMg==");
        assert!(draft.params.is_empty());
        assert!(client("key").signs() && !client("").signs());
    }

    #[test]
    fn nobody_shows_nothing() {
        let nobody = ClientCredentials::nobody();
        let draft = attached(&nobody);
        assert!(draft.params.is_empty() && draft.headers.is_empty());
        assert!(!nobody.signs() && nobody.is_nobody());
    }
}
