//! `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): the certificate of the connection is the proof, and
//! the body only says whose it is.

use super::{
    Certificate, Claim, ClientAuthMethod, ClientCredentials, Draft, Proof, Subject, Trial,
    wrong_proof,
};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::{Cx, OAuthError};

pub(super) struct TlsClientAuth;

pub(super) struct SelfSignedTlsClientAuth;

/// Names of the methods by which a client shows a certificate.
pub const BY_CERTIFICATE: [&str; 2] = [BY_AUTHORITY, BY_ITSELF];
/// The method of certificates for which an authority vouches.
pub const BY_AUTHORITY: &str = "tls_client_auth";
/// The method of certificates that the client has registered.
pub const BY_ITSELF: &str = "self_signed_tls_client_auth";

impl ClientAuthMethod for TlsClientAuth {
    fn name(&self) -> &'static str {
        BY_AUTHORITY
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

    fn served(&self) -> bool {
        true
    }

    /// §2.1: an authority that is trusted vouches for it, and it is for the name that was registered.
    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        let certificate = shown(claim, trial)?;
        if !certificate.is_trusted {
            return Err(refused(
                "no authority of --client-ca vouches for the certificate",
            ));
        }
        let subject = Subject::of(&client.details).map_err(refused)?;
        match subject.is_of(certificate) {
            true => Ok(None),
            false => Err(refused(
                "the certificate is for another name than the registered one",
            )),
        }
    }
}

impl ClientAuthMethod for SelfSignedTlsClientAuth {
    fn name(&self) -> &'static str {
        BY_ITSELF
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

    fn served(&self) -> bool {
        true
    }

    /// §2.2: it is one of those that the client has registered, or publishes.
    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        let thumbprint = &shown(claim, trial)?.thumbprint;
        let keys = trial.facts.client_keys(client, Some(thumbprint))?;
        match keys.has_certificate(thumbprint) {
            true => Ok(None),
            false => Err(refused(
                "the certificate is not in an x5c of the client's keys",
            )),
        }
    }
}

/// The method of a client that may have said no more than its name.
pub(super) fn method_of(client: &Client) -> Option<&'static dyn ClientAuthMethod> {
    let own = |name: &&str| client.auth_methods.iter().any(|method| method == name);
    super::find(BY_CERTIFICATE.iter().find(|name| own(name))?)
}

/// The certificate that came along, if it is good by its own dates.
fn shown<'c>(claim: &'c Claim, trial: &Trial<'_>) -> Result<&'c Certificate, Halt> {
    match &claim.proof {
        Proof::Certificate(certificate) if certificate.is_valid(trial.now) => Ok(certificate),
        Proof::Certificate(_) => Err(refused("the certificate has expired, or is not good yet")),
        Proof::Name => Err(refused("no certificate came along")),
        _ => Err(wrong_proof()),
    }
}

fn refused(hint: &str) -> Halt {
    OAuthError::invalid_client().hint(hint).into()
}

/// Says who asks, unless the message has said so already: a pushed authorization request does (RFC 9126 §2.1).
pub(super) fn identify(client: &ClientCredentials, draft: &mut Draft) {
    if draft.params.get("client_id").is_none() {
        draft.params.push("client_id", client.client_id.as_str());
    }
}
