//! Running other programs.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// The cargo that runs this task, in the workspace's root.
pub(crate) fn cargo() -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program in the workspace's root, without standard input.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// Shows the command, runs it with the terminal's own output, and wants success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("    $ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("`{}` could not be started", shown(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// What a program that is asked for its version says; nothing if it cannot be run.
pub(crate) fn version(command: &mut Command) -> Option<String> {
    let output = command.arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The path that an environment variable gives for a program.
pub(crate) fn named_by(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable)?;
    (!path.is_empty()).then(|| path.into())
}

/// Where on `PATH` a program is, under the first of its names that is there.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
}

/// The command line for a reader: programs by name, paths as seen from the workspace.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = match program.strip_prefix(workspace::root()) {
        Ok(ours) => ours.as_os_str(),
        Err(_) => program.file_name().unwrap_or_default(),
    };
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| workspace::shortened(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}
