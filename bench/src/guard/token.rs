use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::scenario::obtain;
use crate::target::Target;
use crate::work::{post, post_opaquely};

/// Access tokens of one server.
pub(super) struct Token {
    /// One that is a JWT.
    pub(super) jwt: String,
    /// One that has to be introspected.
    pub(super) opaque: String,
    /// Whom both are for.
    pub(super) audience: String,
}

impl Token {
    /// Gets one of each.
    pub(super) async fn of(server: &Target) -> anyhow::Result<Self> {
        let form = [("grant_type", "client_credentials")];
        let path = server.dialect.token;
        let jwt = obtain(server, &post(server, path, &form), "access_token").await?;
        let opaque = post_opaquely(server, path, &form);
        Ok(Self {
            audience: audience(&jwt)?,
            opaque: obtain(server, &opaque, "access_token").await?,
            jwt,
        })
    }

    /// The header that shows it.
    pub(super) fn header(&self, token: &str) -> String {
        format!("Authorization: Bearer {token}\r\n")
    }
}

fn audience(jwt: &str) -> anyhow::Result<String> {
    let payload = jwt.split('.').nth(1).context("the token is no JWT")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    let audience = claims.get("aud");
    let first = audience.and_then(|list| list.get(0)).or(audience);
    let audience = first.and_then(Value::as_str);
    Ok(audience.context("the token is for nobody")?.to_owned())
}
