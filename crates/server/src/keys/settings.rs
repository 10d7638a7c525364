//! What the operator says of keys.

use std::time::Duration;

use gatepass_proto::decide::rules::{LONGEST_OWN_TTL, Lifetimes};
use gatepass_proto::id_token::ALGORITHMS;
use serde::{Deserialize, Serialize};

use super::schedule::Periods;
use super::{JWKS_MAX_AGE, Use};
use crate::config::{Config, span};
use crate::listen::StartError;

/// How often the server's own keys are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRotation {
    /// How long a key signs; zero replaces none by itself.
    #[serde(with = "span")]
    pub every: Duration,
    /// How long a new key is published before it signs. Whoever checks signatures must have fetched it by then.
    #[serde(with = "span")]
    pub publish_before: Duration,
}

impl Default for KeyRotation {
    /// Every 90 days, published a day ahead.
    fn default() -> Self {
        Self {
            every: Duration::from_secs(90 * 24 * 3600),
            publish_before: Duration::from_secs(24 * 3600),
        }
    }
}

/// The shortest time for which a new key is published: whoever remembers the keys may do so for [`JWKS_MAX_AGE`], some
/// caches for a minute more, and the nodes' clocks differ.
const LEAST: Duration = Duration::from_secs(2 * JWKS_MAX_AGE.as_secs());
/// By how much the clocks of those who check may differ from ours.
const LEEWAY: Duration = Duration::from_secs(600);
/// How long a new refresh key is known to every node before it is used: nobody but nodes has to know it, and they look
/// each second.
const REFRESH_AHEAD: Duration = Duration::from_secs(60);

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The algorithms for which there is a key from the start.
    pub(crate) algorithms: Vec<&'static str>,
    /// What access tokens are signed with.
    pub(crate) access_token: &'static str,
    signing: Periods,
    refresh: Periods,
}

impl Settings {
    /// What `config` says.
    ///
    /// # Errors
    ///
    /// [`StartError::Config`] for what could not be kept to.
    pub(crate) fn of(config: &Config) -> Result<Self, StartError> {
        let wrong = |text: String| Err(StartError::Config(text));
        let KeyRotation {
            every,
            publish_before,
        } = config.key_rotation;
        if publish_before < LEAST {
            return wrong(format!(
                "key_rotation.publish_before must be at least {}: whoever checks signatures remembers the published keys for a while",
                span::write(LEAST)
            ));
        }
        if !every.is_zero() && every < publish_before {
            return wrong(format!(
                "key_rotation.every must be at least publish_before, {}, or 0s for no rotation",
                span::write(publish_before)
            ));
        }
        let access_token = known("access_token_signing_alg", &config.access_token_signing_alg)?;
        let mut algorithms = vec![access_token];
        for name in &config.signing_algorithms {
            let alg = known("signing_algorithms", name)?;
            if !algorithms.contains(&alg) {
                algorithms.push(alg);
            }
        }
        Ok(Self {
            algorithms,
            access_token,
            signing: Periods {
                every,
                publish_before,
                keep: keep(&config.lifetimes).max(publish_before),
            },
            refresh: Periods {
                every,
                publish_before: REFRESH_AHEAD,
                // What they derived is good for as long as its family lives, whatever the lifetimes are by then.
                keep: Duration::MAX,
            },
        })
    }

    /// What is made before the server listens, for it takes no time: all but RSA keys.
    pub(crate) fn at_once(&self) -> Vec<Use> {
        let quick = self.algorithms.iter().filter(|alg| !is_rsa(alg));
        let signing = quick.map(|alg| Use::Sign(alg));
        [Use::Refresh].into_iter().chain(signing).collect()
    }

    /// How long each part of the life of such a key takes.
    pub(crate) fn periods(&self, wanted: Use) -> &Periods {
        match wanted {
            Use::Sign(_) => &self.signing,
            Use::Refresh => &self.refresh,
        }
    }
}

/// How long what a key has signed can be of use to anybody: tokens while they live, ID tokens as hints while the session
/// does.
fn keep(lifetimes: &Lifetimes) -> Duration {
    let longest = lifetimes
        .access_token
        .max(lifetimes.session)
        .max(LONGEST_OWN_TTL);
    longest + LEEWAY + JWKS_MAX_AGE
}

fn is_rsa(alg: &str) -> bool {
    matches!(alg, "RS256" | "PS256")
}

fn known(member: &str, name: &str) -> Result<&'static str, StartError> {
    let mut known = ALGORITHMS.into_iter();
    known.find(|own| *own == name).ok_or_else(|| {
        let served = ALGORITHMS.join(", ");
        StartError::Config(format!(
            "{member}: {name:?} is not one of {served}, which is what this server signs with"
        ))
    })
}
