use gatepass_proto::Secret;
use gatepass_proto::message::credentials::Credentials;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::tokens::StoredToken;
use crate::{ApiKey, Credential, Error, KeyPlace};

/// What makes a request authenticated: one header. Its value never shows in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// `Authorization`, or the header of an API key.
    pub name: HeaderName,
    /// The value in full, scheme included.
    pub value: Secret,
    /// The token or key alone; of Basic the password.
    pub secret: Secret,
}

impl Attachment {
    pub(crate) async fn of_static(credential: &Credential) -> Result<Self, Error> {
        match credential {
            Credential::Basic { username, password } => {
                let password = password.read().await?;
                let basic = Credentials::basic(username, &password).ok_or_else(|| {
                    Error::Setup("a user name for Basic has no colon, and neither it nor the password a control character".into())
                })?;
                Ok(Self {
                    name: AUTHORIZATION,
                    value: basic.to_header(),
                    secret: password,
                })
            }
            Credential::Bearer { token } => Ok(Self::bearer(token.read().await?)),
            Credential::ApiKey(ApiKey { key, place }) => {
                let key = key.read().await?;
                Ok(match place {
                    KeyPlace::Bearer => Self::bearer(key),
                    KeyPlace::Header(name) => Self {
                        name: name.clone(),
                        value: key.clone(),
                        secret: key,
                    },
                })
            }
            Credential::Login(_) | Credential::OAuth(_) => {
                Err(Error::Setup("this credential makes tokens".into()))
            }
        }
    }

    /// A token goes out as Bearer whatever the case of its type; other types are not spoken here yet.
    pub(crate) fn of_token(token: &StoredToken) -> Result<Self, Error> {
        if !token.token_type.eq_ignore_ascii_case("bearer") {
            let kind = &token.token_type;
            return Err(Error::Setup(format!(
                "the server issued a token of type {kind:?}; only Bearer can be sent"
            )));
        }
        Ok(Self::bearer(token.access_token.clone()))
    }

    /// Puts the header on a request, in place of any other of its name.
    pub(crate) fn put(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        let mut value = HeaderValue::from_bytes(self.value.expose().as_bytes()).map_err(|_| {
            Error::Setup("the secret has characters that cannot stand in a header".into())
        })?;
        value.set_sensitive(true);
        headers.insert(self.name.clone(), value);
        Ok(())
    }

    fn bearer(token: Secret) -> Self {
        Self {
            name: AUTHORIZATION,
            value: Credentials::Bearer(token.clone()).to_header(),
            secret: token,
        }
    }
}
