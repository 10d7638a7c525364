//! The person who runs the program, as the client meets them.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clap::Args;
use clap::builder::FalseyValueParser;
use gatepass_client::{
    Browser, LoginOptions, LoginWay, NoBrowser, Notice, Person, PersonError, SystemBrowser, pasted,
};
use gatepass_proto::Params;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use crate::context::Asked;
use crate::output::Stream;
use crate::{output, qr, terminal};

/// Somebody at this terminal: reads links on standard error, pastes codes into standard input.
pub(crate) struct AtTerminal {
    browser: Arc<dyn Browser>,
    /// Whether standard input is theirs to paste into.
    pastes: bool,
    /// How long the browser is waited for.
    patience: Duration,
    /// Whether something moves while they are waited for, and what does.
    waiting: Option<Mutex<Option<ProgressBar>>>,
}

/// By which browser a person logs in.
#[derive(Args, Default)]
pub(crate) struct BrowserArgs {
    /// Log in with a browser elsewhere, by a link and a code (RFC 8628)
    #[arg(long, conflicts_with_all = ["paste", "no_browser"])]
    device: bool,
    /// Only print the link to log in with
    #[arg(long)]
    no_browser: bool,
    /// Paste the code, or the address the browser ended at; for a browser on another machine
    #[arg(long)]
    paste: bool,
}

impl BrowserArgs {
    /// Whether it is said that the browser is not on this machine.
    pub(crate) fn elsewhere(&self) -> bool {
        self.device || self.paste
    }

    /// A login by it.
    pub(crate) fn options(&self) -> LoginOptions {
        LoginOptions {
            way: match (self.device, self.paste) {
                (true, _) => LoginWay::Device,
                (_, true) => LoginWay::Paste,
                _ => LoginWay::Auto,
            },
            browser: match self.no_browser {
                true => Arc::new(NoBrowser),
                false => Arc::new(SystemBrowser),
            },
            ..LoginOptions::default()
        }
    }
}

/// Whether a command may ask somebody to log in.
#[derive(Args)]
pub(crate) struct InteractionArgs {
    /// Do not open a browser, nor ask for anything, when a login is needed; exit with 4
    #[arg(
        long,
        env = "GATEPASS_NO_INTERACTIVE",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    no_interactive: bool,
}

impl InteractionArgs {
    /// Whether somebody may be asked.
    pub(crate) fn allowed(&self) -> bool {
        !self.no_interactive
    }

    /// Whom a session may ask on its way, if anybody.
    pub(crate) fn asked(&self) -> Option<Asked> {
        self.allowed().then(asked)
    }
}

/// Whom a session may ask on its way: whoever reads standard error, and whose browser opens. They need not be at a
/// terminal, as where an editor or an agent runs the program.
pub(crate) fn asked() -> Asked {
    let options = BrowserArgs::default().options();
    let mut person = AtTerminal::waited_for(&options);
    // Standard input may be the request's body, or another program's.
    person.pastes = std::io::stdin().is_terminal();
    person.waiting = None;
    (Arc::new(person), options)
}

impl AtTerminal {
    /// Somebody who logs in so, and sees that they are waited for until this is dropped.
    pub(crate) fn waited_for(options: &LoginOptions) -> Self {
        Self {
            browser: Arc::clone(&options.browser),
            pastes: true,
            patience: options.patience,
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
        if !self.pastes {
            return Err(PersonError::Nobody);
        }
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
        if let (Some(link), None) = (&notice.link, &notice.user_code) {
            output::note(&output::tame(&in_vain(link, self.patience)));
        }
        self.wait();
        Ok(())
    }
}

/// What to do where the page does not come back: a server that does not know the client, or where it is to send the
/// browser, shows that and redirects nowhere (RFC 6749 §4.1.2.1).
fn in_vain(link: &Url, patience: Duration) -> String {
    let mut asked = link.query_pairs();
    let back = asked.find(|(name, _)| name == "redirect_uri");
    let back = back.map_or_else(String::new, |(_, uri)| format!(" ({uri})"));
    format!(
        "If the page shows an error, it does not come back here. Mostly the server does not know the client id, or\n\
         the redirect URI{back}. Ctrl-C gives up; it ends by itself after {} s (`gatepass login --timeout`).\n",
        patience.as_secs()
    )
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
