//! `gatepass helper git`: git's credential helpers (gitcredentials(7), the format in git-credential(1)).

use clap::Args;
use gatepass_client::{Profile, Secret};
use gatepass_proto::message::challenge::Challenge;
use url::Url;

use super::{Given, asked, check_origin};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Answer git's questions for a user name and password, or for a token
///
/// The profile is the one whose origins include that of the repository. Nothing is printed for a host that no profile is
/// for, so that git goes on to its next helper.
///
/// git 2.46 and newer get a bearer token; older ones, and servers that ask for Basic only, the token as password. (An
/// older git and a server that takes Bearer only meet through http.extraHeader.) When the server refuses a token, git
/// says so, and it is renewed; a login is never deleted.
#[derive(Args)]
#[command(after_help = "\
Examples:
  git config --global credential.https://git.example.com.helper \\
      '!gatepass helper git'
  git config --global credential.https://git.example.com.helper \\
      '!gatepass helper git --profile work'
  printf 'protocol=https\\nhost=git.example.com\\n\\n' | gatepass helper git get")]
pub(super) struct Git {
    /// What git wants: get, store, erase or capability; anything else is ignored
    action: String,
    /// The profile [default: the one for the URL]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// The user's name that goes with a token, where the URL has none. GitLab wants this one; others take any.
const ANYBODY: &str = "oauth2";

impl Git {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action.as_str() {
            "get" => self.get(&Asked::read(&asked()?), context).await?,
            "erase" => self.erase(&Asked::read(&asked()?), context).await?,
            "capability" => output::bytes(b"version 0\ncapability authtype\n")?,
            // What is stored came from here. It is read all the same, for not every caller bears a closed pipe.
            "store" => drop(asked()?),
            _ => {}
        }
        Ok(Exit::Done)
    }

    async fn get(&self, asked: &Asked, context: &Context) -> Result<(), Failure> {
        let Some(profile) = self.profile(asked, context)? else {
            return Ok(());
        };
        let session = context.session(&profile, &self.network, None)?;
        let given = Given::of(&session, &profile).await?;
        let other = |own: &String| asked.username.as_ref().is_some_and(|name| name != own);
        if given.username.as_ref().is_some_and(other) {
            return Ok(());
        }
        output::bytes(asked.answer(&given).expose().as_bytes())
    }

    /// A token that was refused is renewed, if it is still the one.
    async fn erase(&self, asked: &Asked, context: &Context) -> Result<(), Failure> {
        let (Some(refused), Some(profile)) = (&asked.secret, self.profile(asked, context)?) else {
            return Ok(());
        };
        if !profile.credential.makes_tokens() {
            return Ok(());
        }
        let session = context.session(&profile, &self.network, None)?;
        let failed = |error| Failure::of_profile(error, profile.name.as_str());
        let current = session.token(std::time::Duration::ZERO).await;
        if current.map_err(failed)?.access_token == *refused {
            session.refresh().await.map_err(failed)?;
        }
        Ok(())
    }

    fn profile(&self, asked: &Asked, context: &Context) -> Result<Option<Profile>, Failure> {
        let Some(url) = &asked.url else {
            return Ok(None);
        };
        let Some(name) = &self.profile else {
            let config = context.config()?;
            let found = config.profile_for(url).map_err(|error| {
                Failure::error(format!("{error} with `gatepass helper git --profile`"))
            })?;
            return Ok(found.cloned());
        };
        let profile = context.profile(Some(name))?;
        check_origin(&profile, url)?;
        Ok(Some(profile))
    }
}

/// What git says of a repository and its server.
#[derive(Default)]
struct Asked {
    url: Option<Url>,
    username: Option<String>,
    /// `password`, or `credential` where git sent that.
    secret: Option<Secret>,
    /// Whether git understands `authtype`.
    authtype: bool,
    challenges: Vec<Challenge>,
}

