//! What the options say of a profile. Whether they go together, the client crate judges.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use gatepass_client::{Change, Profile, ProfileName, SecretRef};

use super::options::{DIGEST, Kind, OPTIONS, Opt, STORE_KEY, STORE_URL, change};
use crate::context::absolute;
use crate::exit::Failure;
use crate::secrets::{self, Part};

/// A profile in the making: its members, as the options say them.
#[derive(Clone, Default)]
pub(in crate::commands) struct NewProfile {
    members: Vec<Change>,
    digest: bool,
    /// The address of `--store postgres`, and the key that seals what is in it.
    database: [Option<SecretRef>; 2],
}

/// The option for everything that has none of its own.
const SET: &str = "set";

impl NewProfile {
    /// Whether anything is said of a member.
    pub(in crate::commands) fn says(&self, member: &str) -> bool {
        self.members.iter().any(|own| root(&own.member) == member)
    }

    /// What is said of a member that is text.
    pub(in crate::commands) fn text(&self, member: &str) -> Option<&str> {
        let found = self.members.iter().find(|own| own.member == member);
        found.and_then(|own| own.value.as_deref())
    }

    /// Says one more thing.
    pub(in crate::commands) fn say(&mut self, member: impl Into<String>, value: impl Into<String>) {
        self.members.push(Change {
            member: member.into(),
            value: Some(value.into()),
        });
    }

    /// Says where a secret is.
    pub(in crate::commands) fn say_secret(&mut self, member: &str, place: SecretRef) {
        let (kind, value) = written(place);
        self.say(format!("{member}.{kind}"), value);
    }

    /// The profile that is described, wherever its credential goes.
    ///
    /// # Errors
    ///
    /// No profile is, or one that makes no sense.
    pub(in crate::commands) fn described(mut self, name: ProfileName) -> Result<Profile, Failure> {
        if !self.says("method") {
            let method = self.method()?;
            self.say("method", method);
        }
        self.place_database()?;
        Profile::of_members(name, &self.members).map_err(|reason| Failure::usage(hinted(reason)))
    }

    /// The method that the members belong to.
    pub(in crate::commands) fn method(&self) -> Result<&'static str, Failure> {
        let mut meant: Vec<&'static str> = Vec::new();
        for change in &self.members {
            // What several methods have, like a user name, speaks for none.
            if let [method] = *Profile::methods_with(root(&change.member))
                && !meant.contains(&method)
            {
                meant.push(method);
            }
        }
        match meant.as_slice() {
            [] if !self.says("username") && !self.says("password") => Err(Failure::usage(
                "say how to log in: --issuer, --provider, --login-url, --username, --token-env or --key-env",
            )),
            [] if self.digest => Ok("digest"),
            [] => Ok("basic"),
            [method] if !self.digest => Ok(method),
            several => {
                let mut said: Vec<&str> = several.iter().map(|method| words(method)).collect();
                said.extend(self.digest.then_some("HTTP Digest (--digest)"));
                Err(Failure::usage(format!(
                    "a profile has one method; these are of {}",
                    said.join(" and ")
                )))
            }
        }
    }

    /// A database is a place with an address.
    fn place_database(&mut self) -> Result<(), Failure> {
        let named = self.text("tokens") == Some("postgres");
        let (url, key) = match std::mem::take(&mut self.database) {
            [Some(url), key] if named => (url, key),
            [None, _] if named => {
                return Err(Failure::usage(
                    "--store postgres needs --store-url-env (-file, -command): where its address is",
                ));
            }
            [None, None] => return Ok(()),
            _ => {
                let text = "--store-url-… and --store-key-… belong to --store postgres";
                return Err(Failure::usage(text));
            }
        };
        let mut place = serde_json::Map::new();
        for (member, reference) in [("postgres", Some(url)), ("seal_key", key)] {
            if let Some((kind, value)) = reference.map(written) {
                place.insert(member.to_owned(), serde_json::json!({ kind: value }));
            }
        }
        self.members.retain(|own| own.member != "tokens");
        self.say("tokens", inline(&place));
        Ok(())
    }
}

/// A method, and how the options say it.
fn words(method: &str) -> &'static str {
    match method {
        "login" => "a login endpoint (--login-url)",
        "bearer" => "a bearer token (--token-…)",
        "api_key" => "an API key (--key-…)",
        "netrc" => "a .netrc file (--set file=…)",
        _ => "OAuth 2 (--issuer, --client-id …)",
    }
}

