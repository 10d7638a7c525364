//! The nonces that proofs of a key must have, where they are demanded (RFC 9449 §8, §9).

use http::HeaderValue;

use crate::guard::{Guard, Parts};
use crate::identity::{Identity, Scheme};

impl Guard {
    /// The nonce for the next proof of somebody who has passed with one: for the header `DPoP-Nonce` of the answer (RFC 9449
    /// §8.2), so that they need not be refused first when theirs is too old. `None` where none is demanded, or of them. A
    /// refusal has it already, and so has what comes out of a [`GuardLayer`](crate::GuardLayer).
    pub fn next_nonce(&self, identity: &Identity) -> Option<HeaderValue> {
        let is_bound = match &identity.scheme {
            Scheme::Bearer { claims } => {
                let cnf = claims.cnf.as_ref();
                cnf.is_some_and(|cnf| cnf.jkt.is_some())
            }
            _ => false,
        };
        self.0.nonce().filter(|_| is_bound)
    }
}

impl Parts {
    /// The one to give away now.
    pub(crate) fn nonce(&self) -> Option<HeaderValue> {
        let nonces = self.nonces.as_ref()?;
        HeaderValue::from_str(&nonces.current(self.clock.now())).ok()
    }
}
