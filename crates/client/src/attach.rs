use std::time::Duration;

use gatepass_http::OsEntropy;
use gatepass_proto::dpop::Dpop;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::{Cx, Secret};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::inner::Inner;
use crate::tokens::StoredToken;
use crate::{ApiKey, Credential, Error, KeyPlace, netrc};

/// The header of a proof of possession (RFC 9449 §4).
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What makes a request authenticated. What it holds never shows in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Where it goes.
    pub place: Where,
    /// What goes there in full, scheme included.
    pub value: Secret,
    /// The token or key alone; of Basic the password.
    pub secret: Secret,
    /// The proof that goes beside it (RFC 9449), good for this one request.
    pub proof: Option<Secret>,
}

/// Where on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In this header.
    Header(HeaderName),
    /// In the query, under this name.
    Query(String),
    /// In a cookie of this name.
    Cookie(String),
    /// Nowhere yet: the server's challenge has to come first (RFC 7616).
    Challenge,
}

impl Attachment {
    /// That of a credential which is sent as it is, to this URL where it depends on whom it is for.
    pub(crate) async fn of_static(
        credential: &Credential,
        url: Option<&Url>,
    ) -> Result<Self, Error> {
        match credential {
            Credential::Basic { username, password } => {
                Self::basic(username, password.read().await?)
            }
            Credential::Netrc { file } => {
                let url = url.ok_or_else(|| {
                    Error::Setup("netrc has a password for each host; name the URL".into())
                })?;
                let login = netrc::login(file.as_deref(), url).await?;
                Self::basic(&login.username, login.password)
            }
            Credential::Digest { password, .. } => {
                let password = password.read().await?;
                Ok(Self::new(Where::Challenge, Secret::new(""), password))
            }
            Credential::Bearer { token } => Ok(Self::bearer(token.read().await?)),
            Credential::ApiKey(ApiKey { key, place }) => {
                let key = key.read().await?;
                let place = match place {
                    KeyPlace::Bearer => return Ok(Self::bearer(key)),
                    KeyPlace::Header(name) => Where::Header(name.clone()),
                    KeyPlace::Query(name) => Where::Query(name.clone()),
                    KeyPlace::Cookie(name) => Where::Cookie(name.clone()),
                };
                Ok(Self::new(place, key.clone(), key))
            }
            Credential::Login(_) | Credential::OAuth(_) | Credential::Discover(_) => {
                Err(Error::Setup("this credential makes tokens".into()))
            }
        }
    }

    fn new(place: Where, value: Secret, secret: Secret) -> Self {
        Self {
            place,
            value,
            secret,
            proof: None,
        }
    }

    fn basic(username: &str, password: Secret) -> Result<Self, Error> {
        let basic = Credentials::basic(username, &password).ok_or_else(|| {
            Error::Setup("a user name for Basic has no colon, and neither it nor the password a control character".into())
        })?;
        let place = Where::Header(AUTHORIZATION);
        Ok(Self::new(place, basic.to_header(), password))
    }

    fn bearer(token: Secret) -> Self {
        let value = Credentials::Bearer(token.clone()).to_header();
        Self::new(Where::Header(AUTHORIZATION), value, token)
    }

    /// The headers of it; none where it goes into the URL.
    ///
    /// # Errors
    ///
    /// It has characters that cannot stand in a header.
    pub fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        match &self.place {
            Where::Header(name) => {
                headers.insert(name.clone(), sensitive(self.value.expose())?);
            }
            Where::Cookie(name) => {
                let pair = Secret::new(format!("{name}={}", self.value.expose()));
                headers.insert(COOKIE, sensitive(pair.expose())?);
            }
            Where::Query(_) | Where::Challenge => {}
        }
        if let Some(proof) = &self.proof {
            headers.insert(DPOP, sensitive(proof.expose())?);
        }
        Ok(headers)
    }

    /// Puts it on a request to `url`, in place of any other of its name. The URL to send to instead, where it goes there.
    pub(crate) fn put(&self, headers: &mut HeaderMap, url: &Url) -> Result<Option<Url>, Error> {
        let mut own = self.headers()?;
        if let Where::Cookie(name) = &self.place {
            // The other cookies of the request stay.
            let mut all = zeroize::Zeroizing::new(String::new());
            for others in headers.get_all(COOKIE) {
                all.push_str(&String::from_utf8_lossy(others.as_bytes()));
                all.push_str("; ");
            }
            all.push_str(&format!("{name}={}", self.value.expose()));
            own.insert(COOKIE, sensitive(&all)?);
        }
        for (name, value) in &own {
            headers.insert(name.clone(), value.clone());
        }
        let Where::Query(name) = &self.place else {
            return Ok(None);
        };
        let mut url = url.clone();
        url.query_pairs_mut().append_pair(name, self.value.expose());
        Ok(Some(url))
    }
}

