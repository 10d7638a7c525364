//! `gatepass profile edit`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Command;

use clap::Args;
use gatepass_client::{Change, Config, ConfigError, ProfileName};
use tempfile::NamedTempFile;

use super::add::unwritten;
use crate::context::Context;
use crate::exit::Failure;
use crate::{output, signals, terminal};

/// Change a profile, or all of them in an editor
///
/// What is not named stays as it is, comments too. A secret's place is named by `password.env=VAR`, `password.file=PATH` or
/// `password.command=COMMAND`; a member without a value is taken away. Without changes, VISUAL or EDITOR opens on a copy of
/// config.toml, which is installed when it makes sense.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass profile edit work scope=\"read write\"
  gatepass profile edit work api=\"https://a.example https://b.example\"
  gatepass profile edit work client_secret.command=\"pass show work\"
  gatepass profile edit work dpop=true params.prompt=consent redirect_uri=
  gatepass profile edit                     open the editor")]
pub(super) struct Edit {
    /// The profile
    profile: Option<ProfileName>,
    /// What changes, with the names that `gatepass profile show` has
    #[arg(value_name = "MEMBER=VALUE", value_parser = change)]
    changes: Vec<Change>,
}

impl Edit {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.profile {
            Some(profile) if !self.changes.is_empty() => {
                change_members(&profile, &self.changes, context)
            }
            Some(profile) => {
                context.profile(Some(profile.as_str()))?;
                in_editor(context).await
            }
            None => in_editor(context).await,
        }
    }
}

fn change(text: &str) -> Result<Change, String> {
    let (member, value) = text
        .split_once('=')
        .ok_or("expected MEMBER=VALUE, or MEMBER= to take it away")?;
    Ok(Change {
        member: member.trim().to_owned(),
        value: (!value.is_empty()).then(|| value.to_owned()),
    })
}

fn change_members(
    name: &ProfileName,
    changes: &[Change],
    context: &Context,
) -> Result<(), Failure> {
    let before = context.profile(Some(name.as_str()))?;
    let after = Config::change(&context.paths, name, changes).map_err(unwritten)?;
    output::note(&format!("Changed profile {name}."));
    let other = before.credential.binding() != after.credential.binding();
    if other && after.credential.needs_person() {
        output::note(&format!(
            "A token of what it was before is not used any more. Next: gatepass login {name}"
        ));
    }
    Ok(())
}

async fn in_editor(context: &Context) -> Result<(), Failure> {
    // Ctrl-C is the editor's while it is open, and must not end us before it.
    let _heard = signals::ends()?;
    let paths = &context.paths;
    let of_config = |error: ConfigError| Failure::from(gatepass_client::Error::from(error));
    let before = Config::text(paths).map_err(of_config)?;
    let mut copy = tempfile::Builder::new()
        .prefix("gatepass-")
        .suffix(".toml")
        .tempfile()?;
    copy.write_all(before.as_bytes())?;
    copy.flush()?;
    loop {
        open_editor(copy.path())?;
        let text = std::fs::read_to_string(copy.path())
            .map_err(|error| Failure::error(format!("{}: {error}", copy.path().display())))?;
        if text == before {
            output::note("Nothing was changed.");
            return Ok(());
        }
        let error = match Config::install(paths, &before, &text) {
            Ok(()) => {
                output::note(&format!("Changed {}.", paths.config_file().display()));
                return Ok(());
            }
            Err(error) => of_config(error),
        };
        if !edit_again(&error).await? {
            return Err(kept(copy, &error));
        }
    }
}

async fn edit_again(error: &Failure) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    output::note(&format!("{error}\nNothing was changed."));
    let asked = tokio::task::spawn_blocking(|| terminal::ask("Edit again? [Y/n] "));
    tokio::select! {
        answer = asked => {
            let answer = answer.map_err(|error| Failure::error(error.to_string()))??;
            Ok(!answer.trim().to_ascii_lowercase().starts_with('n'))
        }
        () = signals::interrupted() => Ok(false),
    }
}

/// Nobody's work is thrown away.
fn kept(copy: NamedTempFile, error: &Failure) -> Failure {
    match copy.keep() {
        Ok((_, path)) => Failure::error(format!(
            "{error}; nothing was changed, and what you wrote is in {}",
            path.display()
        )),
        Err(_) => Failure::error(format!("{error}; nothing was changed")),
    }
}

/// Opens VISUAL, EDITOR or the usual editor, and waits for its end.
fn open_editor(path: &Path) -> Result<(), Failure> {
    let set = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let editor = set("VISUAL")
        .or_else(|| set("EDITOR"))
        .unwrap_or_else(|| USUAL.to_owned());
    let status = command(&editor, path).status();
    let status =
        status.map_err(|error| Failure::error(format!("cannot run {editor:?}: {error}")))?;
    if !status.success() {
        return Err(Failure::error(format!(
            "{editor:?} ended with {status}; nothing was changed"
        )));
    }
    Ok(())
}

#[cfg(unix)]
const USUAL: &str = "vi";
#[cfg(not(unix))]
const USUAL: &str = "notepad";

/// The shell reads the words of VISUAL and EDITOR, as it does for git and others.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(path);
    command
}

#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(USUAL));
    command.args(words).arg(path);
    command
}
