//! What the server says of a user to clients (OpenID Connect Core 1.0 §5.1).

use gatepass_proto::decide::record::User;
use gatepass_proto::message::claims::read_claim;
use serde_json::{Map, Value};

use super::{Admin, AdminError};

/// The most that is kept of a user's claims, in bytes of JSON: they have to fit into a token.
const MAX_SIZE: usize = 8 * 1024;

/// Claims to be set, by name; what is `null` is taken away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimChanges(Map<String, Value>);

impl ClaimChanges {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a claim as it was written: a text for those that are texts, JSON or else text for the others.
    ///
    /// # Errors
    ///
    /// The claim cannot be set, or not to this.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), AdminError> {
        let value = read_claim(name, text)
            .map_err(|why| AdminError::Invalid(format!("claim {name:?}: {why}")))?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Takes a claim away.
    pub fn unset(&mut self, name: &str) {
        self.0.insert(name.to_owned(), Value::Null);
    }

    /// Sets `email`. That somebody typed it here does not verify it.
    ///
    /// # Errors
    ///
    /// It cannot be an address.
    pub fn email(&mut self, address: &str) -> Result<(), AdminError> {
        let parts = address.rsplit_once('@');
        if !parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
            let text = format!("{address:?} is not an e-mail address");
            return Err(AdminError::Invalid(text));
        }
        self.set("email", address)?;
        self.0.insert("email_verified".to_owned(), false.into());
        Ok(())
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn apply(&self, claims: &mut Map<String, Value>) {
        for (name, value) in &self.0 {
            match value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.clone(), value.clone()),
            };
        }
    }
}

impl Admin {
    /// Changes the claims of a user.
    ///
    /// # Errors
    ///
    /// There is no such user, or they would have too many.
    pub async fn set_claims(
        &self,
        username: &str,
        changes: &ClaimChanges,
    ) -> Result<User, AdminError> {
        let mut claims = self.user(username).await?.details.claims;
        changes.apply(&mut claims);
        if Value::from(claims).to_string().len() > MAX_SIZE {
            let text = format!("the claims of a user must not exceed {MAX_SIZE} bytes");
            return Err(AdminError::Invalid(text));
        }
        self.edit_user(username, "user.claims_changed", |user, now| {
            changes.apply(&mut user.details.claims);
            let claims = &mut user.details.claims;
            claims.insert("updated_at".to_owned(), now.as_secs().into());
        })
        .await
    }
}
