//! `gatepass init`.

pub(super) mod ask;
mod details;
mod place;
mod target;
mod trial;
mod way;

use std::path::PathBuf;

use clap::Args;
use gatepass_client::{Config, Credential, Profile, ProfileName, Session};
use gatepass_http::HttpTransport;
use url::Url;

use super::Run;
use super::profile::add::{self, NewProfile};
use crate::context::{Context, NetworkArgs, WayArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::person::BrowserArgs;
use ask::{Asker, Question};
use details::Details;
use target::Target;
use trial::Outcome;

/// Set up a profile step by step, and try it before it is saved
///
/// Takes the URL of an API or of a login server, or a provider, looks at what it wants, asks for the rest, logs in, calls the
/// API, and saves the profile only when that works. Secrets go where you say, never into config.toml. What the options say is
/// not asked for; without a terminal they have to say everything, and those that are missing are named.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass init                               asks for everything
  gatepass init https://api.example.com/items
  gatepass init github
  gatepass init https://login.example.com --name robot --client-id cl_2 \\
      --client-secret-env SECRET --grant client_credentials \\
      --api https://api.example.com           asks for nothing")]
pub(crate) struct Init {
    /// The URL of an API or of a login server, or a provider's id
    target: Option<String>,
    /// The name of the profile
    #[arg(long)]
    name: Option<ProfileName>,
    /// Call this URL, to see that the credential is taken
    #[arg(long, value_name = "URL")]
    call: Option<Url>,
    /// Save the profile without trying it
    #[arg(long, conflicts_with = "call")]
    untested: bool,
    #[command(flatten)]
    browser: BrowserArgs,
    #[command(flatten)]
    way: WayArgs,
    #[command(flatten)]
    new: NewProfile,
}

impl Run for Init {
    fn log_level(&self) -> &'static str {
        "warn,gatepass_client::scope=off"
    }

    async fn run(mut self, context: &Context) -> Result<Exit, Failure> {
        let mut asker = Asker::of_this_terminal();
        let options = self.browser.options();
        let network = NetworkArgs {
            ca: self
                .new
                .text("ca")
                .map_or_else(ca_of_environment, |path| Some(path.into())),
            way: self.way,
        };
        let transport = HttpTransport::new(network.egress()?);
        let transport = transport.map_err(gatepass_client::Error::from)?;
        let (target, url) = look(self.target, &self.new, &mut asker, &transport).await?;
        let way = way::choose(&self.new, &target, &mut asker).await?;
        let name = name(self.name, &target, url.as_ref(), &mut asker, context).await?;
        if let Some(way) = way {
            let mut details = Details {
                new: &mut self.new,
                asker: &mut asker,
                name: &name,
                context,
            };
            details.complete(way, &target).await?;
        }
        asker.complete()?;
        let profile = self.new.profile(name)?;
        let session = context.session(&profile, &network, None)?;
        let call = called(self.call, &target, &profile, self.untested, &mut asker).await?;
        if !self.untested {
            match trial::run(&profile, &session, &options, call.as_ref(), &mut asker).await? {
                Outcome::Keep => {}
                Outcome::Drop(failure) => {
                    forget(&profile, &session).await;
                    let text = format!("{failure}; the profile was not saved{}", hint(&asker));
                    return Err(Failure::new(failure.exit(), text));
                }
            }
        }
        Config::add(&context.paths, &profile).map_err(add::unwritten)?;
        output::note(&saved(&profile, call.as_ref(), self.untested, context));
        Ok(Exit::Done)
    }
}

