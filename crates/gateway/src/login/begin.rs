//! The way to the provider.

use axum::body::Body;
use gatepass_proto::flow::FlowError;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Response};
use url::Url;

use super::away::{self, Away, MOST, PATIENCE};
use super::cookies::Name;
use super::pages::see_other;
use super::session::Session;
use super::{BrowserLogin, StepUp, failures};

/// How the provider is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Whether the person of this session is still logged in there, without a word to them.
    Silently(&'a Session),
    /// The person logs in, unless they have.
    Openly,
    /// The person logs in anew, as whom they like.
    Anew,
}

impl BrowserLogin {
    /// Sends the browser off, to come back to `return_to`.
    pub(super) async fn send_off(
        &self,
        headers: &HeaderMap,
        return_to: &Url,
        asked: Asked<'_>,
        step_up: &StepUp,
    ) -> Response<Body> {
        match self
            .try_to_send_off(headers, return_to, asked, step_up)
            .await
        {
            Ok(response) => response,
            Err(error) => failures::page(&error),
        }
    }

    async fn try_to_send_off(
        &self,
        headers: &HeaderMap,
        return_to: &Url,
        asked: Asked<'_>,
        step_up: &StepUp,
    ) -> Result<Response<Body>, FlowError> {
        let prompt = match asked {
            Asked::Silently(_) => Some("none"),
            Asked::Openly => None,
            Asked::Anew => Some("login"),
        };
        let (url, pending) = self.provider.depart(step_up, prompt).await?;
        let tag = away::tag(pending.state());
        let away = Away {
            pending,
            return_to: return_to.to_string(),
            since: self.clock.now(),
            silent: match asked {
                Asked::Silently(session) => Some(session.id.clone()),
                Asked::Openly | Asked::Anew => None,
            },
            acr_values: step_up.acr_values.clone(),
            max_age: step_up.max_age,
        };
        let sealed = self.seal(super::AWAY, &away);
        let sealed = sealed
            .ok_or_else(|| FlowError::Setup("the login is too much for a cookie".to_owned()))?;
        let mut response = see_other(url.as_str());
        let set = response.headers_mut();
        for forgotten in self.superfluous(headers) {
            set.append(SET_COOKIE, forgotten);
        }
        let cookie = self
            .cookies
            .set(Name::Away(&tag), &sealed, Some(PATIENCE.as_secs()));
        set.append(SET_COOKIE, cookie);
        Ok(response)
    }

    /// Makes room for one more login under way: what nobody will come back to goes, and the oldest where there are many.
    fn superfluous(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let now = self.clock.now();
        let mut open: Vec<_> = self
            .cookies
            .away(headers)
            .into_iter()
            .map(|(tag, value)| {
                let away = value.and_then(|value| self.open::<Away>(super::AWAY, value));
                let since = away
                    .filter(|away| away.is_awaited(now))
                    .map(|away| away.since);
                (since, tag)
            })
            .collect();
        open.sort_unstable();
        let awaited = open.iter().filter(|(since, _)| since.is_some()).count();
        let gone = open.len() - awaited + (awaited + 1).saturating_sub(MOST);
        let gone = open.into_iter().take(gone);
        gone.map(|(_, tag)| self.cookies.clear(Name::Away(tag)))
            .collect()
    }
}
