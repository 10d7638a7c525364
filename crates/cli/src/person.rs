//! The person who runs the program, as the client meets them.

use std::sync::Arc;

use async_trait::async_trait;
use gatepass_client::{Browser, NoBrowser, Notice, Person, PersonError, SystemBrowser, pasted};
use gatepass_proto::Params;
use url::Url;

use crate::{output, terminal};

/// Somebody at this terminal: reads links on standard error, pastes codes into standard input.
pub(crate) struct AtTerminal {
    browser: Arc<dyn Browser>,
}

/// The browser that opens by itself, or none.
pub(crate) fn browser(opens: bool) -> Arc<dyn Browser> {
    if opens {
        Arc::new(SystemBrowser)
    } else {
        Arc::new(NoBrowser)
    }
}

impl AtTerminal {
    /// Somebody with this browser.
    pub(crate) fn with(browser: Arc<dyn Browser>) -> Self {
        Self { browser }
    }
}

#[async_trait]
impl Person for AtTerminal {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        output::note(&format!("Log in with your browser:\n\n  {url}\n"));
        if let Err(reason) = self.browser.open(&url) {
            output::note(&format!(
                "The browser could not be opened ({reason}); open the link yourself."
            ));
        }
        let question = "Paste the code, or the whole address the browser ended at: ";
        let answer = tokio::task::spawn_blocking(|| terminal::ask(question)).await;
        let failed = |reason: String| PersonError::Failed(reason);
        let line = answer
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        pasted(&url, &line)
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        output::note(&notice.text);
        Ok(())
    }
}
