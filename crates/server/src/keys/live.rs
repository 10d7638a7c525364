//! What follows from the keys at one moment.

use std::sync::Arc;

use bytes::Bytes;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::Rules;
use gatepass_proto::id_token::ALGORITHMS;
use gatepass_proto::jose::{KeySet, SigningKey};

use super::schedule::State;
use super::{KeysError, Opened, Settings, Use};

/// The keys at one moment, and what is judged by them. It never changes: other keys or another moment make another one.
pub(crate) struct Live {
    /// What judgements are made by.
    pub(crate) rules: Arc<Rules>,
    /// Checks what this server has signed.
    pub(crate) public: Arc<KeySet>,
    /// The same, as it is published.
    pub(crate) jwks: Bytes,
    signers: Vec<Arc<SigningKey>>,
    access_token: &'static str,
    standing: Standing,
}

/// Which keys there are, and where each stands: what a [`Live`] is made of.
pub(super) type Standing = Vec<(String, State)>;

impl Live {
    /// These keys at `now`, under rules that are otherwise `rules`.
    ///
    /// # Errors
    ///
    /// There is no refresh key.
    pub(super) fn of(
        opened: &Opened,
        settings: &Settings,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let refresh_keys = opened.refresh(now)?;
        let (mut published, mut signers) = (Vec::new(), Vec::new());
        for alg in ALGORITHMS {
            let wanted = Use::Sign(alg);
            let keep = settings.periods(wanted).keep;
            for (key, state) in opened.line(wanted).states(now, keep) {
                let Some(open) = opened.signing(key).filter(|_| state != State::Over) else {
                    continue;
                };
                if state == State::Signs {
                    signers.push(Arc::clone(&open));
                }
                published.push((state, key.activates_at, open));
            }
        }
        // Those that sign come first, then the newest: whoever takes only so many keys shall miss none that matters.
        published.sort_by_key(|(state, at, _)| (*state != State::Signs, std::cmp::Reverse(*at)));
        let public = KeySet::of(published.iter().map(|(_, _, key)| key.jwk()));
        Ok(Self {
            jwks: public.to_json().to_string().into(),
            rules: Arc::new(Rules {
                keys: public.clone(),
                refresh_keys,
                ..rules.clone()
            }),
            public: Arc::new(public),
            signers,
            access_token: access_token_alg(opened, settings, now),
            standing: standing(opened, settings, now),
        })
    }

    /// Whether these keys make the same at `now`.
    pub(super) fn still_stands(
        &self,
        opened: &Opened,
        settings: &Settings,
        now: Timestamp,
    ) -> bool {
        self.standing == standing(opened, settings, now)
    }

    /// The key that signs by `alg`.
    pub(crate) fn signer(&self, alg: &str) -> Option<&SigningKey> {
        let mut keys = self.signers.iter().map(|key| &**key);
        keys.find(|key| key.alg() == alg)
    }

    /// What access tokens are signed with.
    pub(crate) fn access_token_alg(&self) -> &'static str {
        self.access_token
    }
}

pub(super) fn standing(opened: &Opened, settings: &Settings, now: Timestamp) -> Standing {
    let states = Use::all().flat_map(|wanted| {
        let keep = settings.periods(wanted).keep;
        let line = opened.line(wanted);
        let states: Standing = line
            .states(now, keep)
            .map(|(key, state)| (key.key_id.clone(), state))
            .collect();
        states
    });
    states.collect()
}

/// What the operator says, but while its first key is only published what was used before: whoever remembers the keys has
/// not seen it yet.
fn access_token_alg(opened: &Opened, settings: &Settings, now: Timestamp) -> &'static str {
    let wanted = settings.access_token;
    if opened.line(Use::Sign(wanted)).newest().is_none() {
        return wanted;
    }
    let is_used = |alg: &&'static str| {
        let signer = opened.line(Use::Sign(alg)).signer(now);
        signer.is_some_and(|key| key.activates_at <= now)
    };
    let candidates = [wanted, "ES256"].into_iter().chain(ALGORITHMS);
    candidates.into_iter().find(is_used).unwrap_or(wanted)
}
