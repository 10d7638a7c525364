//! `gatepass login`.

use std::time::Duration;

use clap::Args;
use gatepass_client::{
    Advice, Credential, Discover, Found, LoginOptions, Profile, Scope, Session, Status, TokenState,
};
use url::Url;

use super::Run;
use super::discover::usable;
use super::init::ask::Asker;
use super::scope::{self, widened};
use super::unknown::token::{self, ClientArgs};
use super::unknown::{self, Wanted};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::person::{AtTerminal, BrowserArgs};
use crate::{output, time};

/// Log in, and keep the token
///
/// For OAuth 2 the browser opens (what BROWSER names, else the system's own), and comes back to this machine. The link is
/// printed too. For a browser on another machine there is --paste, and --device where the server offers that.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass login work
  gatepass login work --no-browser      only print the link
  gatepass login work --device          type a code into a browser elsewhere
  gatepass login work --paste           paste what the browser ended with
  gatepass login work --scope \"read write\" --prompt consent
  gatepass login https://api.example.com/items
The last is for the profile that is for this URL. Where none is, the API says
who issues its tokens (RFC 9728); you log in there, and a profile is made.")]
pub(crate) struct Login {
    /// The profile, or a URL that it is for [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    browser: BrowserArgs,
    /// How long to wait for you at the browser
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    client: ClientArgs,
}

/// What this login asks for, beside what the profile says.
#[derive(Args)]
#[command(next_help_heading = "What is asked for, this time")]
struct Asking {
    /// The scopes, in place of the profile's; what the token at hand has stays, unless you name less of it
    #[arg(long, value_name = "SCOPES")]
    scope: Option<Scope>,
    /// What the server shows: login, consent, select_account or none
    #[arg(long, value_name = "PROMPT")]
    prompt: Option<String>,
    /// Who you are, so that the server need not ask
    #[arg(long, value_name = "NAME")]
    login_hint: Option<String>,
    /// How good the login has to be, the best first (RFC 9470)
    #[arg(long, value_name = "VALUES")]
    acr_values: Option<String>,
    /// How long ago the login at the server may be
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Any other parameter of the request; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    param: Vec<(String, String)>,
}

impl Run for Login {
    fn log_level(&self) -> &'static str {
        // What was not granted is told at the end, in better words.
        "warn,gatepass_client::scope=off"
    }

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = match find(self.profile.as_deref(), context)? {
            Named::Profile(profile, None) => *profile,
            Named::Profile(profile, Some(url)) => {
                let egress = self.network.egress_of(&profile)?;
                let settings = self.settings(context)?;
                match unknown::closer(&url, &profile, settings, &egress).await? {
                    Some(found) => return Box::pin(self.by_token(&found, context)).await,
                    None => *profile,
                }
            }
            Named::Unknown(url) => return Box::pin(self.newcomer(&url, context)).await,
        };
        self.client.check_unused(&profile)?;
        let mut options = self.options(&profile)?;
        let session = context.session(&profile, &self.network, None)?;
        if let Some(wanted) = options.scope.take() {
            options.scope = Some(widened(&session, wanted).await);
        }
        let status = log_in(&profile, &session, &options).await?;
        output::note(&told(&profile, &status, options.scope.as_ref()));
        Ok(Exit::Done)
    }
}

/// Logs in at this terminal.
///
/// # Errors
///
/// The server or the person said no, or nobody came.
pub(super) async fn log_in(
    profile: &Profile,
    session: &Session,
    options: &LoginOptions,
) -> Result<Status, Failure> {
    let before = session
        .status()
        .await
        .ok()
        .and_then(|status| status.account);
    let person = AtTerminal::waited_for(options);
    let status = session.login(&person, options).await;
    drop(person);
    let status = status.map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
    if let (Some(before), Some(now)) = (&before, &status.account)
        && before != now
    {
        output::note(&output::tame(&format!(
            "This is another account than before, which was {before}."
        )));
    }
    Ok(status)
}

impl Login {
    /// Logs in where no profile is for the URL: finds out what it wants, and makes a profile of that.
    async fn newcomer(&self, url: &Url, context: &Context) -> Result<Exit, Failure> {
        let egress = self.network.egress()?;
        let settings = self.settings(context)?;
        let mut asker = Asker::of_this_terminal();
        match unknown::ask(url, asker.present, settings, &egress).await? {
            Wanted::Token(found) => return self.by_token(&found, context).await,
            Wanted::Password(passwords) => {
                if !asker.present {
                    return Err(Failure::new(Exit::LoginNeeded, passwords.advice()));
                }
                let send = async |session: &Session| {
                    let answer = session.get(url).send().await?;
                    Ok((answer.status(), ()))
                };
                let ((), _, typed) = passwords.prove(&mut asker, &egress, send).await?;
                typed.keep(&self.network, context).await?;
            }
            Wanted::Unclear(advice) => return Err(Failure::error(advice)),
        }
        Ok(Exit::Done)
    }

    /// Logs in at what was found, and saves the profile of it.
    async fn by_token(&self, found: &Found, context: &Context) -> Result<Exit, Failure> {
        let draft = token::draft(found, context)?;
        let options = LoginOptions {
            scope: None,
            ..self.options(&draft)?
        };
        output::note(&format!("{}.", token::told(found)));
        let session = context.session(&draft, &self.network, None)?;
        let status = match log_in(&draft, &session, &options).await {
            Ok(status) => status,
            Err(failure) => return Err(token::explained(failure, found, &session).await),
        };
        let profile = token::save(found, &draft, &session, context).await?;
        output::note(&told(&profile, &status, None));
        Ok(Exit::Done)
    }

