//! How a token for an API would be had, as the API says itself (RFC 9728).

use gatepass_client::{Discover, Egress, Found, FoundClient};
use serde_json::{Value, json};
use url::Url;

use super::resource::Answer;
use crate::commands::report::{Check, one_line};
use crate::commands::unknown::token;
use crate::output::{self, Stream};

/// What was found out, or why it must not be used.
pub(super) struct Way(Result<Option<Box<Found>>, String>);

impl Way {
    /// Looks for it, where a token may be what is wanted.
    pub(super) async fn of(answer: &Answer, settings: Discover, egress: &Egress) -> Self {
        if answer.challenges.is_empty() {
            return Self(Ok(None));
        }
        let found = token::find(&answer.url, &answer.challenges, settings, egress).await;
        Self(match found {
            Ok(found) => Ok(found.map(Box::new)),
            Err(failure) => Err(failure.to_string()),
        })
    }

    /// For programs: the members of it.
    pub(super) fn shown(&self) -> [(&'static str, Value); 2] {
        let found = self.0.as_ref().ok().and_then(Option::as_ref);
        let token = found.map(|found| {
            let (by, id) = match &found.client {
                FoundClient::Known(client) => ("known", Some(&client.client_id)),
                FoundClient::Described(url) => ("described", Some(url)),
                FoundClient::Registers => ("registers", None),
            };
            json!({
                "resource": found.identifier(),
                "resource_metadata": found.resource,
                "issuer": found.issuer,
                "scope": found.scope,
                "client": {"by": by, "client_id": id},
            })
        });
        [
            ("token", json!(token)),
            ("token_error", json!(self.0.as_ref().err())),
        ]
    }

    /// For people.
    pub(super) fn told(&self) -> String {
        let Ok(Some(found)) = &self.0 else {
            return String::new();
        };
        let title = output::painted("What gatepass would use", "1", Stream::Result);
        let scope = found.scope.as_ref().map(ToString::to_string);
        let scope = scope.unwrap_or_else(|| "what the server thinks right".to_owned());
        let lines = [
            ("resource", found.identifier().to_owned()),
            ("issuer", found.issuer.clone()),
            ("client", token::identity(found)),
            ("scope", scope),
        ];
        let lines = lines.map(|(name, value)| format!("  {name:<8}  {}\n", one_line(&value)));
        format!("\n{title}\n{}", lines.concat())
    }

    /// Whether it was found.
    pub(super) fn is_found(&self) -> bool {
        matches!(self.0, Ok(Some(_)))
    }

    /// What to do with it.
    pub(super) fn remark(&self, url: &Url) -> Option<Check> {
        match &self.0 {
            Ok(None) => None,
            Ok(Some(_)) => {
                let next = format!("gatepass request {}", output::shell_word(url.as_str()));
                Some(Check::good("login", "nothing has to be set up").next(next))
            }
            Err(reason) => Some(Check::bad("login", reason.as_str())),
        }
    }
}
