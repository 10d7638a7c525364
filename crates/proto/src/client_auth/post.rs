//! `client_secret_post` (RFC 6749 §2.3.1): id and secret in the body.

use super::{Claim, ClientAuthMethod, ClientCredentials, Draft, Proof, Sent, Trial, check_secret};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::{ClientId, Cx, OAuthError, Secret};

pub(super) struct Post;

impl ClientAuthMethod for Post {
    fn name(&self) -> &'static str {
        "client_secret_post"
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
            .ok_or("client_secret_post needs a client secret")?;
        client.name_in(&mut draft.params);
        draft.params.push("client_secret", secret.expose());
        Ok(())
    }

    fn served(&self) -> bool {
        true
    }

    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        let secret = sent.params.get("client_secret")?;
        let claim = sent.params.get("client_id").map(|id| Claim {
            client_id: ClientId::new(id),
            proof: Proof::Secret(Secret::new(secret)),
        });
        Some(
            claim.ok_or_else(|| {
                OAuthError::invalid_client().hint("client_secret without client_id")
            }),
        )
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
