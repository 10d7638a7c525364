//! `client_secret_basic` (RFC 6749 §2.3.1): id and secret, each form-encoded, in an HTTP Basic header.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::{Claim, ClientAuthMethod, ClientCredentials, Draft, Proof, Sent, Trial, check_secret};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::message::credentials::Credentials;
use crate::{ClientId, Cx, OAuthError, Params, Secret};

pub(super) struct Basic;

impl ClientAuthMethod for Basic {
    fn name(&self) -> &'static str {
        "client_secret_basic"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        _: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        let secret = client
            .client_secret
            .as_ref()
            .ok_or("client_secret_basic needs a client secret")?;
        let credentials = Credentials::Basic {
            username: encode(client.client_id.as_str()),
            password: Secret::new(encode(secret.expose())),
        };
        let mut value = HeaderValue::from_str(credentials.to_header().expose())
            .map_err(|_| "the client secret cannot stand in a header")?;
        value.set_sensitive(true);
        draft.headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    fn served(&self) -> bool {
        true
    }

    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        let header = sent.authorization?;
        let read = match Credentials::parse(header) {
            Ok(Credentials::Basic { password, .. }) if password.is_empty() => return None,
            Ok(Credentials::Basic { username, password }) => decode(&username)
                .zip(decode(password.expose()))
                .map(|(id, secret)| Claim {
                    client_id: ClientId::new(id),
                    proof: Proof::Secret(Secret::new(secret)),
                }),
            _ => None,
        };
        Some(read.ok_or_else(|| {
            OAuthError::invalid_client().hint("authorization header is not client Basic")
        }))
    }

    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        _: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        check_secret(claim, client)
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads one form-encoded text by the strict rules of [`Params`].
pub(super) fn decode(text: &str) -> Option<String> {
    if text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._*".contains(&b))
        && !text.is_empty()
    {
        // Form-encoding leaves it alone, as it does everything that we generate.
        return Some(text.to_owned());
    }
    if text.contains('&') {
        return None;
    }
    let params = Params::parse_form(format!("v={text}").as_bytes()).ok()?;
    params.get("v").map(str::to_owned)
}
