//! `gatepass proxy`.

mod announce;
mod key;
mod place;
mod target;

use std::time::Duration;

use clap::Args;
use gatepass_client::{Egress, Found, Profile, Session};
use gatepass_gateway::{InjectSettings, Injector, Reached, UpstreamSettings, Way};
use url::Url;

use super::Run;
use super::scope::{self, ScopeArgs};
use super::unknown::token::{self, ClientArgs};
use super::unknown::{self, Wanted};
use crate::context::{Asked, Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputArgs, Stream};
use crate::person::InteractionArgs;
use crate::signals;
use announce::Announcement;
use key::KeyArgs;
use place::{Place, PlaceArgs};
use target::Target;

/// Run a local proxy that adds a valid token, for programs that cannot
///
/// It sends every request on to one API, with the profile's credential in place of what the program has sent, and renews
/// the token when it has to. Answers stream; WebSockets and server-sent events pass. Whoever can reach the proxy uses your
/// token: it listens on this machine only and turns the pages of browsers away. A port of this machine is open to
/// all its users and programs; where that is too many, take a socket, which its file's mode protects, or a key.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass proxy work --listen 127.0.0.1:8080
  curl http://127.0.0.1:8080/items
  curl -N http://127.0.0.1:8080/events
  websocat ws://127.0.0.1:8080/chat
  git clone http://127.0.0.1:8080/team/project.git
  gatepass proxy https://api.example.com/v1 --output json
  gatepass proxy work --unix api.sock
  curl --unix-socket api.sock http://localhost/items
  gatepass proxy work --require-key
  curl -H 'X-Gatepass-Key: KEY' http://127.0.0.1:8080/items

The first line on standard output says where it listens. A program shows a key
in X-Gatepass-Key, or as token or password where it would show the API's.
For a URL that no profile is for, the API says who issues its tokens; you log in
there, and a profile is made. Once it runs, it asks for a login at a terminal only,
and answers 502 elsewhere.
A refused token is renewed, and the request sent again if its body is no longer
than 64 KiB. Ctrl-C lets the requests under way end; the same again ends at once.")]
pub(crate) struct Proxy {
    /// The profile, or a URL: that one is for, or whose login server can be found out
    #[arg(value_name = "PROFILE|URL")]
    target: String,
    /// Where requests go [default: the URL, or the one origin in the profile's `api`]
    #[arg(long, value_name = "URL")]
    upstream: Option<Url>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// Let pages of this origin use the proxy, like http://localhost:3000; may be given more than once
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Pass cookies on, in both directions
    #[arg(long)]
    keep_cookies: bool,
    /// How long the API may take to begin its answer; 0 is for ever
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    interaction: InteractionArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    client: ClientArgs,
}

impl Run for Proxy {
    const MINDS_SIGNALS: bool = true;
    const SERVES: bool = true;

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (profile, named) = match target::named(&self.target, context)? {
            Target::Profile(profile, url) => {
                match Box::pin(self.closer(url.as_ref(), &profile, context)).await? {
                    Some(closer) => (closer, url),
                    None => {
                        self.client.check_unused(&profile)?;
                        (*profile, url)
                    }
                }
            }
            Target::Unknown(url) => (Box::pin(self.newcomer(&url, context)).await?, Some(url)),
        };
        let upstream = target::upstream(self.upstream.clone().or(named), &profile)?;
        let (orderly, at_once) = signals::ends()?;
        tokio::pin!(at_once);
        let egress = self.network.egress()?;
        let session = self.scope.session(context, &profile, egress, self.asked());
        let session = session.await?;
        let place = self.place.open()?;
        let key = self.key.read()?;
        let settings = InjectSettings {
            key: key.clone(),
            upstream: self.way_to(&profile)?,
            ..self.settings(&place)
        };
        let injector = Injector::new(session.clone(), &upstream, settings);
        let injector = injector.map_err(|error| Failure::error(error.to_string()))?;
        tokio::select! {
            ready = has_credential(&session, &profile) => ready?,
            () = signals::interrupted() => return Err(Failure::interrupted()),
        }
        let printed = key.filter(|_| self.key.is_new());
        let announcement = Announcement::new(&place, &upstream, &profile, printed.as_ref());
        announcement.tell(self.format.output)?;
        let ended = tokio::select! {
            ended = place.serve(&injector, orderly) => ended,
            () = &mut at_once => return Err(Failure::interrupted()),
        };
        ended.map_err(|error| Failure::error(format!("the listener broke: {error}")))?;
        Ok(Exit::Done)
    }
}

