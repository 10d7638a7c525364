//! What every endpoint works with.

use std::sync::Arc;

use bytes::Bytes;
use gatepass_http::{Clock, OsEntropy};
use gatepass_proto::decide::{Facts, Judged, Rules};
use gatepass_proto::dpop::Nonces;
use gatepass_proto::endpoint::register::Terms;
use gatepass_proto::jose::access_token::{AccessToken, TYP};
use gatepass_proto::message::registration::ClientMetadata;
use gatepass_proto::{Cx, OAuthError, Secret};
use gatepass_store::Store;

use crate::authenticate::Authenticator;
use crate::config::Legacy;
use crate::cookies::SessionCookie;
use crate::csrf::Csrf;
use crate::extract::Peer;
use crate::judge::{Judge, PasswordCheck as _};
use crate::keys::{Keyring, KeysError, Live};
use crate::lanes::Lanes;
use crate::mtls::Certified;
use crate::notices::{self, Notices};
use crate::outside::Network;
use crate::passwords::Passwords;

/// The running server's parts; a clone is another handle.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) issuer: String,
    pub(crate) keys: Keyring,
    pub(crate) outside: Network,
    pub(crate) nonces: Nonces,
    pub(crate) terms: Terms,
    pub(crate) certified: Certified,
    pub(crate) passwords: Passwords,
    pub(crate) lanes: Lanes,
    pub(crate) cookie: SessionCookie,
    pub(crate) csrf: Csrf,
    pub(crate) origin: String,
    pub(crate) metadata: Bytes,
    pub(crate) legacy: Legacy,
    pub(crate) notices: Notices,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Asks for a judgement on behalf of a request from `peer`.
    pub(crate) async fn judge<T: Send>(
        &self,
        peer: Peer,
        decide: impl FnMut(&Facts, &mut Cx<'_>) -> Judged<T> + Send,
    ) -> Result<T, OAuthError> {
        let passwords = self.authenticator(Some(peer.0.ip()));
        let judge = Judge {
            store: &*self.0.store,
            clock: &*self.0.clock,
            passwords: &passwords,
            outside: &self.0.outside,
        };
        self.run(judge, decide).await
    }

    /// Asks for a judgement that no password can bear on.
    pub(crate) async fn judge_alone<T: Send>(
        &self,
        decide: impl FnMut(&Facts, &mut Cx<'_>) -> Judged<T> + Send,
    ) -> Result<T, OAuthError> {
        let passwords = self.authenticator(None);
        let judge = Judge {
            store: &*self.0.store,
            clock: &*self.0.clock,
            passwords: &passwords,
            outside: &self.0.outside,
        };
        self.run(judge, decide).await
    }

    /// What clients are to be told of it is sent at once.
    async fn run<T: Send>(
        &self,
        judge: Judge<'_>,
        mut decide: impl FnMut(&Facts, &mut Cx<'_>) -> Judged<T> + Send,
    ) -> Result<T, OAuthError> {
        let mut told = false;
        let judged = judge
            .run(&mut OsEntropy, |facts, cx| {
                let done = decide(facts, cx)?;
                told = notices::among(&done.changes);
                Ok(done)
            })
            .await;
        if told {
            self.0.notices.wake();
        }
        judged
    }

    /// Checks one password outside a judgement, for the guard.
    pub(crate) async fn check_password(
        &self,
        from: Option<std::net::IpAddr>,
        username: &str,
        given: &Secret,
    ) -> Result<gatepass_proto::decide::PasswordFact, gatepass_store::StoreError> {
        self.authenticator(from).check(username, given).await
    }

    /// Signs an access token.
    pub(crate) async fn sign_access_token(
        &self,
        claims: &AccessToken,
    ) -> Result<String, OAuthError> {
        let alg = self.live().access_token_alg();
        // The first key of an algorithm is there before it is used for access tokens.
        let live = self.0.keys.live_with(alg).await?;
        self.sign(live.access_token_alg(), TYP, claims).await
    }

    /// Signs by one of [`gatepass_proto::id_token::ALGORITHMS`].
    pub(crate) async fn sign(
        &self,
        alg: &str,
        typ: &'static str,
        claims: &impl serde::Serialize,
    ) -> Result<String, OAuthError> {
        let live = self.0.keys.live_with(alg).await?;
        let signed = live.signer(alg).and_then(|key| key.sign(typ, claims).ok());
        signed.ok_or_else(|| OAuthError::unavailable().hint("signing failed"))
    }

    /// The keys as they are now, and what follows from them. Ask again for another request: they are replaced while the
    /// server runs.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.0.keys.live()
    }

    /// Sees to it that there are keys for what such a client has signed.
    pub(crate) fn will_sign(&self, client: &ClientMetadata) {
        let registered = client.id_token_signed_response_alg.iter();
        registered.for_each(|alg| self.0.keys.ask(alg));
    }

    /// The published keys, once there is one for everything; `None` when that takes too long.
    pub(crate) async fn published(&self) -> Option<Arc<Live>> {
        self.0.keys.complete().await
    }

    /// Keeps the keys for as long as the server runs.
    pub(crate) async fn keep_keys(&self) {
        self.0.keys.keep().await;
    }

    /// Reads the keys in the database again, and changes over to them if they are others.
    ///
    /// # Errors
    ///
    /// The keys cannot be read; they stay as they were.
    pub(crate) async fn reload_keys(&self) -> Result<(), KeysError> {
        self.0.keys.reload().await
    }

    /// What there is to do with notices to clients.
    pub(crate) fn notices(&self) -> &Notices {
        &self.0.notices
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The nonces of its DPoP proofs.
    pub(crate) fn nonces(&self) -> &Nonces {
        &self.0.nonces
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Clients that show certificates.
    pub(crate) fn certified(&self) -> &Certified {
        &self.0.certified
    }

    /// On what terms clients register themselves.
    pub(crate) fn terms(&self) -> &Terms {
        &self.0.terms
    }

    /// What judgements are made by, with the keys as they are now.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.live().rules)
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The issuer's origin, as browsers write it in `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The issuer's path, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        self.0
            .issuer
            .strip_prefix(&self.0.origin)
            .unwrap_or_default()
    }

    pub(crate) fn cookie(&self) -> SessionCookie {
        self.0.cookie
    }

    pub(crate) fn csrf(&self) -> &Csrf {
        &self.0.csrf
    }

    pub(crate) fn metadata(&self) -> Bytes {
        self.0.metadata.clone()
    }

    pub(crate) fn legacy(&self) -> &Legacy {
        &self.0.legacy
    }

    fn authenticator(&self, from: Option<std::net::IpAddr>) -> Authenticator<'_> {
        Authenticator {
            store: &*self.0.store,
            clock: &*self.0.clock,
            passwords: &self.0.passwords,
            lanes: &self.0.lanes,
            from,
        }
    }
}
