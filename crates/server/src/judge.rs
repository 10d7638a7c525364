//! The loop between the judgement, which does no I/O, and the database.

use std::sync::Arc;

use async_trait::async_trait;
use gatepass_http::Clock;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::documents::{Document, DocumentFault, Found};
use gatepass_proto::decide::record::{Client, Key};
use gatepass_proto::decide::{Facts, Halt, Judged, Need, PasswordFact};
use gatepass_proto::dpop::ProofFault;
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, Cx, Entropy, OAuthError, Secret, client_auth, dpop};
use gatepass_store::{CommitError, Store, StoreError};

/// How often a judgement may ask for more facts; the longest has eight questions.
const MAX_ROUNDS: usize = 10;

/// Checks a password, charging the guess first.
#[async_trait]
pub trait PasswordCheck: Send + Sync {
    /// What comes of `given` as the password of `username`.
    ///
    /// # Errors
    ///
    /// The database's.
    async fn check(&self, username: &str, given: &Secret) -> Result<PasswordFact, StoreError>;
}

/// Knows what judgements need of clients and is not in the database in clear: what they publish, and their secrets.
#[async_trait]
pub trait Outside: Send + Sync {
    /// The keys at a client's `jwks_uri`, which hold `kid` if it has published that; `None` when they cannot be had.
    async fn keys(&self, uri: &str, kid: Option<&str>) -> Option<Arc<KeySet>>;

    /// A client's secret, opened; `None` when it does not open.
    fn secret(&self, client_id: &ClientId, sealed: &str) -> Option<Secret>;

    /// A document that a client has named.
    async fn document(&self, document: &Document) -> Found;

    /// The client that the document at this id describes; `None` where clients are known by registration alone.
    ///
    /// # Errors
    ///
    /// What whoever named it is told where there is no good document.
    async fn described(&self, client_id: &ClientId) -> Result<Option<Client>, OAuthError>;
}

/// For servers that ask nobody and whose clients seal nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

#[async_trait]
impl Outside for Nothing {
    async fn keys(&self, _: &str, _: Option<&str>) -> Option<Arc<KeySet>> {
        None
    }

    fn secret(&self, _: &ClientId, _: &str) -> Option<Secret> {
        None
    }

    async fn document(&self, _: &Document) -> Found {
        Err(DocumentFault::Unreachable)
    }

    async fn described(&self, _: &ClientId) -> Result<Option<Client>, OAuthError> {
        Ok(None)
    }
}

/// What a judgement is made with.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// Where facts come from and changes go.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The passwords.
    pub passwords: &'a dyn PasswordCheck,
    /// What is not in the database.
    pub outside: &'a dyn Outside,
}

impl Judge<'_> {
    /// Asks `decide` until it lacks nothing, commits its changes, and only then gives its answer away. When another
    /// request was faster the judgement is made once more on fresh facts.
    ///
    /// # Errors
    ///
    /// The judgement's refusal; 503 when the database fails or the race is lost twice.
    pub async fn run<T: Send>(
        &self,
        entropy: &mut dyn Entropy,
        mut decide: impl FnMut(&Facts, &mut Cx<'_>) -> Judged<T> + Send,
    ) -> Result<T, OAuthError> {
        let mut facts = Facts::new();
        for last in [false, true] {
            let (changes, outcome) = self.ask(&mut facts, entropy, &mut decide).await?;
            if changes.is_empty() {
                return outcome;
            }
            let once = once(&changes);
            match self.store.commit(changes).await {
                Ok(()) => return outcome,
                Err(CommitError::Conflict) if !last => facts = facts.after_race(),
                Err(CommitError::Conflict) => {
                    return Err(OAuthError::unavailable().hint("lost a race twice"));
                }
                Err(CommitError::Spent) => return Err(self.spent(once).await),
                Err(CommitError::Store(error)) => return Err(unavailable(&error)),
            }
        }
        Err(OAuthError::unavailable())
    }

    /// Which of the things that are good once was seen before. Those that were not are spent by the asking, for they came
    /// in a request that failed.
    async fn spent(&self, once: Vec<(&'static str, Change)>) -> OAuthError {
        let several = once.len() > 1;
        for (space, change) in once {
            if several && self.store.commit(vec![change]).await.is_ok() {
                continue;
            }
            match space {
                client_auth::ASSERTIONS => {
                    return OAuthError::invalid_client().hint("the assertion was used already");
                }
                dpop::PROOFS => return ProofFault::Replayed.into(),
                _ => break,
            }
        }
        OAuthError::invalid_grant("it was used already")
    }

    async fn ask<T>(
        &self,
        facts: &mut Facts,
        entropy: &mut dyn Entropy,
        decide: &mut (impl FnMut(&Facts, &mut Cx<'_>) -> Judged<T> + Send),
    ) -> Result<(Vec<Change>, Result<T, OAuthError>), OAuthError> {
        for _ in 0..MAX_ROUNDS {
            let judged = decide(facts, &mut Cx::new(self.clock.now(), entropy));
            match judged {
                Ok(done) => return Ok((done.changes, Ok(done.value))),
                Err(Halt::Refuse(refusal)) => return Ok((refusal.changes, Err(refusal.error))),
                Err(Halt::Need(needs)) => {
                    self.look_up(facts, needs)
                        .await
                        .map_err(|error| unavailable(&error))?;
                }
            }
        }
        Err(OAuthError::unavailable().hint("the judgement never had enough facts"))
    }

    async fn look_up(&self, facts: &mut Facts, needs: Vec<Need>) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = Vec::with_capacity(needs.len());
        for need in needs {
            match need {
                Need::Record(key) => keys.push(key),
                Need::Password { username, given } => {
                    facts.learn_password(self.passwords.check(&username, &given).await?);
                }
                Need::Keys { uri, kid } => {
                    let keys = self.outside.keys(&uri, kid.as_deref()).await;
                    facts.learn_keys(uri, kid, keys);
                }
                Need::Document(document) => {
                    let found = self.outside.document(&document).await;
                    facts.learn_document(document, found);
                }
                Need::Described(client_id) => {
                    let client = self.outside.described(&client_id).await;
                    facts.learn_described(client_id, client);
                }
                Need::ClientSecret { client_id, sealed } => {
                    let secret = self.outside.secret(&client_id, &sealed);
                    facts.learn_secret(client_id, secret);
                }
            }
        }
        if !keys.is_empty() {
            let records = self.store.load(&keys).await?;
            for (key, record) in keys.into_iter().zip(records) {
                facts.learn(key, record);
            }
        }
        Ok(())
    }
}

fn once(changes: &[Change]) -> Vec<(&'static str, Change)> {
    let once = changes.iter().filter_map(|change| match change {
        Change::Once { space, .. } => Some((*space, change.clone())),
        _ => None,
    });
    once.collect()
}

/// Nothing that the database says of its trouble is for the other side.
pub(crate) fn unavailable(error: &StoreError) -> OAuthError {
    tracing::error!(%error, "the database failed");
    OAuthError::unavailable()
}
