use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gatepass_proto::dpop::{MAX_AGE, Proof};
use gatepass_proto::{Digest, Timestamp};

/// The most proofs remembered: some five megabytes.
const MAX_PROOFS: usize = 32 * 1024;

/// The proofs that were seen and would still be good (RFC 9449 §11.1), in this process alone. Where there is no more
/// room the oldest is forgotten, and with it everything of its age is refused: too many requests make the window
/// narrower, and none lets a proof pass twice. Clones are the same, so that a guard may go on where another was
/// ([`GuardBuilder::dpop_seen`](crate::GuardBuilder::dpop_seen)).
#[derive(Clone, Default)]
pub struct SeenProofs(Arc<Mutex<Proofs>>);

#[derive(Default)]
struct Proofs {
    made_at: HashMap<Digest, Timestamp>,
    by_age: BTreeSet<(Timestamp, Digest)>,
    /// Of this age and older, everything may have been seen.
    forgotten: Option<Timestamp>,
}

impl SeenProofs {
    /// Whether this is the first time.
    pub(crate) fn admit(&self, proof: &Proof, now: Timestamp) -> bool {
        self.admit_among(MAX_PROOFS, proof, now)
    }

    fn admit_among(&self, most: usize, proof: &Proof, now: Timestamp) -> bool {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.drop_stale(now);
        if proofs.forgotten.is_some_and(|age| proof.made_at <= age)
            || proofs.made_at.contains_key(&proof.digest)
        {
            return false;
        }
        proofs.made_at.insert(proof.digest, proof.made_at);
        proofs.by_age.insert((proof.made_at, proof.digest));
        if proofs.made_at.len() > most {
            proofs.forget_oldest();
        }
        true
    }
}

impl Proofs {
    /// A proof that is too old is refused for that; a second more, for it may be good to its last moment.
    fn drop_stale(&mut self, now: Timestamp) {
        let kept = MAX_AGE + Duration::from_secs(1);
        while let Some((made_at, digest)) = self.by_age.first().copied() {
            if now <= made_at + kept {
                return;
            }
            self.by_age.remove(&(made_at, digest));
            self.made_at.remove(&digest);
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((made_at, digest)) = self.by_age.pop_first() {
            self.made_at.remove(&digest);
            self.forgotten = self.forgotten.max(Some(made_at));
        }
    }
}

impl fmt::Debug for SeenProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenProofs").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::dpop::Proof;
    use gatepass_proto::{Digest, Timestamp};

    use super::SeenProofs;

    fn proof(name: &str, made_at: u64) -> Proof {
        Proof {
            jkt: "k".to_owned(),
            alg: "ES256",
            digest: Digest::of(name),
            made_at: Timestamp::from_secs(made_at),
        }
    }

    #[test]
    fn a_proof_is_good_once() {
        let seen = SeenProofs::default();
        let at = Timestamp::from_secs;
        assert!(seen.admit(&proof("a", 1000), at(1000)));
        assert!(seen.admit(&proof("b", 1000), at(1000)));
        for now in [1000, 1060, 1061] {
            assert!(!seen.admit(&proof("a", 1000), at(now)), "{now}");
        }
        assert_eq!(seen.0.lock().expect("unpoisoned").by_age.len(), 2);
        assert!(seen.admit(&proof("c", 1062), at(1062)));
        let proofs = seen.0.lock().expect("unpoisoned");
        assert_eq!((proofs.by_age.len(), proofs.made_at.len()), (1, 1));
    }

    #[test]
    fn too_many_make_the_window_narrower() {
        let seen = SeenProofs::default();
        let now = Timestamp::from_secs(1010);
        let admit = |name, made_at| seen.admit_among(2, &proof(name, made_at), now);
        assert!(admit("a", 1001) && admit("b", 1002) && admit("c", 1003));
        assert!(
            !admit("a", 1001),
            "forgotten, and so is everything of its age"
        );
        assert!(!admit("d", 1001) && !admit("e", 1000));
        assert!(!admit("b", 1002) && !admit("c", 1003), "remembered");
        assert!(admit("f", 1004));
        assert!(!admit("b", 1002), "forgotten by now");
        assert_eq!(seen.0.lock().expect("unpoisoned").made_at.len(), 2);
    }
}
