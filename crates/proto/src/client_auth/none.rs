//! `none`: a public client only says who it is (RFC 6749 §2.1, RFC 7591 §2).

use super::basic::decode;
use super::{Claim, ClientAuthMethod, ClientCredentials, Draft, Proof, Sent, Trial, wrong_proof};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::message::credentials::Credentials;
use crate::{ClientId, Cx, OAuthError};

pub(super) struct None;

impl ClientAuthMethod for None {
    fn name(&self) -> &'static str {
        "none"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        _: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        client.name_in(&mut draft.params);
        Ok(())
    }

    fn served(&self) -> bool {
        true
    }

    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        let proofs = ["client_secret", "client_assertion", "client_assertion_type"];
        if proofs.iter().any(|name| sent.params.get(name).is_some()) {
            return Option::None;
        }
        let client_id = match sent.authorization.map(Credentials::parse) {
            Option::None => sent.params.get("client_id")?.to_owned(),
            // RFC 6749 §2.3.1 lets an empty secret be left out; requests-oauthlib sends it for a public client.
            Some(Ok(Credentials::Basic { username, password })) if password.is_empty() => {
                decode(&username)?
            }
            Some(_) => return Option::None,
        };
        Some(Ok(Claim {
            client_id: ClientId::new(client_id),
            proof: Proof::Name,
        }))
    }

    fn verify(&self, _: &Claim, client: &Client, _: &Trial<'_>) -> Result<Option<Change>, Halt> {
        if client.is_public() {
            Ok(Option::None)
        } else {
            Err(wrong_proof())
        }
    }
}
