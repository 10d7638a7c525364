//! `none`: a public client only says who it is (RFC 6749 §2.1, RFC 7591 §2).

use super::{Claim, ClientAuthMethod, ClientCredentials, Draft, Presented};
use crate::decide::record::Client;
use crate::{ClientId, OAuthError};

pub(super) struct None;

impl ClientAuthMethod for None {
    fn name(&self) -> &'static str {
        "none"
    }

    fn attach(&self, client: &ClientCredentials, draft: &mut Draft) -> Result<(), &'static str> {
        draft.params.push("client_id", client.client_id.as_str());
        Ok(())
    }

    fn claim(&self, presented: &Presented<'_>) -> Option<Result<Claim, OAuthError>> {
        if presented.authorization.is_some() || presented.params.get("client_secret").is_some() {
            return Option::None;
        }
        let client_id = ClientId::new(presented.params.get("client_id")?);
        Some(Ok(Claim {
            client_id,
            secret: Option::None,
        }))
    }

    fn verify(&self, _: &Claim, client: &Client) -> bool {
        client.is_public()
    }
}
