//! `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): the certificate of the connection is the proof, and
//! the body only says whose it is.

use super::{ClientAuthMethod, ClientCredentials, Draft};
use crate::Cx;

pub(super) struct TlsClientAuth;

pub(super) struct SelfSignedTlsClientAuth;

impl ClientAuthMethod for TlsClientAuth {
    fn name(&self) -> &'static str {
        "tls_client_auth"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        _: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        identify(client, draft);
        Ok(())
    }
}

impl ClientAuthMethod for SelfSignedTlsClientAuth {
    fn name(&self) -> &'static str {
        "self_signed_tls_client_auth"
    }

    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        _: &mut Cx<'_>,
    ) -> Result<(), &'static str> {
        identify(client, draft);
        Ok(())
    }
}

/// Says who asks, unless the message has said so already: a pushed authorization request does (RFC 9126 §2.1).
pub(super) fn identify(client: &ClientCredentials, draft: &mut Draft) {
    if draft.params.get("client_id").is_none() {
        draft.params.push("client_id", client.client_id.as_str());
    }
}
