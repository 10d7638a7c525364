//! `gatepass profile list` and `gatepass profile show`.

use std::fmt;
use std::fs::File;

use clap::Args;
use gatepass_client::{Origin, Profile};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};

/// List the profiles; the default one has a star
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile list --output json")]
pub(super) struct List {
    #[command(flatten)]
    format: OutputArgs,
}

/// Show a profile: what it says, and where its secrets are
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile show work")]
pub(super) struct Show {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    format: OutputArgs,
}

impl List {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let profiles = config.profiles.values();
        if self.format.output == Format::Json {
            let all = profiles.map(|profile| {
                let mut members = Members::of(profile)?.object();
                let default = config.default.as_ref() == Some(&profile.name);
                members.insert("default".to_owned(), Value::from(default));
                Ok(Value::Object(members))
            });
            return output::json(&all.collect::<Result<Vec<_>, Failure>>()?);
        }
        if config.profiles.is_empty() {
            output::note("There are no profiles yet; make one with `gatepass profile add`.");
            return Ok(());
        }
        let row = |profile: &Profile| {
            let star = if config.default.as_ref() == Some(&profile.name) {
                "*"
            } else {
                ""
            };
            let api = profile
                .api
                .iter()
                .map(Origin::as_str)
                .collect::<Vec<_>>()
                .join(" ");
            [
                format!("{}{star}", profile.name),
                profile.credential.method().to_owned(),
                api,
            ]
        };
        output::table(
            ["NAME", "METHOD", "API"],
            &profiles.map(row).collect::<Vec<_>>(),
        )
    }
}

impl Show {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let members = Members::of(&profile)?;
        for missing in missing(&profile) {
            output::note(&output::tame(&format!("note: {missing}")));
        }
        if self.format.output == Format::Json {
            return output::json(&members.object());
        }
        let wide = members.0.iter().map(|(name, _)| name.len()).max();
        let wide = wide.unwrap_or_default();
        let mut text = String::new();
        for (name, value) in &members.0 {
            text.push_str(&format!("{name:wide$}  {}\n", words(value)));
        }
        output::bytes(output::tame(&text).as_bytes())
    }
}

/// What is wrong with the files without which the profile cannot be used.
fn missing(profile: &Profile) -> Vec<String> {
    let certificate = profile.certificate.as_ref();
    let named = [
        ("ca", profile.ca.as_ref()),
        ("certificate", certificate.map(|own| &own.chain)),
        ("certificate_key", certificate.map(|own| &own.key)),
    ];
    let faults = named.into_iter().filter_map(|(member, path)| {
        let error = File::open(path?).err()?;
        Some(format!("{member}: {}: {error}", path?.display()))
    });
    faults.collect()
}

/// What a profile says, with the names and in the order of `config.toml`. Where a secret is, never what it is.
struct Members(Vec<(String, Value)>);

impl Members {
    fn of(profile: &Profile) -> Result<Self, Failure> {
        let fault = |error: serde_json::Error| Failure::error(error.to_string());
        let text = serde_json::to_string(profile).map_err(fault)?;
        let mut members: Self = serde_json::from_str(&text).map_err(fault)?;
        let name = Value::from(profile.name.as_str());
        members.0.insert(0, ("name".to_owned(), name));
        Ok(members)
    }

    fn object(self) -> Map<String, Value> {
        self.0.into_iter().collect()
    }
}

/// A JSON object as such forgets the order.
impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                "env" | "file" | "command" => format!("from {name} {}", words(value)),
                _ => format!("{name}={}", words(value)),
            })
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}
