//! A token with more scope, where a resource that was discovered says that it takes more (RFC 6750 §3.1).

use gatepass_proto::{Scope, Secret};

use crate::login::Enough;
use crate::tokens::StoredToken;
use crate::{Credential, Error, LoginOptions, OAuth, Session};

impl Session {
    /// Asks the person for what the token has, what was asked for before and what is wanted now. Whether the request is worth
    /// another try.
    ///
    /// It is not where that was asked for already: the server has not granted it, or the resource wants something else than it
    /// says. Nor where nobody can be asked, or somebody chose the scope in the profile.
    pub(crate) async fn widen(
        &self,
        wanted: &Scope,
        shown: Option<&Secret>,
    ) -> Result<bool, Error> {
        let Credential::OAuth(oauth) = &self.inner.credential else {
            return Ok(false);
        };
        if !oauth.discovered {
            return Ok(false);
        }
        // Once more after a login under way that somebody else began, for something else.
        for _ in 0..2 {
            if let Some(worth) = self.widen_once(oauth, wanted, shown).await? {
                return Ok(worth);
            }
        }
        Ok(false)
    }

    async fn widen_once(
        &self,
        oauth: &OAuth,
        wanted: &Scope,
        shown: Option<&Secret>,
    ) -> Result<Option<bool>, Error> {
        let stored = self.inner.stored().await?;
        if let Some(token) = &stored
            && Some(&token.access_token) != shown
            && token.covers(Some(wanted))
        {
            self.inner.adopt(token);
            return Ok(Some(true));
        }
        let known = self.known_scope(oauth, stored.as_ref());
        let Some((person, options)) = &self.inner.person else {
            return Ok(Some(false));
        };
        if wanted.is_subset_of(&known) {
            return Ok(Some(false));
        }
        let union = known.union(wanted);
        let options = LoginOptions {
            scope: Some(union.clone()),
            ..options.clone()
        };
        let enough = Enough::Scope(wanted.clone());
        let outcome = self.join_login(person.clone(), options, enough).await;
        if let Ok(token) = &outcome
            && !token.covers(Some(wanted))
        {
            return Ok(None);
        }
        self.inner.state().asked = Some(union);
        outcome.map(|_| Some(true))
    }

    /// What was granted or asked for so far.
    fn known_scope(&self, oauth: &OAuth, token: Option<&StoredToken>) -> Scope {
        let before = self.inner.state().asked.clone();
        let all = [
            oauth.scope.as_ref(),
            token.and_then(|own| own.scope.as_ref()),
            token.and_then(|own| own.asked_scope.as_ref()),
            before.as_ref(),
        ];
        let known = all.into_iter().flatten();
        known.fold(Scope::empty(), |sum, own| sum.union(own))
    }
}
