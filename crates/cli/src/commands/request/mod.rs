//! `gatepass request`.

mod answer;
mod compose;
mod disposition;
mod download;
mod items;
mod nested;
mod newcomer;
mod pretty;
mod redact;
mod sent;
mod trace;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gatepass_client::{Advice, Body, ConfigError, Egress, Error, Profile, Session};
use http::{Method, StatusCode};
use url::{Position, Url};

use super::scope::{self, ScopeArgs};
use super::unknown::token::ClientArgs;
use super::{Run, login};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::person::InteractionArgs;
use items::{Items, Kind};
use newcomer::Newcomer;
use redact::Redactor;
use sent::Sent;
pub(super) use words::Words;

/// No limit to how long the server may be silent, in seconds: thirty years.
const FOR_EVER: u64 = 1_000_000_000;

/// Send a request with a profile's credential
///
/// The profile is found by the URL, and its credential goes to the profile's
/// origins only. Where no profile is for the URL, the request goes without a
/// credential. An API that refuses that and says who issues its tokens
/// (RFC 9728) leads to a login there, a profile and the request again; so does
/// one that says that the URL belongs to a resource of its own, closer than
/// the profile's. A user name and a password are asked for. The items are those
/// of HTTPie and xh:
///
///   Name:value     a header (Name: takes it away, Name; sends it empty)
///   name==value    a parameter of the query
///   name=value     a member of the JSON body, as text (with --form a field)
///   name:=json     a member of the JSON body, as it is
///   name@FILE      a file of a form; FILE;type=image/png tells its type
///   Name:@FILE, name==@FILE, name=@FILE, name:=@FILE
///                  the same with the value from a file
///   @FILE, @-      the whole body, from a file or standard input
///
///   `a[b]=1`         puts b into the object a; `a[]=1` adds to the array a, and
///                  `a[0]=1` sets its first
///
/// A backslash takes the meaning from a separator and a bracket. The
/// method is POST with a body, otherwise GET. Options may stand anywhere.
///
/// On a terminal the body is laid out, with the status and the headers before
/// it (on standard error). In a pipe the body comes alone and as it is. What
/// comes piece by piece, as server-sent events do, is shown as it comes.
#[derive(Args)]
#[command(
    visible_alias = "r",
    verbatim_doc_comment,
    override_usage = "gatepass request [OPTIONS] [METHOD] URL [ITEM]...\n       \
                      gatepass get|head|post|put|patch|delete [OPTIONS] URL [ITEM]...",
    after_help = "\
Examples:
  gatepass request https://api.example.com/items page==2
  gatepass post https://api.example.com/items name=lamp price:=12.5
  gatepass delete https://api.example.com/items/7
  gatepass post https://api.example.com/photos --form title=Sea photo@sea.jpg
  gatepass get https://api.example.com/report.pdf --download
  gatepass get https://api.example.com/audit --scope \"read audit\"
  gatepass get https://new.example.com/mcp --client-id cl_1
  gatepass request -f :8484/form X-Trace:1 text=@note.txt | jq .

The exit code tells the status: 0 below 400, 4 for 401 (a login is needed),
3 for 408, 429 and 5xx (try again), 5 for every other 4xx. With
--ignore-status it is 0 for all of them. Only a status below 400 (or
--ignore-status) makes a file."
)]
pub(crate) struct Request {
    /// The method, the URL and the items
    #[arg(required = true, value_name = "URL", hide = true)]
    words: Vec<String>,
    #[command(flatten)]
    sending: Sending,
}

/// How a request is sent, and its answer shown.
#[derive(Args)]
pub(super) struct Sending {
    /// The profile [default: the one for the URL]
    #[arg(long, short, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Send fields as JSON (the usual)
    #[arg(long, short, overrides_with_all = ["form", "multipart"])]
    json: bool,
    /// Send fields as a form; with files as a multipart one
    #[arg(long, short, overrides_with = "json")]
    form: bool,
    /// Send fields as a multipart form, without files too
    #[arg(long, overrides_with = "json")]
    multipart: bool,
    /// Tell what is sent and answered (on standard error), without secrets
    #[arg(long, short)]
    verbose: bool,
    /// Print status and headers in a pipe too (on standard error)
    #[arg(long, short)]
    include: bool,
    /// Print status and headers only, as the result
    #[arg(long, conflicts_with_all = ["download", "output_file"])]
    headers: bool,
    /// Save the body in a file named as the answer says
    #[arg(long, short)]
    download: bool,
    /// Save the body in this file, or in this folder as the answer says; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Replace a file even if the answer chose its name
    #[arg(long)]
    overwrite: bool,
    /// How long the server may be silent; 0 is for ever
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Let the exit code tell the status (the usual)
    #[arg(long, overrides_with = "ignore_status")]
    check_status: bool,
    /// Exit with 0 whatever the status
    #[arg(long, alias = "no-check-status", overrides_with = "check_status")]
    ignore_status: bool,
    /// Keep a password that you are asked for, in the keyring, without asking about that
    #[arg(long)]
    save: bool,
    #[command(flatten)]
    interaction: InteractionArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    client: ClientArgs,
}

