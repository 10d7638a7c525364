//! `gatepass env`.

use clap::{Args, ValueEnum};
use gatepass_client::Secret;
use serde_json::{Map, Value};

use super::Run;
use super::scope::ScopeArgs;
use super::token::{Current, LifeArgs};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

/// The environment variable that a token goes into, unless another is named.
pub(super) const VARIABLE: &str = "GATEPASS_TOKEN";

/// Print an assignment that puts a valid token into a shell's environment
///
/// Every program that the shell starts afterwards can read it; `gatepass exec` gives it to one program only.
#[derive(Args)]
#[command(after_help = "\
Examples:
  eval \"$(gatepass env work)\"
  eval \"$(gatepass env work --scope 'read write')\"
  gatepass env work --shell fish --name GITHUB_TOKEN | source
  gatepass env work --shell powershell | Invoke-Expression")]
pub(crate) struct Env {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// Whose assignments: posix (sh, bash, zsh …, the usual), fish or powershell
    #[arg(
        long,
        value_name = "SHELL",
        default_value = "posix",
        hide_default_value = true,
        hide_possible_values = true
    )]
    shell: Shell,
    #[command(flatten)]
    name: NameArgs,
    #[command(flatten)]
    life: LifeArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

/// Which variable.
#[derive(Args)]
pub(super) struct NameArgs {
    /// The environment variable
    #[arg(long, value_name = "VAR", default_value = VARIABLE, value_parser = variable)]
    pub(super) name: String,
}

/// Whose assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(clippy::enum_variant_names, reason = "PowerShell is called so")]
pub(super) enum Shell {
    /// sh, bash, zsh and their like
    Posix,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
}

impl Run for Env {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let egress = self.network.egress()?;
        let session = self.scope.session(context, &profile, egress, None).await?;
        let current = Current::of(&profile, &session, self.life.least()).await?;
        let name = self.name.name;
        match self.format.output {
            Format::Text => {
                output::line(self.shell.assignment(&name, &current.secret).expose())?;
            }
            Format::Json => {
                let secret = Value::from(current.secret.expose());
                output::json(&Map::from_iter([(name, secret)]))?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Shell {
    /// What the shell takes to give the variable this value, whatever characters are in it.
    pub(super) fn assignment(self, name: &str, value: &Secret) -> Secret {
        let value = value.expose();
        Secret::new(match self {
            Self::Posix => format!("export {name}={}", output::shell_word(value)),
            // In fish a backslash counts inside '…' too.
            Self::Fish => {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                format!("set -gx {name} '{value}'")
            }
            Self::PowerShell => format!("$env:{name} = '{}'", doubled(value)),
        })
    }
}

/// PowerShell takes the typographic quotes for quotes too.
fn doubled(text: &str) -> String {
    let mut doubled = String::new();
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            doubled.push(c);
        }
        doubled.push(c);
    }
    doubled
}

fn variable(name: &str) -> Result<String, String> {
    let digit_first = name.starts_with(|c: char| c.is_ascii_digit());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || digit_first || !name.chars().all(plain) {
        return Err("expected letters, digits and '_', no digit first".to_owned());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use gatepass_client::Secret;

    use super::Shell;

    #[test]
    fn every_character_is_quoted() {
        let told = |shell: Shell, value: &str| {
            let line = shell.assignment("T", &Secret::new(value));
            line.expose().to_owned()
        };
        assert_eq!(told(Shell::Posix, "a.b-c"), "export T=a.b-c");
        assert_eq!(told(Shell::Posix, "a'b $c"), r"export T='a'\''b $c'");
        assert_eq!(told(Shell::Fish, r"a'b\ $c"), r"set -gx T 'a\'b\\ $c'");
        assert_eq!(told(Shell::PowerShell, "a'b $c"), "$env:T = 'a''b $c'");
        assert_eq!(
            told(Shell::PowerShell, "a\u{2019}b"),
            "$env:T = 'a\u{2019}\u{2019}b'"
        );
    }
}
