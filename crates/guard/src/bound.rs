use gatepass_proto::dpop::{Nonces, Proof, ProofFault, ProvenRequest};
use gatepass_proto::{Secret, Timestamp};
use http::Method;
use url::Url;

use crate::refusal::Refusal;
use crate::seen::SeenProofs;

/// An access token that came with the scheme `DPoP`, and what is to prove that its holder has the key.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) token: Secret,
    /// The values of the `DPoP` headers.
    pub(crate) proofs: Vec<String>,
    pub(crate) method: Method,
    pub(crate) path: String,
}

/// How proofs are checked (RFC 9449 §4.3, §7.1).
pub(crate) struct Dpop {
    /// Where clients find the service, without a slash at its end.
    base: String,
    pub(crate) seen: SeenProofs,
}

impl Dpop {
    pub(crate) fn new(base: &Url) -> Self {
        let origin = base.origin().ascii_serialization();
        Self {
            base: format!("{origin}{}", base.path().trim_end_matches('/')),
            seen: SeenProofs::default(),
        }
    }

    /// The proof of this, which may have been seen before.
    pub(crate) fn check(
        &self,
        bound: &Bound,
        nonces: Option<&Nonces>,
        now: Timestamp,
    ) -> Result<Proof, Refusal> {
        let url = Url::parse(&format!("{}{}", self.base, bound.path))
            .map_err(|_| Refusal::BadProof(ProofFault::Request))?;
        let request = ProvenRequest {
            method: &bound.method,
            url: &url,
            access_token: Some(&bound.token),
            nonces,
        };
        let values = bound.proofs.iter().map(String::as_str);
        let proof = Proof::read(values, &request, now).map_err(Refusal::BadProof)?;
        proof.ok_or(Refusal::BadProof(ProofFault::Missing))
    }

    /// Admits a proof once. It comes last: only who has a good token takes up room.
    pub(crate) fn admit(&self, proof: &Proof, now: Timestamp) -> Result<(), Refusal> {
        match self.seen.admit(proof, now) {
            true => Ok(()),
            false => Err(Refusal::BadProof(ProofFault::Replayed)),
        }
    }
}