/// A token that this process remembers, and the header of it where that is the same for every request.
pub(crate) struct Current {
    pub(crate) token: StoredToken,
    bearer: Option<HeaderValue>,
}

impl Current {
    pub(crate) fn new(token: StoredToken) -> Self {
        let bearer = is_bearer(&token)
            .then(|| Attachment::bearer(token.access_token.clone()))
            .and_then(|attachment| sensitive(attachment.value.expose()).ok());
        Self { token, bearer }
    }
}

fn is_bearer(token: &StoredToken) -> bool {
    token.token_type.eq_ignore_ascii_case("bearer")
}

impl Inner {
    /// The header of the remembered token, and the token, if it does and every request gets the same: what
    /// [`Session::attach`](crate::Session) makes, with nothing made anew.
    pub(crate) fn bearer_at_hand(&self) -> Option<(HeaderValue, Secret)> {
        let now = self.clock.now();
        let state = self.state();
        let current = state.current.as_ref()?;
        let value = current.bearer.as_ref()?;
        self.does(&state, &current.token, now, Duration::ZERO)
            .then(|| (value.clone(), current.token.access_token.clone()))
    }

    /// A token as it goes on one request. Bearer whatever the case of its type; `DPoP` with a proof for this method
    /// and URL (RFC 9449 §7.1).
    pub(crate) fn of_token(
        &self,
        token: &StoredToken,
        request: Option<(&Method, &Url)>,
    ) -> Result<Attachment, Error> {
        let kind = token.token_type.as_str();
        if is_bearer(token) {
            return Ok(Attachment::bearer(token.access_token.clone()));
        }
        let (true, Some(key)) = (kind.eq_ignore_ascii_case("dpop"), &token.dpop_key) else {
            return Err(Error::Setup(format!(
                "the server issued a token of type {kind:?}; Bearer and DPoP can be sent"
            )));
        };
        let (method, url) = request.ok_or_else(|| {
            Error::Setup(
                "the token is bound to a key (DPoP): a proof is for one method and URL, so name them"
                    .into(),
            )
        })?;
        let mut entropy = OsEntropy;
        let (now, skew) = (self.clock.now(), self.state().skew);
        let now = skew.map_or(now, |skew| skew.theirs(now));
        let cx = &mut Cx::new(now, &mut entropy);
        let proof = self
            .proofs(key)?
            .proof(method, url, Some(&token.access_token), cx)
            .map_err(|error| Error::Setup(error.to_string()))?;
        let proof = proof.to_str().unwrap_or_default();
        let value = Secret::new(format!("DPoP {}", token.access_token.expose()));
        Ok(Attachment {
            proof: Some(Secret::new(proof)),
            ..Attachment::new(
                Where::Header(AUTHORIZATION),
                value,
                token.access_token.clone(),
            )
        })
    }

    /// Proofs by this key, with the nonces that servers have given for it.
    pub(crate) fn proofs(&self, key: &Secret) -> Result<Dpop, Error> {
        let mut state = self.state();
        if let Some(dpop) = &state.proofs
            && dpop.to_private_jwk() == key
        {
            return Ok(dpop.clone());
        }
        let dpop = Dpop::from_private_jwk(key).map_err(|error| Error::Setup(error.to_string()))?;
        state.proofs = Some(dpop.clone());
        Ok(dpop)
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Error::Setup("the secret has characters that cannot stand in a header".into())
    })?;
    value.set_sensitive(true);
    Ok(value)
}
