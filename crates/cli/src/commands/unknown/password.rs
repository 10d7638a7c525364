//! A user name and a password that somebody types for a URL that no profile is for (RFC 7616, RFC 7617).

use gatepass_client::{Change, Config, Credential, Profile, Secret, SecretRef, Session};
use gatepass_http::Egress;
use gatepass_proto::message::challenge::Challenge;
use http::StatusCode;
use serde_json::json;
use url::Url;

use super::{name, own_ca};
use crate::commands::init::ask::{Asker, Question};
use crate::commands::report::one_line;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// How often a password may be typed.
const TRIES: usize = 3;

/// Who asks for a user name and a password, and by which scheme.
#[derive(Clone)]
pub(in crate::commands) struct Passwords {
    /// Nobody else gets them.
    origin: String,
    digest: bool,
    realm: Option<String>,
}

/// What was typed.
pub(in crate::commands) struct Typed {
    passwords: Passwords,
    username: String,
    password: Secret,
}

impl Passwords {
    /// The better of the schemes that are offered: Digest does not show the password.
    pub(super) fn offered(url: &Url, challenges: &[Challenge]) -> Option<Self> {
        let of = |scheme: &str| challenges.iter().find(|own| own.is(scheme));
        let challenge = of("digest").or_else(|| of("basic"))?;
        Some(Self {
            origin: url.origin().ascii_serialization(),
            digest: challenge.is("digest"),
            realm: challenge.param("realm").map(one_line),
        })
    }

    /// What to do where nobody can be asked.
    pub(in crate::commands) fn advice(&self) -> String {
        let Self { origin, digest, .. } = self;
        let option = if *digest { "--digest " } else { "" };
        format!(
            "login needed: {origin} wants a user name and a password ({}), and nobody can be asked here; make a profile of them:\n  \
             gatepass profile add NAME --api {origin} {option}--username USER --password-command …",
            self.scheme()
        )
    }

    /// Asks for them until `send` is not refused with them, three times at most; what was answered then, and what to go
    /// on with.
    ///
    /// # Errors
    ///
    /// None of them was taken, or somebody gave up.
    pub(in crate::commands) async fn prove<T>(
        self,
        asker: &mut Asker,
        egress: &Egress,
        send: impl AsyncFn(&Session) -> Result<(StatusCode, T), Failure>,
    ) -> Result<(T, Session, Typed), Failure> {
        let (origin, scheme) = (&self.origin, self.scheme());
        let realm = self.realm.as_ref();
        let realm = realm.map_or_else(String::new, |realm| format!(", realm {realm:?}"));
        output::note(&format!(
            "{origin} wants a user name and a password ({scheme}{realm})."
        ));
        for _ in 0..TRIES {
            let typed = self.ask(asker).await?;
            let session = Session::builder(typed.credential()).api(origin);
            let session = session.egress(egress.clone()).build()?;
            let (status, answer) = send(&session).await?;
            if status != StatusCode::UNAUTHORIZED {
                return Ok((answer, session, typed));
            }
            output::note(&format!("{origin} does not take these."));
        }
        let text = format!("{origin} took none of {TRIES} passwords");
        Err(Failure::new(Exit::LoginNeeded, text))
    }

    async fn ask(&self, asker: &mut Asker) -> Result<Typed, Failure> {
        let check = |text: &str| match text {
            "" => Err("this is needed".to_owned()),
            text if !self.digest && text.contains(':') => {
                Err("a user name for Basic has no colon (RFC 7617 §2)".to_owned())
            }
            _ => Ok(()),
        };
        let question = Question::new("The user name");
        let username = asker.text("--username", question, check).await?;
        let password = asker.secret("The password (it does not show):").await?;
        Ok(Typed {
            passwords: self.clone(),
            username,
            password: password.unwrap_or_else(|| Secret::new("")),
        })
    }

    fn scheme(&self) -> &'static str {
        match self.digest {
            true => "HTTP Digest",
            false => "HTTP Basic",
        }
    }
}

impl Typed {
    fn credential(&self) -> Credential {
        let (username, password) = (
            self.username.clone(),
            SecretRef::Given(self.password.clone()),
        );
        match self.passwords.digest {
            true => Credential::Digest { username, password },
            false => Credential::Basic { username, password },
        }
    }

    /// Asks whether to keep them.
    ///
    /// # Errors
    ///
    /// Somebody gave up.
    pub(in crate::commands) async fn may_be_kept(&self, asker: &Asker) -> Result<bool, Failure> {
        let origin = &self.passwords.origin;
        let question = format!("Keep the password for {origin} in the keyring of this computer?");
        asker.confirm(&question, false).await
    }

    /// Keeps them: the password in the keyring, the rest as a profile.
    ///
    /// # Errors
    ///
    /// The keyring refuses, or the profile cannot be written.
    pub(in crate::commands) async fn keep(
        self,
        network: &NetworkArgs,
        context: &Context,
    ) -> Result<(), Failure> {
        let origin = self.passwords.origin;
        let name = name::free(&name::of_origin(&origin), &context.config()?)?;
        let kept = SecretRef::store_in_keyring(&format!("{name} password"), &self.password).await;
        let entry = match kept.map_err(|error| Failure::error(error.to_string()))? {
            SecretRef::Keyring(entry) => entry.to_string(),
            other => other.place(),
        };
        let method = if self.passwords.digest {
            "digest"
        } else {
            "basic"
        };
        let mut members = vec![
            member("method", method),
            member("api", json!([origin]).to_string()),
            member("username", self.username),
            member("password.keyring", entry.as_str()),
        ];
        if let Some(ca) = own_ca(network) {
            members.push(member("ca", ca.to_string_lossy()));
        }
        let profile = Profile::of_members(name, &members).map_err(Failure::error)?;
        Config::add(&context.paths, &profile).map_err(gatepass_client::Error::from)?;
        let name = &profile.name;
        output::note(&format!(
            "Made profile {name} for {origin}; its password is entry {entry:?} of the keyring. To remove both:\n  \
             gatepass profile remove {name}"
        ));
        Ok(())
    }
}

fn member(member: &str, value: impl Into<String>) -> Change {
    Change {
        member: member.to_owned(),
        value: Some(value.into()),
    }
}
