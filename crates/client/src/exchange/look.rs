//! What a refusal says of the resource: that the token for it is no good, or that it is another resource, or at another
//! server, than the token is for.

use super::{Exchange, Tried};
use crate::discover::Challenged;
use crate::refusal::Verdict;
use crate::{Error, Session};

impl Exchange {
    /// What a refusal means that names a resource: perhaps that the credential is for another one.
    pub(crate) async fn look(&mut self, verdict: Verdict) -> Verdict {
        match self.named.take() {
            Some(challenged) => Box::pin(self.look_into(challenged, verdict)).await,
            None => verdict,
        }
    }

    async fn look_into(&mut self, challenged: Challenged, verdict: Verdict) -> Verdict {
        let repeated = self.tried.token || self.tried.scope;
        let [before, after] = &mut self.tried.looked;
        let looked = std::mem::replace(if repeated { after } else { before }, true);
        let inner = &self.session.inner;
        if challenged.resource_metadata.is_some()
            && !looked
            && inner
                .is_for_a_closer(&self.url, &challenged, repeated)
                .await
        {
            return Verdict::Closer(Box::new(challenged));
        }
        match verdict {
            Verdict::Token if self.tried.token => match challenged.resource_metadata {
                Some(_) => Verdict::Moved,
                None => Verdict::Token,
            },
            Verdict::Token => {
                self.is_refused(Some(challenged));
                Verdict::Token
            }
            verdict => verdict,
        }
    }

    /// Later requests need to know that.
    pub(super) fn is_refused(&self, challenged: Option<Challenged>) {
        tracing::debug!("the resource refused the token");
        let inner = &self.session.inner;
        inner.state().rejected.clone_from(&self.shown);
        if let Some(challenged) = challenged.filter(|_| !inner.within.is_empty()) {
            inner.finding.learn(challenged);
        }
    }

    /// Tries what there is to try with another session, if there is one, but looks no further.
    pub(super) fn goes_on_with(&mut self, next: Option<Session>) -> Result<bool, Error> {
        let Some(next) = next else { return Ok(false) };
        next.inner.admit(&self.url)?;
        self.session = next;
        self.shown = None;
        self.tried = Tried {
            looked: [true; 2],
            followed: true,
            ..Tried::default()
        };
        Ok(true)
    }
}
