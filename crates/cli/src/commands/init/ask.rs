//! Questions to whoever runs the wizard; without a terminal, a list of what nobody answered.

use std::io::IsTerminal as _;

use gatepass_client::Secret;
use inquire::{
    Confirm, CustomUserError, InquireError, Password, PasswordDisplayMode, Select, Text,
};

use crate::exit::{Exit, Failure};
use crate::output::{self, Stream};
use crate::terminal;

/// Asks, where somebody can answer.
pub(in crate::commands) struct Asker {
    /// Whether somebody can.
    pub(in crate::commands) present: bool,
    /// The options that would have answered what nobody could.
    missing: Vec<String>,
}

/// A question whose answer is text.
#[derive(Clone, Default)]
pub(in crate::commands) struct Question {
    /// Without the question mark.
    pub(in crate::commands) text: String,
    /// A line below it.
    pub(in crate::commands) help: Option<String>,
    /// What an empty answer means, and what is taken where nobody is asked.
    pub(in crate::commands) default: Option<String>,
    /// What may be completed to.
    pub(in crate::commands) known: Vec<String>,
}

impl Question {
    pub(in crate::commands) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Default::default()
        }
    }

    pub(in crate::commands) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(in crate::commands) fn default(mut self, default: impl Into<String>) -> Self {
        self.default = Some(default.into());
        self
    }
}

impl Asker {
    /// Somebody is there where both the questions and the answers go to a terminal.
    pub(in crate::commands) fn of_this_terminal() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let present = !dumb && std::io::stdin().is_terminal() && output::is_terminal(Stream::Error);
        if present {
            terminal::remember();
        }
        Self {
            present,
            missing: Vec::new(),
        }
    }

    /// Says which options are missing, if any are.
    ///
    /// # Errors
    ///
    /// Some are.
    pub(in crate::commands) fn complete(&self) -> Result<(), Failure> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "there is nobody to ask, and this was not said: {}",
            self.missing.join("; ")
        )))
    }

    /// Asks for a text until `check` has nothing against it. Without anybody, the default; without that, `option` is
    /// missing.
    pub(in crate::commands) async fn text(
        &mut self,
        option: &str,
        question: Question,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, Failure> {
        if !self.present {
            return Ok(match question.default {
                Some(default) => default,
                None => {
                    self.missing.push(option.to_owned());
                    String::new()
                }
            });
        }
        loop {
            let own = question.clone();
            let answer = blocking(move || own.ask()).await?.trim().to_owned();
            match check(&answer) {
                Ok(()) => return Ok(answer),
                Err(reason) => output::note(&format!("  {reason}")),
            }
        }
    }

    /// Lets somebody choose. Without anybody, the `fallback`; without that, `option` is missing.
    pub(in crate::commands) async fn choose<T>(
        &mut self,
        option: &str,
        question: &str,
        choices: Vec<(String, T)>,
        fallback: Option<T>,
    ) -> Result<Option<T>, Failure> {
        if !self.present {
            if fallback.is_none() {
                self.missing.push(option.to_owned());
            }
            return Ok(fallback);
        }
        let (labels, mut values): (Vec<String>, Vec<T>) = choices.into_iter().unzip();
        let question = question.to_owned();
        let chosen = blocking(move || {
            let select = Select::new(&question, labels).without_filtering();
            select
                .with_help_message("↑ ↓ to move, Enter to choose")
                .raw_prompt()
        })
        .await?;
        // What was chosen is one of them.
        Ok((chosen.index < values.len()).then(|| values.swap_remove(chosen.index)))
    }

    /// Asks for yes or no. Without anybody it is `otherwise`.
    pub(in crate::commands) async fn confirm(
        &self,
        question: &str,
        otherwise: bool,
    ) -> Result<bool, Failure> {
        if !self.present {
            return Ok(otherwise);
        }
        let question = question.to_owned();
        blocking(move || Confirm::new(&question).with_default(otherwise).prompt()).await
    }

    /// Asks for a secret; nothing shows what is typed. `None` for an empty answer.
    pub(in crate::commands) async fn secret(
        &self,
        question: &str,
    ) -> Result<Option<Secret>, Failure> {
        let question = question.to_owned();
        let typed = blocking(move || {
            Password::new(&question)
                .with_display_mode(PasswordDisplayMode::Hidden)
                .without_confirmation()
                .prompt()
                .map(Secret::new)
        })
        .await?;
        Ok(Some(typed).filter(|secret| !secret.expose().is_empty()))
    }
}

impl Question {
    fn ask(self) -> Result<String, InquireError> {
        let title = format!("{}:", self.text);
        let mut text = Text::new(&title);
        if let Some(help) = &self.help {
            text = text.with_help_message(help);
        }
        if let Some(default) = self.default.as_deref().filter(|own| !own.is_empty()) {
            text = text.with_default(default);
        }
        if !self.known.is_empty() {
            let known = self.known;
            text = text.with_autocomplete(move |typed: &str| {
                let typed = typed.to_ascii_lowercase();
                let fits = |own: &&String| !typed.is_empty() && own.starts_with(&typed);
                Ok::<Vec<String>, CustomUserError>(known.iter().filter(fits).cloned().collect())
            });
        }
        text.prompt()
    }
}

/// Runs a prompt on a thread of its own; it waits for keys.
async fn blocking<T: Send + 'static>(
    prompt: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
) -> Result<T, Failure> {
    let answer = tokio::task::spawn_blocking(prompt).await;
    let answer = answer.map_err(|error| Failure::error(error.to_string()))?;
    answer.map_err(|error| match error {
        InquireError::OperationInterrupted => Failure::interrupted(),
        InquireError::OperationCanceled => {
            Failure::new(Exit::Interrupted, "given up; nothing was saved")
        }
        InquireError::IO(error) => error.into(),
        error => Failure::error(format!("cannot ask at this terminal: {error}")),
    })
}