/// As for the other commands, where the profile has none of its own.
fn ca_of_environment() -> Option<PathBuf> {
    std::env::var_os("GATEPASS_CA")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Looks at what was named, by word or by option. A credential that is described in full needs no look.
async fn look(
    named: Option<String>,
    new: &NewProfile,
    asker: &mut Asker,
    transport: &HttpTransport,
) -> Result<(Target, Option<Url>), Failure> {
    let said = |member: &str| new.text(member).map(str::to_owned);
    let named = named
        .or_else(|| said("provider"))
        .or_else(|| said("issuer"));
    if named.is_none() && new.method().is_ok() {
        return Ok((Target::Described, None));
    }
    target::find(named, asker, transport).await
}

/// A name that is free: the one that was said, else one after the provider or the host.
async fn name(
    said: Option<ProfileName>,
    target: &Target,
    url: Option<&Url>,
    asker: &mut Asker,
    context: &Context,
) -> Result<ProfileName, Failure> {
    let config = context.config()?;
    let free = |text: &str| {
        let name: ProfileName = text.parse()?;
        match config.profiles.contains_key(&name) {
            true => Err(format!(
                "there is a profile {text:?} already; choose another name"
            )),
            false => Ok(()),
        }
    };
    if let Some(name) = said {
        free(name.as_str()).map_err(Failure::usage)?;
        return Ok(name);
    }
    let usual = match (target, url.and_then(Url::host_str)) {
        (Target::Provider(provider), _) => Some(provider.id.clone()),
        (_, Some(host)) => Some(label(host)),
        _ => None,
    };
    let usual = usual.filter(|name| free(name).is_ok());
    let mut question = Question::new("The name of the profile");
    question.default = usual;
    let text = asker.text("--name NAME", question, free).await?;
    match text.is_empty() {
        // It is missing, which is told with what else is.
        true => "unnamed".parse().map_err(Failure::error),
        false => text.parse().map_err(Failure::usage),
    }
}

/// The part of a host that people would call it by: `example` of `api.example.com`.
fn label(host: &str) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    let plain = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
    match labels.as_slice() {
        [.., name, _] if plain => (*name).to_owned(),
        [name] if plain => (*name).to_owned(),
        _ => "local".to_owned(),
    }
}

/// The URL to try: the one that was said, else the API's that was looked at.
async fn called(
    said: Option<Url>,
    target: &Target,
    profile: &Profile,
    untested: bool,
    asker: &mut Asker,
) -> Result<Option<Url>, Failure> {
    let ours = |url: &Url| profile.api.iter().any(|origin| origin.covers(url));
    if let Some(url) = said {
        return match ours(&url) {
            true => Ok(Some(url)),
            false => Err(Failure::usage(format!(
                "--call {url}: the credential does not go there; --api says where it goes"
            ))),
        };
    }
    if untested {
        return Ok(None);
    }
    let usual = match target {
        Target::Api(api) if !api.open && ours(&api.url) => api.url.to_string(),
        _ => String::new(),
    };
    let question = Question::new("A URL of the API to call, to see that it works")
        .help("nothing calls none")
        .default(usual);
    let check = |text: &str| match text.parse::<Url>() {
        _ if text.is_empty() => Ok(()),
        Ok(url) if ours(&url) => Ok(()),
        Ok(_) => Err("the credential does not go there".to_owned()),
        Err(_) => Err("expected a URL like https://api.example.com/items".to_owned()),
    };
    let text = asker.text("--call", question, check).await?;
    Ok(text.parse().ok())
}

/// A token of a profile that is not saved would be nobody's.
async fn forget(profile: &Profile, session: &Session) {
    if profile.credential.makes_tokens()
        && let Err(error) = session.logout().await
    {
        tracing::warn!(%error, "the token that was got on trial could not be forgotten");
    }
}

fn hint(asker: &Asker) -> &'static str {
    match asker.present {
        true => "",
        false => " (--untested saves it without a try)",
    }
}

fn saved(profile: &Profile, call: Option<&Url>, untested: bool, context: &Context) -> String {
    let name = profile.name.as_str();
    let file = context.paths.config_file();
    let mut text = format!("Saved profile {name} to {}.", file.display());
    let mut next = Vec::new();
    if untested && profile.credential.needs_person() {
        next.push(format!("gatepass login {name}"));
    }
    next.push(match (call, profile.api.first()) {
        (Some(url), _) => format!("gatepass request {}", output::shell_word(url.as_str())),
        (None, Some(origin)) => format!("gatepass request {}/…", origin.as_str()),
        (None, None) => format!("gatepass token {name}"),
    });
    if matches!(profile.credential, Credential::OAuth(_)) {
        next.push(format!("gatepass explain {name}"));
    }
    for command in next {
        text.push_str(&format!("\n  {command}"));
    }
    text
}
