//! `gatepass helper`: a profile's credential in the words in which other programs ask for one.

mod aws;
mod docker;
mod git;
mod kubectl;
mod sts;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use gatepass_client::{
    Credential, Error, KeyPlace, Profile, Secret, SecretRef, Session, Timestamp,
};
use gatepass_http::{Clock as _, SystemClock};
use url::Url;
use zeroize::Zeroizing;

use super::Run;
use super::jwt::unverified::{Unverified, moment};
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Give a credential to git, kubectl, docker or the AWS tools, each in its own words
///
/// Nobody is asked, except where the options of a helper say so: when only a login helps, the exit code is 4 and the reason
/// is on standard error.
#[derive(Args)]
#[command(after_help = "\
Examples:
  git config --global credential.https://git.example.com.helper \\
      '!gatepass helper git'
  gatepass helper kubectl --print-config work
  ln -s \"$(command -v gatepass)\" ~/bin/docker-credential-gatepass")]
pub(crate) struct Helper {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    Git(git::Git),
    Kubectl(kubectl::Kubectl),
    Docker(docker::Docker),
    Aws(Box<aws::Aws>),
}

impl Run for Helper {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.program {
            Program::Git(git) => git.run(context).await,
            Program::Kubectl(kubectl) => kubectl.run(context).await,
            Program::Docker(docker) => docker.run(context).await,
            Program::Aws(aws) => Box::pin(aws.run(context)).await,
        }
    }
}

/// The names under which git and docker look for a helper, and the words that mean the same.
const LINKS: [(&str, &str); 2] = [
    ("docker-credential-gatepass", "docker"),
    ("git-credential-gatepass", "git"),
];

/// The words of the command line, with those of a helper in place of the program's name where that is the helper's.
pub(crate) fn words(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.into_iter().peekable();
    let link = given.peek().and_then(|name| {
        let name = Path::new(name).file_name()?.to_str()?;
        let name = name.strip_suffix(".exe").unwrap_or(name);
        LINKS.iter().find(|(link, _)| *link == name)
    });
    let Some((_, program)) = link else {
        return given.collect();
    };
    let before = ["gatepass", "helper", program].map(OsString::from);
    before.into_iter().chain(given.skip(1)).collect()
}

/// The most that a program may say on standard input, in bytes.
const MAX_ASKED: u64 = 256 * 1024;

/// What the program says on standard input. A secret may be in it.
fn asked() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(MAX_ASKED)
        .read_to_string(&mut text)
        .map_err(|error| Failure::error(format!("standard input: {error}")))?;
    Ok(text)
}

/// An ID token is renewed when it expires sooner than this.
const ID_TOKEN_MARGIN: Duration = Duration::from_secs(60);

/// What another program is given.
struct Given {
    /// The user's name, where the secret is a password; without one the secret is a bearer token.
    username: Option<String>,
    secret: Secret,
    expires_at: Option<Timestamp>,
}

impl Given {
    /// The credential of a session, as far as another program can send it.
    ///
    /// # Errors
    ///
    /// Those of the session, and a credential that only gatepass itself can send.
    async fn of(session: &Session, profile: &Profile) -> Result<Self, Failure> {
        let name = profile.name.as_str();
        let read = async |from: &SecretRef| from.read().await.map_err(Error::from);
        let (username, secret) = match &profile.credential {
            credential if credential.makes_tokens() => {
                let token = session.token(Duration::ZERO).await;
                let token = token.map_err(|error| Failure::of_profile(error, name))?;
                if !token.token_type.eq_ignore_ascii_case("bearer") {
                    return Err(unusable(name, &format!("a {:?} token", token.token_type)));
                }
                return Self::token(name, token.access_token, token.expires_at);
            }
            Credential::Basic { username, password }
            | Credential::Digest { username, password } => {
                (Some(username.clone()), read(password).await?)
            }
            Credential::Bearer { token } => (None, read(token).await?),
            Credential::ApiKey(own) if own.place == KeyPlace::Bearer => {
                (None, read(&own.key).await?)
            }
            Credential::Netrc { .. } => {
                return Err(Failure::error(format!(
                    "profile {name} finds its password in a .netrc file, by the host; let the program read that file \
                     itself, or make a profile with --username and --password-file"
                )));
            }
            _ => return Err(unusable(name, "an API key with a place of its own")),
        };
        let given = Self::token(name, secret, None)?;
        Ok(Self { username, ..given })
    }

