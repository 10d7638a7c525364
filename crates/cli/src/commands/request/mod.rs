//! `gatepass request`.

mod answer;
mod items;
mod pretty;
mod words;

use std::sync::Arc;

use clap::Args;
use gatepass_client::{ConfigError, LoginOptions, Profile};
use http::StatusCode;
use url::Url;

use super::Run;
use crate::context::{Asked, Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream};
use crate::person::{self, AtTerminal};
use items::{Items, Kind};

/// Send a request with a profile's credential
///
/// The profile is found by the URL, and its credential goes to the profile's
/// origins only. The items are those of HTTPie and xh:
///
///   Name:value     a header
///   name==value    a parameter of the query
///   name=value     a member of the JSON body, as text (with --form a field)
///   name:=json     a member of the JSON body, as it is
///   name=@FILE, name:=@FILE    the same from a file
///   @FILE, @-      the whole body, from a file or standard input
///
/// A backslash takes the meaning from a separator. The method is POST with a
/// body, otherwise GET.
///
/// On a terminal the body is laid out, with the status and the headers before
/// it (on standard error). In a pipe the body comes alone and as it is.
#[derive(Args)]
#[command(
    visible_alias = "r",
    verbatim_doc_comment,
    override_usage = "gatepass request [OPTIONS] [METHOD] URL [ITEM]...",
    after_help = "\
Examples:
  gatepass request https://api.example.com/items page==2
  gatepass request https://api.example.com/items name=lamp price:=12.5
  gatepass request DELETE https://api.example.com/items/7
  gatepass request -f :8484/form X-Trace:1 text=@note.txt | jq .

The exit code tells the status: 0 below 400, 4 for 401 (a login is needed),
3 for 408, 429 and 5xx (try again), 5 for every other 4xx. With
--ignore-status it is 0 for all of them."
)]
pub(crate) struct Request {
    /// The method, the URL and the items
    #[arg(required = true, value_name = "URL", hide = true)]
    words: Vec<String>,
    /// The profile [default: the one for the URL]
    #[arg(long, short, value_name = "NAME")]
    profile: Option<String>,
    /// Send fields as a form instead of JSON
    #[arg(long, short)]
    form: bool,
    /// Print status and headers in a pipe too (on standard error)
    #[arg(long, short)]
    include: bool,
    /// Exit with 0 whatever the status
    #[arg(long)]
    ignore_status: bool,
    /// Do not open a browser when a login is needed; exit with 4
    #[arg(long)]
    no_interactive: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Request {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let words = words::read(&self.words)?;
        let items = Items::read(
            &words.items,
            if self.form { Kind::Form } else { Kind::Json },
        )?;
        let profile = find(self.profile.as_deref(), &words.url, context)?;
        let session = context.session(&profile, &self.network, self.asked())?;
        let answer = session
            .send(items.request(words.method, words.url)?)
            .await
            .map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
        let status = answer.status();
        answer::show(answer, self.include).await?;
        if self.ignore_status {
            return Ok(Exit::Done);
        }
        Ok(exit(status))
    }
}

impl Request {
    /// A browser opens only where somebody looks.
    fn asked(&self) -> Option<Asked> {
        if self.no_interactive || !output::is_terminal(Stream::Error) {
            return None;
        }
        let browser = person::browser(true);
        let options = LoginOptions {
            browser: Arc::clone(&browser),
            ..LoginOptions::default()
        };
        Some((Arc::new(AtTerminal::with(browser)), options))
    }
}

fn find(name: Option<&str>, url: &Url, context: &Context) -> Result<Profile, Failure> {
    if name.is_some() {
        return context.profile(name);
    }
    let config = context.config()?;
    let found = config.profile_for(url).map_err(|error| {
        let option = match error {
            ConfigError::Ambiguous { .. } => " with --profile",
            _ => "",
        };
        Failure::error(format!("{error}{option}"))
    })?;
    found.cloned().ok_or_else(|| {
        let origin = url.origin().ascii_serialization();
        Failure::error(format!(
            "no profile is for {origin}; make one with `gatepass profile add NAME --api {origin} …`"
        ))
    })
}

fn exit(status: StatusCode) -> Exit {
    match status {
        StatusCode::UNAUTHORIZED => Exit::LoginNeeded,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Exit::Network,
        status if status.is_server_error() => Exit::Network,
        status if status.is_client_error() => Exit::Refused,
        _ => Exit::Done,
    }
}
