//! What every endpoint works with.

use std::sync::Arc;

use bytes::Bytes;
use gatepass_http::{Clock, OsEntropy};
use gatepass_proto::decide::{Facts, Judged, Rules};
use gatepass_proto::dpop::Nonces;
use gatepass_proto::endpoint::register::Terms;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::jose::access_token::{AccessToken, TYP};
use gatepass_proto::{Cx, OAuthError, Secret};
use gatepass_store::Store;

use crate::authenticate::Authenticator;
use crate::client_proofs::Outside;
use crate::config::Legacy;
use crate::cookies::SessionCookie;
use crate::csrf::Csrf;
use crate::extract::Peer;
use crate::judge::{Judge, PasswordCheck as _};
use crate::lanes::Lanes;
use crate::passwords::Passwords;

/// The running server's parts; a clone is another handle.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rules: Rules,
    pub(crate) signing: SigningKey,
    pub(crate) rsa: SigningKey,
    pub(crate) outside: Outside,
    pub(crate) nonces: Nonces,
    pub(crate) terms: Terms,
    pub(crate) passwords: Passwords,
    pub(crate) lanes: Lanes,
    pub(crate) cookie: SessionCookie,
    pub(crate) csrf: Csrf,
    pub(crate) origin: String,
    pub(crate) metadata: Bytes,
    pub(crate) jwks: Bytes,
    pub(crate) legacy: Legacy,
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
            proofs: &self.0.outside,
        };
        judge.run(&mut OsEntropy, decide).await
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
            proofs: &self.0.outside,
        };
        judge.run(&mut OsEntropy, decide).await
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

    pub(crate) fn sign_access_token(&self, claims: &AccessToken) -> Result<String, OAuthError> {
        self.0
            .signing
            .sign(TYP, claims)
            .map_err(|_| OAuthError::unavailable().hint("signing failed"))
    }

    /// Signs by one of [`gatepass_proto::id_token::ALGORITHMS`].
    pub(crate) fn sign(
        &self,
        alg: &str,
        typ: &'static str,
        claims: &impl serde::Serialize,
    ) -> Result<String, OAuthError> {
        let keys = [&self.0.signing, &self.0.rsa];
        let key = keys.into_iter().find(|key| key.alg() == alg);
        key.and_then(|key| key.sign(typ, claims).ok())
            .ok_or_else(|| OAuthError::unavailable().hint("signing failed"))
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

    /// On what terms clients register themselves.
    pub(crate) fn terms(&self) -> &Terms {
        &self.0.terms
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.rules.issuer
    }

    /// The issuer's origin, as browsers write it in `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The issuer's path, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        self.0
            .rules
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

    pub(crate) fn jwks(&self) -> Bytes {
        self.0.jwks.clone()
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