    /// The ID token of a session's login, for services that want to know who somebody is.
    ///
    /// # Errors
    ///
    /// Those of the session; there is none.
    async fn of_id_token(session: &Session, profile: &Profile) -> Result<Self, Failure> {
        let name = profile.name.as_str();
        let failed = |error| Failure::of_profile(error, name);
        let none = || {
            let text =
                format!("profile {name} has no ID token; its scope needs openid, and a new login");
            Failure::error(text)
        };
        let token = session.token(Duration::ZERO).await.map_err(failed)?;
        let id_token = token.id_token.ok_or_else(none)?;
        let end = expiry(&id_token);
        if end.is_none_or(|end| SystemClock.now() + ID_TOKEN_MARGIN < end) {
            return Self::token(name, id_token, end);
        }
        let renewed = session.refresh().await.map_err(failed)?;
        let id_token = renewed.id_token.ok_or_else(none)?;
        match expiry(&id_token) {
            Some(end) if end <= SystemClock.now() => Err(Failure::new(
                Exit::LoginNeeded,
                format!(
                    "the ID token of {name} has expired, and its server renews none; run `gatepass login {name}`"
                ),
            )),
            end => Self::token(name, id_token, end),
        }
    }

    /// A line break in a secret would begin a line of its own in git's protocol.
    fn token(name: &str, secret: Secret, expires_at: Option<Timestamp>) -> Result<Self, Failure> {
        if secret.expose().contains(char::is_control) {
            return Err(unusable(name, "a secret with control characters"));
        }
        Ok(Self {
            username: None,
            secret,
            expires_at,
        })
    }

    /// The token, for a program that has no use for a user name and password.
    fn bearer(self, program: &str) -> Result<Self, Failure> {
        match self.username {
            None => Ok(self),
            Some(_) => Err(Failure::error(format!(
                "{program} takes tokens, and this profile has a user name and a password"
            ))),
        }
    }
}

fn unusable(name: &str, what: &str) -> Failure {
    Failure::error(format!(
        "profile {name} has {what}, which another program cannot send"
    ))
}

/// When a token expires by its own words.
fn expiry(token: &Secret) -> Option<Timestamp> {
    moment(Unverified::read(token).ok()?.claim("exp")?)
}

/// Whether a profile's credential may go there.
fn check_origin(profile: &Profile, url: &Url) -> Result<(), Failure> {
    if profile.api.iter().any(|origin| origin.covers(url)) {
        return Ok(());
    }
    let error = Error::WrongOrigin {
        origin: url.origin().ascii_serialization(),
        api: profile.api.clone(),
    };
    Err(Failure::error(format!("profile {}: {error}", profile.name)))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::words;

    #[test]
    fn the_name_of_a_link_says_which_helper() {
        let said = |given: &str| {
            let words = words(given.split(' ').map(OsString::from));
            words.join(" ".as_ref()).into_string().expect("text")
        };
        assert_eq!(
            said("/x/docker-credential-gatepass get"),
            "gatepass helper docker get"
        );
        assert_eq!(
            said("git-credential-gatepass.exe --profile p get"),
            "gatepass helper git --profile p get"
        );
        assert_eq!(said("/x/gatepass get"), "/x/gatepass get");
        assert_eq!(
            said("docker-credential-other get"),
            "docker-credential-other get"
        );
        assert!(words([]).is_empty());
    }
}
