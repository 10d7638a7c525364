//! `gatepass doctor`.

mod files;
mod issuer;
mod machine;
mod profile;

use clap::Args;
use gatepass_client::{Config, Profile};
use serde_json::json;

use super::Run;
use super::report::{self, Check, Mark};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};

/// Check everything a login and a request need, and say what to do about what is wrong
///
/// The files and who may read them, the keyring, each issuer's name, connection, certificate, metadata and clock, each
/// profile and its token, and this machine. No credential is sent and none is read but the stored tokens. The exit
/// code is 1 when something is broken.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass doctor
  gatepass doctor work
  gatepass doctor --output json | jq '.sections[].checks[]'")]
pub(crate) struct Doctor {
    /// The profile [default: all of them]
    profile: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
}

/// Checks that belong together.
struct Section {
    title: String,
    checks: Vec<Check>,
}

impl Run for Doctor {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let config = context.config();
        let profiles = self.profiles(config.as_ref().ok())?;
        let mut sections = vec![Section {
            title: "Files".to_owned(),
            checks: files::checks(context, config.as_ref()).await,
        }];
        let met = issuer::all(&profiles, &self.network).await?;
        for profile in &profiles {
            let session = context.session(profile, &self.network, None);
            sections.push(Section {
                title: format!("Profile {}", profile.name),
                checks: profile::checks(profile, session, &met).await,
            });
        }
        let at = sections.len() - profiles.len();
        let servers = met.into_iter().map(|met| Section {
            title: met.issuer,
            checks: met.checks,
        });
        sections.splice(at..at, servers);
        sections.push(Section {
            title: "This machine".to_owned(),
            checks: machine::checks(&profiles, &self.network).await,
        });
        self.print(&sections)
    }
}

impl Doctor {
    /// Those that are meant; none when the configuration cannot be read, which is told among the files.
    fn profiles(&self, config: Option<&Config>) -> Result<Vec<Profile>, Failure> {
        let Some(config) = config else {
            return Ok(Vec::new());
        };
        match &self.profile {
            None => Ok(config.profiles.values().cloned().collect()),
            name => {
                let found = config.profile(name.as_deref());
                Ok(vec![found.map_err(gatepass_client::Error::from)?.clone()])
            }
        }
    }

    fn print(&self, sections: &[Section]) -> Result<Exit, Failure> {
        let count = |mark: Mark| {
            let all = sections.iter().flat_map(|section| &section.checks);
            all.filter(|check| check.mark == mark).count()
        };
        let (broken, warnings) = (count(Mark::Bad), count(Mark::Odd));
        match self.format.output {
            Format::Json => {
                let each = sections.iter().map(|section| {
                    json!({ "title": section.title, "checks": report::shown(&section.checks) })
                });
                output::json(&json!({
                    "broken": broken,
                    "warnings": warnings,
                    "sections": each.collect::<Vec<_>>(),
                }))?;
            }
            Format::Text => {
                let mut text = String::new();
                for section in sections {
                    let title = report::one_line(&section.title);
                    let title = output::painted(&title, "1", Stream::Result);
                    text.push_str(&format!("{title}\n{}\n", report::told(&section.checks)));
                }
                text.push_str(&verdict(broken, warnings));
                output::bytes(text.as_bytes())?;
            }
        }
        Ok(if broken == 0 { Exit::Done } else { Exit::Error })
    }
}

fn verdict(broken: usize, warnings: usize) -> String {
    match (broken, warnings) {
        (0, 0) => "All is well.\n".to_owned(),
        (0, 1) => "Nothing is broken; there is one remark.\n".to_owned(),
        (0, some) => format!("Nothing is broken; there are {some} remarks.\n"),
        (1, _) => "One thing is broken.\n".to_owned(),
        (some, _) => format!("{some} things are broken.\n"),
    }
}
