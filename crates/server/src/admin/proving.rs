//! How a client is to prove itself: what an operator may register, and what is kept of it.

use std::sync::Arc;

use gatepass_proto::client_auth::{BY_AUTHORITY, BY_ITSELF, FAPI_METHODS, Subject};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::Client;
use gatepass_proto::jose::KeySet;
use gatepass_proto::{Secret, client_auth};
use serde_json::Value;
use url::Url;

use super::{Admin, AdminError, NewClient};
use crate::config::KeySource;
use crate::keys::{self, Opened};
use crate::outside;
use crate::seal::MasterKey;

/// What a client with a secret may show it by, unless the operator picks one.
const USUAL: [&str; 2] = ["client_secret_basic", "client_secret_post"];
const NONE: &str = "none";
const BY_KEY: &str = "private_key_jwt";
const BY_SECRET: &str = "client_secret_jwt";

impl NewClient {
    /// Whether it gets a secret.
    pub(super) fn has_secret(&self) -> bool {
        match self.auth_method.as_deref() {
            Some(method) => method.starts_with("client_secret_"),
            None => !self.public,
        }
    }

    /// Whether it has no means to authenticate.
    pub(super) fn is_public(&self) -> bool {
        self.public || self.auth_method.as_deref() == Some(NONE)
    }
}

/// The methods that a client is registered with.
///
/// # Errors
///
/// The method is not served, or what it needs is missing or unusable.
pub(super) fn methods(new: &NewClient) -> Result<Vec<String>, AdminError> {
    check_keys(&new.details)?;
    let Some(method) = new.auth_method.as_deref() else {
        let usual: &[&str] = if new.public { &[NONE] } else { &USUAL };
        return Ok(usual.iter().map(ToString::to_string).collect());
    };
    let served = client_auth::names();
    if !served.iter().any(|name| name == method) {
        let served = served.join(", ");
        return invalid(format!(
            "the authentication method {method:?} is not known; expected one of {served}"
        ));
    }
    if new.details.fapi && !FAPI_METHODS.contains(&method) {
        return invalid(format!(
            "a client under FAPI 2.0 proves itself by {}, not by {method}",
            FAPI_METHODS.join(" or ")
        ));
    }
    if new.public && method != NONE {
        return invalid(format!("a public client cannot use {method}"));
    }
    if method == BY_KEY && new.details.jwks.is_none() && new.details.jwks_uri.is_none() {
        return invalid("private_key_jwt needs the client's public keys: jwks or jwks_uri".into());
    }
    check_certificate(method, &new.details)?;
    Ok(vec![method.to_owned()])
}

/// RFC 8705 §2.1.2, §2.2.2.
fn check_certificate(method: &str, details: &ClientDetails) -> Result<(), AdminError> {
    if method == BY_AUTHORITY {
        Subject::of(details).map_err(|why| AdminError::Invalid(why.to_owned()))?;
    }
    let keys = details.jwks.as_ref().and_then(|jwks| jwks.get("keys"));
    let keys = keys.and_then(Value::as_array);
    let registered = keys.is_some_and(|keys| !KeySet::of(keys).is_without_certificates());
    if method == BY_ITSELF && details.jwks_uri.is_none() && !registered {
        let text = "self_signed_tls_client_auth needs the client's certificate: in x5c of jwks, or at jwks_uri";
        return invalid(text.to_owned());
    }
    Ok(())
}

/// RFC 7591 §2: one of the two. Keys that nobody could use, or that should not be here, are worth a word now.
fn check_keys(details: &ClientDetails) -> Result<(), AdminError> {
    if details.jwks.is_some() && details.jwks_uri.is_some() {
        return invalid("jwks and jwks_uri exclude each other".to_owned());
    }
    if let Some(jwks) = &details.jwks {
        let keys = jwks.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| AdminError::Invalid("jwks has no keys".to_owned()))?;
        if keys
            .iter()
            .any(|key| key.get("d").is_some() || key.get("k").is_some())
        {
            let text = "jwks holds a private or symmetric key; register the public half alone";
            return invalid(text.to_owned());
        }
        let keys = KeySet::of(keys);
        if keys.is_empty() && keys.is_without_certificates() {
            return invalid("jwks holds no key that signatures can be checked by".to_owned());
        }
    }
    if let Some(uri) = &details.jwks_uri {
        let fault = |why: String| AdminError::Invalid(format!("the jwks_uri {uri:?} {why}"));
        let url = Url::parse(uri).map_err(|_| fault("is not a URL".to_owned()))?;
        gatepass_http::check_url(&url).map_err(|error| fault(format!("will not do: {error}")))?;
    }
    Ok(())
}

fn invalid<T>(text: String) -> Result<T, AdminError> {
    Err(AdminError::Invalid(text))
}

impl Admin {
    /// Names the master key, where it is not the usual file beside the database.
    #[must_use]
    pub fn master_key(mut self, source: Option<KeySource>) -> Self {
        self.master_key = source.or(self.master_key);
        self
    }

    /// Keeps the secret itself where the method needs more than its digest.
    pub(super) async fn keep_secret(
        &self,
        client: &mut Client,
        secret: Option<&Secret>,
    ) -> Result<(), AdminError> {
        let Some(secret) =
            secret.filter(|_| client.auth_methods.iter().any(|own| own == BY_SECRET))
        else {
            return Ok(());
        };
        let fault = |error: String| AdminError::Invalid(error);
        let master = self.sealing_key().await?;
        let sealed = outside::seal(&master, &client.client_id, secret)
            .map_err(|error| fault(error.to_string()))?;
        Arc::make_mut(&mut client.details).sealed_secret = Some(sealed);
        // What can be opened needs no digest beside it, by which it could be shown in clear.
        client.client_secrets.clear();
        Ok(())
    }

    /// The key that the server opens secrets with: the one that opens its own keys, where it has any yet.
    async fn sealing_key(&self) -> Result<MasterKey, AdminError> {
        let fault = |error: String| AdminError::Invalid(error);
        let missing =
            || fault("client_secret_jwt needs the server's master key: name it".to_owned());
        let source = self.master_key.as_ref().ok_or_else(missing)?;
        let sealed = keys::sealed_keys(&*self.store).await?;
        if sealed.is_empty() {
            return MasterKey::obtain(source).map_err(|error| fault(error.to_string()));
        }
        let found = MasterKey::find(source).map_err(|error| fault(error.to_string()))?;
        let master = found.ok_or_else(missing)?;
        Opened::open(sealed, &master).map_err(|error| fault(error.to_string()))?;
        Ok(master)
    }
}