impl Run for Request {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let words = Words::read(&self.words)?;
        self.sending.send(words, context).await
    }
}

impl Sending {
    /// Sends the request that the words describe and shows the answer.
    ///
    /// # Errors
    ///
    /// The words make no sense, no profile is for the URL, a login is needed, the network fails.
    pub(super) async fn send(self, words: Words, context: &Context) -> Result<Exit, Failure> {
        let items = Items::read(&words.items, self.kind())?;
        let profile = find(self.profile.as_deref(), &words.url, context)?;
        let head = words.method == Some(Method::HEAD);
        let (method, url) = (words.method, &words.url);
        let sent = match &profile {
            Some(profile) => {
                self.client.check_unused(profile)?;
                let session = self.session(profile, context).await?;
                let request = items.request(method, url.clone())?;
                let again = newcomer::copy(&request).ok();
                let sent = self.by_session(&session, profile, request, url).await?;
                match sent.answer.advice() {
                    Some(Advice::Closer(_)) if self.profile.is_none() => {
                        let newcomer = Newcomer::new(&self, context)?;
                        Box::pin(newcomer.closer(again, url, profile, sent)).await?
                    }
                    _ => sent,
                }
            }
            None => {
                let newcomer = Newcomer::new(&self, context)?;
                let request = items.request(method, url.clone())?;
                Box::pin(newcomer.send(request, url)).await?
            }
        };
        self.show(sent, head, url, context).await
    }

    /// Sends it with the credential of a profile.
    async fn by_session(
        &self,
        session: &Session,
        profile: &Profile,
        request: http::Request<Body>,
        url: &Url,
    ) -> Result<Sent, Failure> {
        let of_profile = |error| scope::failure(error, profile, session);
        let sent = self.exchange(session, request, url, of_profile).await?;
        let Some(advice) = sent.answer.advice() else {
            return Ok(sent);
        };
        let token = session.status().await?.scope;
        let note = login::advised(profile, token.as_ref(), advice);
        Ok(sent.noting(note))
    }

    /// Sends it; with `--verbose` tells of it, and learns what is to be left out.
    async fn exchange(
        &self,
        session: &Session,
        request: http::Request<Body>,
        url: &Url,
        failure: impl Fn(Error) -> Failure,
    ) -> Result<Sent, Failure> {
        if !self.verbose {
            let answer = session.send(request).await.map_err(failure)?;
            return Ok(Sent::new(answer, None));
        }
        let mut redactor = Redactor::default();
        let method = request.method().clone();
        let attachment = session.attachment_for(&method, url).await;
        let attachment = attachment.map_err(&failure)?;
        redactor.learn(&attachment);
        trace::request(&request, Some(&attachment), &redactor).await;
        let answer = session.send(request).await.map_err(failure)?;
        // Another token, if the first was refused.
        if let Ok(attachment) = session.attachment_for(&method, url).await {
            redactor.learn(&attachment);
        }
        let elsewhere = |to: &Url| to[..Position::AfterPath] != url[..Position::AfterPath];
        let to = answer.url();
        if elsewhere(to) {
            output::note(&format!("redirected to {}\n", redactor.url(to.as_str())));
        }
        Ok(Sent::new(answer, Some(redactor)))
    }

    async fn session(&self, profile: &Profile, context: &Context) -> Result<Session, Failure> {
        let asked = self.interaction.asked();
        let session = self.scope.session(context, profile, self.egress()?, asked);
        session.await
    }

    /// The rules of the network, with this patience.
    fn egress(&self) -> Result<Egress, Failure> {
        let mut egress = self.network.egress()?;
        let patience = match self.timeout {
            0 => FOR_EVER,
            seconds => seconds,
        };
        egress.idle_timeout = Duration::from_secs(patience);
        egress.connect_timeout = egress.connect_timeout.min(egress.idle_timeout);
        egress.max_wait = egress.max_wait.min(egress.idle_timeout);
        Ok(egress)
    }

    fn kind(&self) -> Kind {
        match (self.multipart, self.form) {
            (true, _) => Kind::Multipart,
            (_, true) => Kind::Form,
            _ => Kind::Json,
        }
    }
}

/// The profile that was named, or the one for the URL.
fn find(name: Option<&str>, url: &Url, context: &Context) -> Result<Option<Profile>, Failure> {
    if name.is_some() {
        return context.profile(name).map(Some);
    }
    let config = context.config()?;
    let found = config.profile_for(url).map_err(|error| {
        let option = match error {
            ConfigError::Ambiguous { .. } => " with --profile",
            _ => "",
        };
        Failure::error(format!("{error}{option}"))
    })?;
    Ok(found.cloned())
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
