//! What came of a request, and what is done with it.

use gatepass_client::Response;
use url::Url;

use super::answer::{self, Showing};
use super::redact::Redactor;
use super::{Sending, download, exit};
use crate::commands::init::ask::Asker;
use crate::commands::unknown::Typed;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;

/// An answer, and what belongs to it.
pub(super) struct Sent {
    pub(super) answer: Response,
    /// What is left out, where it is told of.
    redactor: Option<Redactor>,
    /// What would help against a refusal.
    note: Option<String>,
    /// The user name and the password that somebody typed for it.
    pub(super) typed: Option<(Typed, Asker)>,
}

impl Sent {
    pub(super) fn new(answer: Response, redactor: Option<Redactor>) -> Self {
        Self {
            answer,
            redactor,
            note: None,
            typed: None,
        }
    }

    /// With this to be told after the answer.
    pub(super) fn noting(self, text: String) -> Self {
        Self {
            note: Some(text),
            ..self
        }
    }
}

impl Sending {
    /// Shows an answer, or puts it into a file, and tells what there is to be told.
    ///
    /// # Errors
    ///
    /// The connection breaks, or it cannot be written.
    pub(super) async fn show(
        &self,
        sent: Sent,
        head: bool,
        url: &Url,
        context: &Context,
    ) -> Result<Exit, Failure> {
        let exit = if self.ignore_status {
            Exit::Done
        } else {
            exit(sent.answer.status())
        };
        let shown = self.show_answer(sent.answer, sent.redactor, head, exit, url);
        let shown = shown.await;
        if let Some((typed, asker)) = sent.typed
            && (self.save || (shown.is_ok() && typed.may_be_kept(&asker).await?))
        {
            typed.keep(&self.network, context).await?;
        }
        shown?;
        if let Some(note) = sent.note {
            output::note(&note);
        }
        Ok(exit)
    }

    async fn show_answer(
        &self,
        answer: Response,
        redactor: Option<Redactor>,
        head: bool,
        exit: Exit,
        url: &Url,
    ) -> Result<(), Failure> {
        let showing = Showing {
            include: self.include,
            head_only: self.headers || head,
            redactor,
        };
        if (self.download || self.output_file.is_some()) && exit == Exit::Done {
            answer::tell_head(&answer, &showing, false);
            let target = download::Target {
                path: self.output_file.clone(),
                overwrite: self.overwrite,
            };
            return download::save(answer, url, target).await;
        }
        answer::show(answer, &showing).await
    }
}
