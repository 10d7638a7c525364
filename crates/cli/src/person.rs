//! The person who runs the program, as the client meets them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::{Browser, NoBrowser, Notice, Person, PersonError, SystemBrowser, pasted};
use gatepass_proto::Params;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use crate::output::Stream;
use crate::{output, qr, terminal};

/// Somebody at this terminal: reads links on standard error, pastes codes into standard input.
pub(crate) struct AtTerminal {
    browser: Arc<dyn Browser>,
    /// Whether something moves while they are waited for, and what does.
    waiting: Option<Mutex<Option<ProgressBar>>>,
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
        Self {
            browser,
            waiting: None,
        }
    }

    /// The same, who sees that they are waited for until this is dropped.
    pub(crate) fn waited_for(browser: Arc<dyn Browser>) -> Self {
        Self {
            browser,
            waiting: Some(Mutex::default()),
        }
    }

    fn wait(&self) {
        let Some(waiting) = &self.waiting else { return };
        if !output::colours(Stream::Error) || !output::is_terminal(Stream::Error) {
            return;
        }
        let bar = ProgressBar::new_spinner().with_message("Waiting for you; Ctrl-C gives up.");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn stop(&self) {
        if let Some(waiting) = &self.waiting
            && let Some(bar) = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        self.stop();
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
        self.stop();
        output::note(&told(&notice));
        self.wait();
        Ok(())
    }
}

/// The notice for people: its code stands out, and its link can be scanned where that can be drawn.
fn told(notice: &Notice) -> String {
    let mut text = output::tame(&notice.text);
    let Some(code) = &notice.user_code else {
        return text;
    };
    if output::is_terminal(Stream::Error) {
        let shown = framed(&output::tame(code));
        text = match text.rsplit_once(code.as_str()) {
            Some((before, after)) => {
                format!("{}\n\n{shown}{}", before.trim_end(), after.trim_start())
            }
            None => format!("{text}\n{shown}"),
        };
    }
    let Some(link) = &notice.link else {
        return text;
    };
    if !notice.text.contains(link.as_str()) {
        text.push_str(&format!(
            "\nThis link has the code in it; check that the page shows the same:\n\n  {link}\n"
        ));
    }
    if let Some(picture) = qr::drawn(link.as_str()) {
        text.push_str(&format!("\nOr scan it:\n\n{picture}"));
    }
    text
}

/// A code in a box, wide enough to be found and to be read aloud.
fn framed(code: &str) -> String {
    let line = "─".repeat(code.chars().count() + 8);
    let code = output::painted(code, "1", Stream::Error);
    format!("  ┌{line}┐\n  │    {code}    │\n  └{line}┘\n")
}
