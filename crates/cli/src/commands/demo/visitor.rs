//! The built-in user agent in the places that the client library has for a browser and a person.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::{
    Browser, Error, LoginOptions, LoginWay, Notice, Person, PersonError, Session, pasted,
};
use gatepass_proto::Params;
use tokio::sync::mpsc;
use url::Url;

use super::check::{Checked, Fault, there};
use super::page::Page;
use super::user_agent::{Decision, Landing, UserAgent, Visit};

/// How long a login waits for the user agent.
const PATIENCE: Duration = Duration::from_secs(8);

/// A login that was brought to its end, good or bad.
pub(super) struct Login {
    /// What the client library says of it.
    pub(super) outcome: Result<(), Error>,
    /// What the person saw in the end, and did before.
    pub(super) seen: LastSeen,
}

/// The end of a visit as the person saw it.
pub(super) struct LastSeen {
    /// The last page; an empty one where the browser could not load any.
    pub(super) page: Page,
    /// The forms that were sent, in short.
    pub(super) forms: String,
}

/// Logs a session in, by the way that its redirect URI takes.
///
/// # Errors
///
/// The user agent got stuck, or was never sent anywhere.
pub(super) async fn log_in(
    session: &Session,
    agent: &Arc<UserAgent>,
    decision: Decision,
) -> Checked<Login> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (mut seen, outcome) = {
        let visitor = Arc::new(Visitor {
            agent: Arc::clone(agent),
            decision,
            tell,
        });
        let browser = Arc::clone(&visitor) as Arc<dyn Browser>;
        let options = LoginOptions {
            way: LoginWay::Auto,
            browser,
            patience: PATIENCE,
            ..LoginOptions::default()
        };
        let login = session.login(&*visitor, &options);
        tokio::pin!(login);
        let mut seen = None;
        loop {
            tokio::select! {
                outcome = &mut login => break (seen, outcome),
                // A visit that got stuck ends the login at once, not when its patience ends.
                Some(end) = told.recv(), if seen.is_none() => seen = Some(end?),
            }
        }
    };
    if seen.is_none() {
        seen = told.recv().await.transpose()?;
    }
    match (seen, outcome) {
        (Some(seen), outcome) => Ok(Login {
            outcome: outcome.map(drop),
            seen,
        }),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Fault::new("the login succeeded, and nobody was asked")),
    }
}

struct Visitor {
    agent: Arc<UserAgent>,
    decision: Decision,
    tell: mpsc::UnboundedSender<Checked<LastSeen>>,
}

impl Browser for Visitor {
    /// The browser goes its way while the client waits for it to come back.
    fn open(&self, url: &Url) -> Result<(), String> {
        let (agent, decision, tell) = (Arc::clone(&self.agent), self.decision, self.tell.clone());
        let url = url.clone();
        tokio::spawn(async move {
            let _ = tell.send(there_and_back(&agent, &url, decision).await);
        });
        Ok(())
    }
}

#[async_trait]
impl Person for Visitor {
    /// The person copies what the browser shows in the end: the code, or the address it could not load.
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        let visit = self.agent.visit(&url, self.decision).await;
        let (text, seen) = visit
            .and_then(copied)
            .map_err(|fault| PersonError::Failed(fault.to_string()))?;
        let _ = self.tell.send(Ok(seen));
        pasted(&url, &text)
    }

    async fn show(&self, _: Notice) -> Result<(), PersonError> {
        Ok(())
    }
}

/// What there is to be copied at the end of a visit.
fn copied(visit: Visit) -> Checked<(String, LastSeen)> {
    let (text, page) = match visit.landing {
        Landing::Away(address) => (address.to_string(), Page::default()),
        Landing::Page(page) => (there("a code on the page", page.code.clone())?, page),
    };
    let forms = visit.forms.join(", ");
    Ok((text, LastSeen { page, forms }))
}

async fn there_and_back(agent: &UserAgent, url: &Url, decision: Decision) -> Checked<LastSeen> {
    let visit = agent.visit(url, decision).await?;
    let forms = visit.forms.join(", ");
    match visit.landing {
        Landing::Away(address) => {
            let page = agent.come_back(&address).await?;
            Ok(LastSeen { page, forms })
        }
        Landing::Page(page) => {
            let what = page.problem.unwrap_or(page.heading);
            let text = format!("the browser was not sent back; the page says {what:?}");
            Err(Fault::new(text))
        }
    }
}