impl Proxy {
    /// The profile of a URL that none is for yet: finds out who issues its tokens, and has somebody log in there.
    async fn newcomer(&self, url: &Url, context: &Context) -> Result<Profile, Failure> {
        let egress = self.network.egress()?;
        let settings = self.client.settings(&self.network, context)?;
        let found = match unknown::ask(url, false, settings, &egress).await? {
            Wanted::Token(found) => found,
            Wanted::Password(passwords) => {
                return Err(Failure::new(Exit::LoginNeeded, passwords.advice()));
            }
            Wanted::Unclear(advice) => return Err(Failure::error(advice)),
        };
        self.enter(&found, url, context).await
    }

    /// The profile of a URL that belongs to a resource of its own, closer than what the profile is for that there is.
    async fn closer(
        &self,
        url: Option<&Url>,
        profile: &Profile,
        context: &Context,
    ) -> Result<Option<Profile>, Failure> {
        let Some(url) = url else { return Ok(None) };
        let egress = self.network.egress_of(profile)?;
        let settings = self.client.settings(&self.network, context)?;
        match unknown::closer(url, profile, settings, &egress).await? {
            Some(found) => self.enter(&found, url, context).await.map(Some),
            None => Ok(None),
        }
    }

    /// Has somebody log in at what was found.
    async fn enter(&self, found: &Found, url: &Url, context: &Context) -> Result<Profile, Failure> {
        let Some(asked) = self.interaction.asked() else {
            return Err(Failure::new(Exit::LoginNeeded, token::needed(found, url)));
        };
        output::note(&format!("{}.", token::told(found)));
        let draft = token::draft(found, context)?;
        let session = context.session(&draft, &self.network, Some(asked))?;
        token::enter(found, url, &draft, &session, context).await
    }

    /// Whom a request asks on its way, which may be hours from now: only where somebody looks.
    fn asked(&self) -> Option<Asked> {
        let looks = output::is_terminal(Stream::Error);
        self.interaction.asked().filter(|_| looks)
    }

    /// Who may use the proxy, and what passes.
    fn settings(&self, place: &Place) -> InjectSettings {
        InjectSettings {
            keep_cookies: self.keep_cookies,
            allowed_origins: self.allow_origin.clone(),
            ..InjectSettings::new(place.reached())
        }
    }

    /// How the API is spoken to.
    fn way_to(&self, profile: &Profile) -> Result<UpstreamSettings, Failure> {
        let egress: Egress = self.network.egress_of(profile)?;
        let usual = InjectSettings::new(Reached::BySocket).upstream;
        Ok(UpstreamSettings {
            connect_timeout: egress.connect_timeout,
            answer_timeout: Duration::from_secs(self.timeout),
            identity: target::certificate(profile)?,
            way: match egress.proxy {
                Some(proxy) => Way::Proxy(proxy),
                None => Way::Environment,
            },
            extra_roots: egress.extra_roots,
            ..usual
        })
    }
}

/// A login that is needed is needed now, while somebody looks. A network that is not there yet may come.
async fn has_credential(session: &Session, profile: &Profile) -> Result<(), Failure> {
    if !session.credential().makes_tokens() {
        return Ok(());
    }
    match session.token(Duration::ZERO).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_temporary() => {
            output::note(&format!(
                "no token yet: {error}; the first request tries again"
            ));
            Ok(())
        }
        Err(error) => Err(scope::failure(error, profile, session)),
    }
}
