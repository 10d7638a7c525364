//! `gatepass import curl`.

use std::io::IsTerminal as _;
use std::path::Path;

use clap::Args;
use gatepass_client::tokens::{Place, StoredToken};
use gatepass_client::{
    ApiKey, Credential, KeyPlace, Origin, Profile, ProfileName, Secret, SecretRef,
};
use gatepass_http::{Clock as _, SystemClock};
use url::Url;
use zeroize::Zeroizing;

use super::curl_line::{self, Found, Line};
use super::place::PlaceArgs;
use super::shell::{self, VARIABLE};
use super::take::{self, TakeArgs};
use crate::context::{Context, absolute};
use crate::exit::Failure;
use crate::output;

/// Make a profile of the credential in a curl command
///
/// The command is read from standard input, or comes after --; there every process on the machine can read it. It is not
/// run. A bearer token becomes the token of the profile, where that is one that keeps tokens; every other secret goes to the
/// place that is named, and one that is a variable of the shell stays in that variable.
#[derive(Args)]
#[command(
    override_usage = "gatepass import curl [OPTIONS] --profile NAME [-- CURL COMMAND LINE]",
    after_help = "\
Examples:
  gatepass import curl --profile shop --secret-file ~/.shop    (and paste it)
  gatepass import curl --profile shop --secret-env SHOP < command.txt
  gatepass import curl --profile pub -- curl -u me https://pub.example.com"
)]
pub(super) struct Curl {
    /// The profile
    #[arg(long, value_name = "NAME")]
    profile: ProfileName,
    /// An origin that the credential goes to; may be repeated [default: the URL's]
    #[arg(long, value_name = "ORIGIN")]
    api: Vec<Origin>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    take: TakeArgs,
    /// The command
    #[arg(last = true, value_name = "CURL COMMAND LINE")]
    words: Vec<String>,
}

impl Curl {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let line = self.read()?;
        if !line.left.is_empty() {
            output::note(&format!(
                "Not taken over, for a profile has one credential: {}.",
                line.left.join(", ")
            ));
        }
        let present = self.take.present(&self.profile, context)?;
        if let (Some(profile), Found::Bearer(token)) = (&present, &line.found)
            && profile.credential.makes_tokens()
            && variable(token)?.is_none()
        {
            let token = StoredToken::new(token.clone(), SystemClock.now(), String::new());
            let status = self.take.keep(profile, token, context).await?;
            return self.take.tell(profile, false, Some(&status), None);
        }
        if present.is_some() && !self.take.replace {
            return Err(Failure::error(format!(
                "there is a profile {:?} already; --replace replaces it",
                self.profile.as_str()
            )));
        }
        let api = match self.api.is_empty() {
            true => vec![origin(&line.url)?],
            false => self.api,
        };
        let (credential, secret) = credential(line.found, self.place, self.take.replace)?;
        let profile = Profile {
            name: self.profile,
            api,
            ca: line.ca.map(absolute),
            certificate: None,
            tokens: Place::default(),
            credential,
        };
        self.take.put(&profile, context)?;
        self.take.tell(&profile, true, None, Some(&secret))?;
        let mut url = line.url;
        url.set_query(None);
        output::note(&format!(
            "Next: gatepass get {url} --profile {}",
            profile.name
        ));
        Ok(())
    }

    fn read(&self) -> Result<Line, Failure> {
        let words: Vec<Zeroizing<String>> = if self.words.is_empty() {
            if std::io::stdin().is_terminal() {
                output::note("Paste the curl command, then press Enter and Ctrl-D.");
            }
            let taken = take::read(Path::new("-"))?;
            let text = std::str::from_utf8(&taken.bytes)
                .map_err(|_| Failure::error("standard input: expected text"))?;
            shell::words(text)
                .map_err(|reason| Failure::error(format!("standard input: {reason}")))?
        } else {
            self.words.iter().cloned().map(Zeroizing::new).collect()
        };
        let program = words.first().map(|word| Path::new(word.as_str()));
        let named = program.is_some_and(|program| {
            let stem = program.file_stem();
            stem.is_some_and(|stem| stem == "curl")
        });
        let words = words.get(usize::from(named)..).unwrap_or_default();
        curl_line::read(words)
            .map_err(|reason| Failure::error(format!("the curl command: {reason}")))
    }
}

/// The credential, with its secret where it is to be.
fn credential(
    found: Found,
    place: PlaceArgs,
    replace: bool,
) -> Result<(Credential, SecretRef), Failure> {
    let settle = |secret: Option<&Secret>| -> Result<SecretRef, Failure> {
        match secret.map(variable).transpose()?.flatten() {
            Some(name) => Ok(SecretRef::Env(name)),
            None => place.settle(secret, replace),
        }
    };
    Ok(match found {
        Found::Bearer(token) => {
            let token = settle(Some(&token))?;
            (Credential::bearer(token.clone()), token)
        }
        Found::Basic(username, password) => {
            let password = settle(password.as_ref())?;
            (
                Credential::basic(plain(username)?, password.clone()),
                password,
            )
        }
        Found::Digest(username, password) => {
            let password = settle(password.as_ref())?;
            let username = plain(username)?;
            let secret = password.clone();
            (Credential::Digest { username, password }, secret)
        }
        Found::Header(name, value) => key(KeyPlace::Header(name), settle(Some(&value))?),
        Found::Query(name, value) => key(KeyPlace::Query(name), settle(Some(&value))?),
        Found::Cookie(name, value) => key(KeyPlace::Cookie(name), settle(Some(&value))?),
    })
}

fn key(place: KeyPlace, key: SecretRef) -> (Credential, SecretRef) {
    let secret = key.clone();
    (Credential::ApiKey(ApiKey { key, place }), secret)
}

/// The variable that a secret is, if it is one.
fn variable(secret: &Secret) -> Result<Option<String>, Failure> {
    let text = secret.expose();
    let inside = text
        .strip_prefix(VARIABLE)
        .and_then(|text| text.strip_suffix(VARIABLE));
    match inside {
        Some(name) if !name.contains(VARIABLE) => Ok(Some(name.to_owned())),
        None if !text.contains(VARIABLE) => Ok(None),
        _ => Err(Failure::error(
            "the secret is made of a variable and other text, which is not put together here",
        )),
    }
}

fn plain(text: String) -> Result<String, Failure> {
    if text.contains(VARIABLE) {
        return Err(Failure::error(
            "the user name holds a variable, which is not looked up here",
        ));
    }
    Ok(text)
}

fn origin(url: &Url) -> Result<Origin, Failure> {
    let fault = |error: gatepass_http::UrlError| {
        Failure::error(format!("{}: {error}", url.origin().ascii_serialization()))
    };
    gatepass_http::check_url(url).map_err(fault)?;
    Origin::of(url).map_err(fault)
}
