//! What lies on this machine, and who may read and change it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_client::tokens::{Keyring, KeyringTokens, StoreError, TokenKey, TokenStore as _};
use gatepass_client::{Config, Paths, leftovers};

use crate::commands::report::Check;
use crate::context::Context;
use crate::exit::Failure;

/// The most files that are looked at.
const MAX_FILES: usize = 10_000;
/// The most files that are named in one line.
const MAX_NAMED: usize = 5;
/// How long the keyring may take to answer here.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn checks(context: &Context, config: Result<&Config, &Failure>) -> Vec<Check> {
    let mut checks = vec![configuration(&context.paths.config_file(), config)];
    checks.extend(changeable(&context.paths.config_file()));
    checks.push(state(&context.paths.state));
    checks.extend(left_behind(&context.paths));
    checks.push(keyring(&context.paths.state).await);
    checks
}

fn configuration(path: &Path, config: Result<&Config, &Failure>) -> Check {
    const NAME: &str = "configuration";
    let config = match config {
        Ok(config) => config,
        Err(failure) => {
            return Check::bad(NAME, failure.to_string())
                .next("mend that line, or move the file away");
        }
    };
    match config.profiles.len() {
        0 => Check::odd(NAME, format!("no profiles yet in {}", path.display()))
            .next("gatepass profile add, with the issuer or the API"),
        1 => Check::good(NAME, format!("one profile in {}", path.display())),
        count => Check::good(NAME, format!("{count} profiles in {}", path.display())),
    }
}

/// There is no secret in the configuration, but it says where secrets go.
#[cfg(unix)]
fn changeable(path: &Path) -> Option<Check> {
    use std::os::unix::fs::MetadataExt as _;

    let own = rustix::process::geteuid().as_raw();
    for path in [Some(path), path.parent()].into_iter().flatten() {
        let Ok(metadata) = fs::metadata(path) else {
            continue;
        };
        let shown = path.display();
        if metadata.uid() != own && metadata.uid() != 0 {
            let text = format!(
                "{shown} belongs to user {}, who can send your tokens elsewhere",
                metadata.uid()
            );
            return Some(Check::bad("configuration", text).next(format!("chown it to user {own}")));
        }
        if metadata.mode() & 0o022 != 0 {
            let text = format!("others can change {shown}, and with it where your tokens go");
            return Some(Check::bad("configuration", text).next(format!("chmod go-w {shown}")));
        }
    }
    None
}

#[cfg(not(unix))]
fn changeable(_: &Path) -> Option<Check> {
    None
}

/// What we keep in the state folder for this person alone; a server's files are its own business.
const PRIVATE: [&str; 4] = ["data.key", "tokens", "aws", "keyring"];

fn state(folder: &Path) -> Check {
    const NAME: &str = "state folder";
    if !folder.exists() {
        let text = format!("{} is made with the first token", folder.display());
        return Check::good(NAME, text);
    }
    let mut found = vec![];
    for name in PRIVATE {
        list(&folder.join(name), &mut found);
    }
    let exposed: Vec<String> = found.iter().filter_map(|path| exposed(path)).collect();
    let Some(first) = exposed.first() else {
        let text = format!("the tokens in {} are yours alone", folder.display());
        return Check::good(NAME, text);
    };
    let more = match exposed.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let next = "chmod go= on it, and log in again if somebody may have read it";
    Check::bad(NAME, format!("{first}{more}")).next(next)
}

/// What programs left that were killed while they wrote. It harms nobody, but it may hold a key or a token.
fn left_behind(paths: &Paths) -> Option<Check> {
    let folders = [&paths.config, &paths.state, &paths.tokens()];
    let found: Vec<PathBuf> = folders.into_iter().flat_map(|own| leftovers(own)).collect();
    let named = found.iter().take(MAX_NAMED);
    let named: Vec<String> = named.map(|path| path.display().to_string()).collect();
    let more = match found.len().saturating_sub(MAX_NAMED) {
        _ if found.is_empty() => return None,
        0 => String::new(),
        count => format!(", and {count} more"),
    };
    let text = format!(
        "left by a program that ended while it wrote: {}{more}",
        named.join(", ")
    );
    let next = "remove it; if you do not, it goes when the file of that name is next written";
    Some(Check::odd("leftovers", text).next(next))
}

/// A file, or a folder with its files.
fn list(path: &Path, found: &mut Vec<PathBuf>) {
    if path.exists() {
        found.push(path.to_owned());
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    found.extend(entries.take(MAX_FILES).map(|entry| entry.path()));
}

/// Why something is not only this person's.
#[cfg(unix)]
fn exposed(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = fs::metadata(path).ok()?;
    let (shown, mode) = (path.display(), metadata.mode() & 0o777);
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Some(format!("{shown} belongs to user {}", metadata.uid()));
    }
    (mode & 0o077 != 0).then(|| format!("others have access to {shown} (mode {mode:o})"))
}

#[cfg(not(unix))]
fn exposed(_: &Path) -> Option<String> {
    None
}

/// Without a keyring the key that seals the tokens lies in a file, which is fine on a server.
async fn keyring(state: &Path) -> Check {
    const NAME: &str = "keyring";
    let Some(key) = TokenKey::new("doctor") else {
        return Check::odd(NAME, "not asked");
    };
    let tokens = KeyringTokens::new(Keyring::of_this_user(), state.join("keyring"));
    match tokio::time::timeout(PATIENCE, tokens.load(&key)).await {
        Ok(Ok(_)) => Check::good(NAME, "it answers"),
        Ok(Err(StoreError::Keyring { reason, .. })) => Check::odd(
            NAME,
            format!("none answers, so the key that seals tokens is in a private file: {reason}"),
        ),
        Ok(Err(error)) => Check::bad(NAME, error.to_string()),
        Err(_) => Check::odd(NAME, format!("no answer within {} s", PATIENCE.as_secs()))
            .next("unlock it; perhaps a window waits for its password"),
    }
}
