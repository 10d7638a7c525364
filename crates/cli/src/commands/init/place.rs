//! Where a secret is, or is put now. Never into config.toml.

use std::path::PathBuf;

use gatepass_client::{ProfileName, Secret, SecretRef};

use super::ask::{Asker, Question};
use crate::commands::import::place;
use crate::context::{Context, absolute, private_folder};
use crate::exit::Failure;
use crate::output;

/// A secret that a profile needs.
pub(super) struct Wanted {
    /// Its member.
    pub(super) member: &'static str,
    /// Its options, without what comes after the last dash.
    option: &'static str,
    /// What it is called.
    words: &'static str,
}

pub(super) const CLIENT_SECRET: Wanted = Wanted {
    member: "client_secret",
    option: "--client-secret",
    words: "client secret",
};
pub(super) const PASSWORD: Wanted = Wanted {
    member: "password",
    option: "--password",
    words: "password",
};
pub(super) const TOKEN: Wanted = Wanted {
    member: "token",
    option: "--token",
    words: "token",
};
pub(super) const KEY: Wanted = Wanted {
    member: "key",
    option: "--key",
    words: "API key",
};

#[derive(Clone, Copy)]
enum Place {
    Keyring,
    NewFile,
    Command,
    Env,
    File,
}

impl Wanted {
    /// Asks where it is; what is typed is put there.
    pub(super) async fn ask(
        &self,
        asker: &mut Asker,
        name: &ProfileName,
        context: &Context,
    ) -> Result<Option<SecretRef>, Failure> {
        let Self { option, words, .. } = self;
        let options = format!("{option}-env, -file, -command or -keyring");
        loop {
            let choices = [
                (
                    "I type it now; the keyring of this computer keeps it",
                    Place::Keyring,
                ),
                (
                    "I type it now; a file that only I can read keeps it",
                    Place::NewFile,
                ),
                (
                    "A command prints it, like that of a password manager",
                    Place::Command,
                ),
                ("It is in an environment variable", Place::Env),
                ("It is in a file", Place::File),
            ];
            let choices = choices
                .map(|(label, place)| (label.to_owned(), place))
                .to_vec();
            let question = format!("Where is the {words}?");
            let Some(place) = asker.choose(&options, &question, choices, None).await? else {
                return Ok(None);
            };
            match self.settle(place, asker, name, context).await {
                Ok(Some(reference)) => return Ok(Some(reference)),
                Ok(None) => output::note("  nothing was typed"),
                Err(failure) if failure.exit() == crate::exit::Exit::Interrupted => {
                    return Err(failure);
                }
                Err(failure) => output::failure(&failure),
            }
        }
    }

    async fn settle(
        &self,
        place: Place,
        asker: &mut Asker,
        name: &ProfileName,
        context: &Context,
    ) -> Result<Option<SecretRef>, Failure> {
        let said = |text: &str| match text.is_empty() {
            true => Err("this is needed".to_owned()),
            false => Ok(()),
        };
        Ok(match place {
            Place::Keyring => match self.typed(asker).await? {
                Some(secret) => Some(keep(&self.entry(name), &secret).await?),
                None => None,
            },
            Place::NewFile => match self.typed(asker).await? {
                Some(secret) => Some(self.write(name, &secret, asker, context).await?),
                None => None,
            },
            Place::Command => {
                let example = format!("like: pass show {name}");
                let question = Question::new("The command").help(example);
                Some(SecretRef::Command(asker.text("", question, said).await?))
            }
            Place::Env => {
                let question = Question::new("The environment variable");
                Some(SecretRef::Env(asker.text("", question, said).await?))
            }
            Place::File => {
                let question = Question::new("The file").help("its first line counts");
                let path = asker.text("", question, said).await?;
                Some(SecretRef::File(absolute(path.into())))
            }
        })
    }

    async fn typed(&self, asker: &Asker) -> Result<Option<Secret>, Failure> {
        let question = format!("The {} (it does not show):", self.words);
        asker.secret(&question).await
    }

    fn entry(&self, name: &ProfileName) -> String {
        format!("{name} {}", self.member)
    }

    async fn write(
        &self,
        name: &ProfileName,
        secret: &Secret,
        asker: &mut Asker,
        context: &Context,
    ) -> Result<SecretRef, Failure> {
        let folder = context.paths.config.join("secrets");
        let usual = folder.join(format!("{name}-{}", self.member.replace('_', "-")));
        let free = |text: &str| match PathBuf::from(text).exists() {
            true => Err(format!("{text} is there already; name another file")),
            false => Ok(()),
        };
        let question = Question::new("The file").default(usual.to_string_lossy());
        let path = absolute(asker.text("", question, free).await?.into());
        if path.starts_with(&folder) {
            private_folder(&folder)?;
        }
        place::write(&path, secret, false)?;
        Ok(SecretRef::File(path))
    }
}

async fn keep(entry: &str, secret: &Secret) -> Result<SecretRef, Failure> {
    let kept = SecretRef::store_in_keyring(entry, secret).await;
    kept.map_err(|error| Failure::error(error.to_string()))
}