    /// What there is to identify ourselves with, and to ask for.
    fn settings(&self, context: &Context) -> Result<Discover, Failure> {
        let mut settings = self.client.settings(&self.network, context)?;
        settings.scope.clone_from(&self.asking.scope);
        Ok(settings)
    }

    fn options(&self, profile: &Profile) -> Result<LoginOptions, Failure> {
        let params = self.asking.params();
        let asks = self.asking.scope.is_some() || !params.is_empty();
        if !profile.credential.needs_person() && (asks || self.browser.elsewhere()) {
            return Err(Failure::usage(format!(
                "{} needs no person to log in; --device, --paste, --scope and the like are for profiles that do",
                profile.name
            )));
        }
        Ok(LoginOptions {
            patience: Duration::from_secs(self.timeout),
            scope: self.asking.scope.clone(),
            params,
            ..self.browser.options()
        })
    }
}

impl Asking {
    fn params(&self) -> Vec<(String, String)> {
        let max_age = self.max_age.map(|seconds| seconds.to_string());
        let named = [
            ("prompt", self.prompt.as_ref()),
            ("login_hint", self.login_hint.as_ref()),
            ("acr_values", self.acr_values.as_ref()),
            ("max_age", max_age.as_ref()),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        named.chain(self.param.iter().cloned()).collect()
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What is logged in to.
enum Named {
    /// A profile, and the URL by which it was named.
    Profile(Box<Profile>, Option<Url>),
    /// A URL that no profile is for.
    Unknown(Url),
}

fn find(named: Option<&str>, context: &Context) -> Result<Named, Failure> {
    let url = named.filter(|text| text.contains("://"));
    let Some(url) = url else {
        let profile = context.profile(named)?;
        return Ok(Named::Profile(Box::new(profile), None));
    };
    let url = usable(url)?;
    let config = context.config()?;
    let found = config
        .profile_for(&url)
        .map_err(gatepass_client::Error::from)?;
    Ok(match found {
        Some(profile) => Named::Profile(Box::new(profile.clone()), Some(url)),
        None => Named::Unknown(url),
    })
}

/// What came of it: whose token it is, what it is good for, and until when.
pub(super) fn told(profile: &Profile, status: &Status, asked: Option<&Scope>) -> String {
    let name = profile.name.as_str();
    if status.state == TokenState::NotNeeded {
        return format!(
            "Nothing to log in to: {name} sends its secret as it is, and that can be read."
        );
    }
    let mut text = format!("Logged in to {name}");
    if let Some(account) = &status.account {
        text.push_str(&format!(" as {account}"));
    }
    if let Some(scope) = status.scope.as_ref().filter(|scope| !scope.is_empty()) {
        text.push_str(&format!(", scope {scope}"));
    }
    text.push_str(&match status.expires_at {
        Some(end) => format!(
            "; the token expires {} ({}).",
            time::distance(end),
            time::rfc3339(end)
        ),
        None => "; the server does not say when the token expires.".to_owned(),
    });
    if let Some(missing) = missing(profile, status, asked) {
        text.push_str(&format!("\nAsked for, but not granted: {missing}."));
    }
    if let Some(place) = &status.place {
        text.push_str(&format!("\nIt is kept in {place}."));
    }
    if let Some(own) = unserved(profile, status, asked) {
        text.push_str(&format!(
            "\nThe profile itself asks for scope {own}, so it will not use this token. To change that:\n  gatepass profile edit {name} scope={}",
            output::shell_word(&status.scope.clone().unwrap_or_default().to_string())
        ));
    }
    output::tame(&text)
}

/// The scope that the profile itself asks for.
pub(super) fn own_scope(profile: &Profile) -> Option<&Scope> {
    match &profile.credential {
        Credential::OAuth(oauth) => oauth.scope.as_ref(),
        _ => None,
    }
}

/// The scopes that were asked for in vain.
fn missing(profile: &Profile, status: &Status, asked: Option<&Scope>) -> Option<String> {
    let asked = asked.or(own_scope(profile))?;
    let granted = status.scope.as_ref()?;
    let missing = scope::missing(asked, granted);
    (!missing.is_empty()).then_some(missing)
}

/// The profile's own scope, where this login asked for less.
fn unserved<'a>(profile: &'a Profile, status: &Status, asked: Option<&Scope>) -> Option<&'a Scope> {
    let (own, asked) = (own_scope(profile)?, asked?);
    let granted = status
        .scope
        .as_ref()
        .is_some_and(|scope| own.is_subset_of(scope));
    (!own.is_subset_of(asked) && !granted).then_some(own)
}

/// What would help against a refusal of a resource, with the command to run.
pub(super) fn advised(profile: &Profile, token: Option<&Scope>, advice: &Advice) -> String {
    let name = profile.name.as_str();
    let person = profile.credential.needs_person();
    let command = match advice {
        Advice::Scope(Some(wanted)) => {
            let scope = token
                .or(own_scope(profile))
                .map_or(wanted.clone(), |own| own.union(wanted));
            let scope = output::shell_word(&scope.to_string());
            match person {
                true => format!("login {name} --scope {scope}"),
                false => format!("profile edit {name} scope={scope}"),
            }
        }
        Advice::StepUp(wanted) if person => {
            let mut command = format!("login {name}");
            for (name, value) in wanted.params() {
                let value = output::shell_word(&value);
                command.push_str(&format!(" --{} {value}", name.replace('_', "-")));
            }
            command
        }
        _ => return output::tame(&format!("note: {advice}.")),
    };
    output::tame(&format!("note: {advice}:\n  gatepass {command}"))
}
