//! The reading of a client's private key.

use gatepass_proto::Secret;
use gatepass_proto::jose::SigningKey;
use serde_json::Value;

use crate::{ClientKey, Error};

impl ClientKey {
    /// Reads the key: PEM, a private JWK, a set with one, or the JSON file of a service account with
    /// `private_key` in it.
    ///
    /// # Errors
    ///
    /// It is not there, or is no key that can sign.
    pub(crate) async fn read(&self) -> Result<SigningKey, Error> {
        let text = self.key.read_all().await?;
        self.parse(text.expose()).map_err(|reason| {
            Error::Setup(format!(
                "the client's key ({}) cannot be used: {reason}",
                self.key.place()
            ))
        })
    }

    fn parse(&self, text: &str) -> Result<SigningKey, String> {
        if !text.trim_start().starts_with('{') {
            return self.parse_pem(text, self.kid.clone());
        }
        // The error's own text could repeat the content.
        let mut document: Value =
            serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
        if let Some(pem) = document.get("private_key").and_then(Value::as_str) {
            let pem = Secret::new(pem);
            let kid = document.get("private_key_id").and_then(Value::as_str);
            return self.parse_pem(pem.expose(), self.kid.clone().or(kid.map(str::to_owned)));
        }
        if let Some(Value::Array(keys)) = document.get_mut("keys") {
            let wanted = |key: &Value| match &self.kid {
                Some(kid) => key.get("kid").and_then(Value::as_str) == Some(kid),
                None => true,
            };
            let found = keys.iter().position(wanted);
            let found = found.ok_or("the set has no key of that id")?;
            document = keys.swap_remove(found);
        }
        if let (Some(kid), Some(jwk)) = (&self.kid, document.as_object_mut()) {
            jwk.insert("kid".into(), kid.as_str().into());
        }
        if let (Some(alg), Some(jwk)) = (&self.alg, document.as_object_mut()) {
            jwk.insert("alg".into(), alg.as_str().into());
        }
        SigningKey::from_jwk(&document).map_err(|error| error.to_string())
    }

    fn parse_pem(&self, pem: &str, kid: Option<String>) -> Result<SigningKey, String> {
        let key =
            SigningKey::from_pem(pem, self.alg.as_deref()).map_err(|error| error.to_string())?;
        Ok(match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }
}