impl Asked {
    /// Reads lines of `key=value` up to an empty one. What makes no sense is passed over, as git itself does it.
    fn read(text: &str) -> Self {
        let mut asked = Self::default();
        let (mut protocol, mut host) = ("", "");
        for line in text.split('\n').take_while(|line| !line.is_empty()) {
            match line.split_once('=').unwrap_or_default() {
                ("protocol", value) => protocol = value,
                ("host", value) => host = value,
                ("username", value) => asked.username = Some(value.to_owned()),
                ("password" | "credential", value) => asked.secret = Some(Secret::new(value)),
                ("capability[]", "authtype") => asked.authtype = true,
                ("wwwauth[]", "") => asked.challenges.clear(),
                ("wwwauth[]", value) => asked.challenges.extend(Challenge::parse_list(value)),
                _ => {}
            }
        }
        if matches!(protocol, "http" | "https") && !host.contains(['/', '?', '#', '@']) {
            asked.url = Url::parse(&format!("{protocol}://{host}/")).ok();
        }
        asked
    }

    /// A server that named its schemes, and Bearer is not among them, wants the token as a password.
    fn takes_bearer(&self) -> bool {
        let named = |scheme: &str| self.challenges.iter().any(|own| own.is(scheme));
        self.authtype && (named("bearer") || !named("basic"))
    }

    fn answer(&self, given: &Given) -> Secret {
        let secret = given.secret.expose();
        let mut text = match &given.username {
            None if self.takes_bearer() => {
                format!("capability[]=authtype\nauthtype=Bearer\ncredential={secret}\n")
            }
            own => {
                let username = own.as_ref().or(self.username.as_ref());
                let username = username.map_or(ANYBODY, String::as_str);
                format!("username={username}\npassword={secret}\n")
            }
        };
        if let Some(end) = given.expires_at {
            text.push_str(&format!("password_expiry_utc={}\n", end.as_secs()));
        }
        text.push('\n');
        Secret::new(text)
    }
}

#[cfg(test)]
mod tests {
    use gatepass_client::{Secret, Timestamp};

    use super::{Asked, Given};

    fn answer(asked: &str, username: Option<&str>, expires_at: Option<u64>) -> String {
        let given = Given {
            username: username.map(str::to_owned),
            secret: Secret::new("t"),
            expires_at: expires_at.map(Timestamp::from_secs),
        };
        Asked::read(asked).answer(&given).expose().to_owned()
    }

    #[test]
    fn the_answer_fits_the_caller_and_the_server() {
        const BEARER: &str = "capability[]=authtype\nauthtype=Bearer\ncredential=t\n\n";
        const PASSWORD: &str = "username=oauth2\npassword=t\n\n";
        let new = "capability[]=authtype\nprotocol=https\nhost=h\n";
        assert_eq!(answer(new, None, None), BEARER);
        assert_eq!(answer("protocol=https\nhost=h\n", None, None), PASSWORD);
        for (challenge, expected) in [
            ("wwwauth[]=Bearer realm=\"x\"\n", BEARER),
            ("wwwauth[]=Basic realm=\"x\"\n", PASSWORD),
            ("wwwauth[]=Basic realm=\"x\"\nwwwauth[]=bearer\n", BEARER),
            ("wwwauth[]=Basic realm=\"x\"\nwwwauth[]=\n", BEARER),
        ] {
            assert_eq!(answer(&format!("{new}{challenge}"), None, None), expected);
        }
        assert_eq!(
            answer("username=me\n", None, Some(1_767_323_045)),
            "username=me\npassword=t\npassword_expiry_utc=1767323045\n\n"
        );
        assert_eq!(
            answer(new, Some("basic"), None),
            "username=basic\npassword=t\n\n"
        );
    }

    #[test]
    fn only_the_server_counts_and_only_over_http() {
        let url = |text: &str| Asked::read(text).url.map(String::from);
        assert_eq!(
            url("protocol=https\nhost=h.example:8443\npath=x/y.git\n\nhost=evil.example\n"),
            Some("https://h.example:8443/".to_owned())
        );
        for none in [
            "",
            "host=h\n",
            "protocol=https\n",
            "protocol=ssh\nhost=h\n",
            "protocol=https\nhost=a@b\n",
            "protocol=https\nhost=a/b\n",
            "protocol\nhost=h\n",
        ] {
            assert_eq!(url(none), None, "{none:?}");
        }
    }
}