impl Args for NewProfile {
    fn augment_args(mut command: Command) -> Command {
        for option in OPTIONS {
            command = match option.kind {
                Kind::Secret | Kind::Key => {
                    let part = match option.kind {
                        Kind::Key => Part::Whole,
                        _ => Part::Line,
                    };
                    let Opt { name, help, .. } = *option;
                    let args = secrets::references(name, help, part, option.heading);
                    secrets::group(command, option.name, args)
                }
                _ => command.arg(option.arg()),
            };
        }
        let set = Arg::new(SET).long(SET).value_name("MEMBER=VALUE");
        command.arg(set.action(ArgAction::Append).value_parser(change).help(
            "Any other member of a profile, as `gatepass profile show` calls it, like client_key_id=k1 or subject_token.env=TOKEN; may be repeated",
        ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NewProfile {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self {
            digest: matches.get_flag(DIGEST),
            database: [STORE_URL, STORE_KEY].map(|name| secrets::reference(name, matches)),
            ..Self::default()
        };
        for option in OPTIONS.iter().filter(|option| !option.member.is_empty()) {
            args.read(option, matches);
        }
        for Change { member, value } in matches.get_many(SET).into_iter().flatten() {
            let value = value.clone().unwrap_or_default();
            match member.strip_suffix(".file") {
                Some(secret) => args.say_secret(secret, SecretRef::File(absolute(value.into()))),
                None => args.say(member, value),
            }
        }
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl NewProfile {
    fn read(&mut self, option: &Opt, matches: &ArgMatches) {
        let Opt { name, member, .. } = *option;
        match option.kind {
            Kind::Text(_) => {
                if let Some(text) = matches.get_one::<String>(name) {
                    self.say(member, text);
                }
            }
            Kind::List(_) => {
                let all: Vec<&String> = matches.get_many(name).into_iter().flatten().collect();
                if !all.is_empty() {
                    // JSON's texts are TOML's too.
                    self.say(member, serde_json::json!(all).to_string());
                }
            }
            Kind::Pairs => {
                for pair in matches.get_many::<Change>(name).into_iter().flatten() {
                    self.members.push(Change {
                        member: format!("{member}.{}", pair.member),
                        value: pair.value.clone(),
                    });
                }
            }
            Kind::Path => {
                if let Some(path) = matches.get_one::<PathBuf>(name) {
                    self.say(member, absolute(path.clone()).to_string_lossy());
                }
            }
            Kind::Flag => {
                if matches.get_flag(name) {
                    self.say(member, "true");
                }
            }
            Kind::Secret | Kind::Key => {
                if let Some(place) = secrets::reference(name, matches) {
                    self.say_secret(member, place);
                }
            }
        }
    }
}

/// A table as TOML has it on one line.
fn inline(table: &serde_json::Map<String, serde_json::Value>) -> String {
    let members = table.iter().map(|(name, value)| match value.as_object() {
        Some(inner) => format!("{name} = {}", inline(inner)),
        None => format!("{name} = {value}"),
    });
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

fn written(place: SecretRef) -> (&'static str, String) {
    match place {
        SecretRef::File(path) => ("file", path.to_string_lossy().into_owned()),
        SecretRef::Command(line) => ("command", line),
        SecretRef::Env(name) => ("env", name),
        SecretRef::Keyring(entry) => ("keyring", entry.to_string()),
        // No option gives one; the profile refuses it.
        SecretRef::Given(_) => ("given", String::new()),
    }
}

/// The member that is meant, without what is in it.
fn root(member: &str) -> &str {
    member.split('.').next().unwrap_or(member)
}

/// Adds the option by which a missing member is said.
fn hinted(reason: String) -> String {
    let member = reason.split(' ').next().unwrap_or_default();
    let option = OPTIONS.iter().find(|option| option.member == member);
    match option.filter(|_| reason.contains(" is missing")) {
        Some(Opt {
            name,
            kind: Kind::Secret | Kind::Key,
            ..
        }) => {
            format!("{reason}; say where it is: --{name}-env, -file, -command or -keyring")
        }
        Some(Opt { name, .. }) => format!("{reason}; say it with --{name}"),
        None => reason,
    }
}
