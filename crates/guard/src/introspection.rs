use std::time::Duration;

use gatepass_proto::client_auth::ClientCredentials;
use url::Url;

/// How long an answer is believed where nobody says otherwise.
const CACHE: Duration = Duration::from_secs(10);

/// How an issuer is asked about its tokens (RFC 7662).
///
/// An answer is believed for 10 seconds, so a token that is withdrawn passes for so long at most; see
/// [`Introspection::cache`]. While the issuer cannot answer, only what is still believed passes.
#[derive(Clone, Debug)]
pub struct Introspection {
    pub(crate) client: ClientCredentials,
    pub(crate) endpoint: Option<Url>,
    pub(crate) cache: Duration,
    pub(crate) all_tokens: bool,
    pub(crate) audience_implied: bool,
}

impl Introspection {
    /// Asks as this client, by whatever method it has the means for and the issuer lists:
    /// `ClientCredentials::confidential(client_id, client_secret)`, or one with a key (`private_key_jwt`).
    pub fn new(client: ClientCredentials) -> Self {
        Self {
            client,
            endpoint: None,
            cache: CACHE,
            all_tokens: false,
            audience_implied: false,
        }
    }

    /// Asks here and not where the issuer's metadata say.
    #[must_use]
    pub fn endpoint(mut self, url: Url) -> Self {
        self.endpoint = Some(url);
        self
    }

    /// How long an answer is believed; never beyond the token's `exp`. With zero the issuer is asked on every request, and
    /// a withdrawn token is refused at once. That a token is not good is remembered for 5 seconds at most.
    #[must_use]
    pub fn cache(mut self, span: Duration) -> Self {
        self.cache = span;
        self
    }

    /// Asks about JWTs of this issuer too, in place of checking their signature: a token that is withdrawn is seen within
    /// the time of the cache.
    #[must_use]
    pub fn all_tokens(mut self) -> Self {
        self.all_tokens = true;
        self
    }

    /// Believes an answer without `aud` to be for this service, where the issuer answers each client about its own tokens
    /// alone. Otherwise such an answer is refused: the token may be another service's.
    #[must_use]
    pub fn audience_implied(mut self) -> Self {
        self.audience_implied = true;
        self
    }
}
