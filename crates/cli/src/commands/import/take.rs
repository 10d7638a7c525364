//! What every import does: read a file, make or find the profile, keep the token, tell.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use clap::Args;
use gatepass_client::tokens::StoredToken;
use gatepass_client::{
    Config, Profile, ProfileName, SecretRef, SessionBuilder, Status, Timestamp, TokenState,
};
use gatepass_http::{Clock as _, SystemClock};
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::profile::add::unwritten;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time;

/// The longest file that is taken over, in bytes.
const MAX_LEN: u64 = 1024 * 1024;

/// What the imports have in common.
#[derive(Args)]
pub(super) struct TakeArgs {
    /// Replace the profile or the token that is there already
    #[arg(long)]
    pub(super) replace: bool,
    #[command(flatten)]
    format: OutputArgs,
}

/// A file, and when it was written.
pub(super) struct Taken {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) written: Timestamp,
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
///
/// It cannot be read, or is too long.
pub(super) fn read(path: &Path) -> Result<Taken, Failure> {
    let now = SystemClock.now();
    if path == Path::new("-") {
        return Ok(Taken {
            bytes: bounded(io::stdin().lock(), "standard input")?,
            written: now,
        });
    }
    let name = path.display().to_string();
    let fault = |error: io::Error| Failure::error(format!("{name}: {error}"));
    let file = File::open(path).map_err(fault)?;
    let modified = file.metadata().map_err(fault)?.modified().ok();
    let modified = modified.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    Ok(Taken {
        bytes: bounded(file, &name)?,
        written: modified
            .map_or(now, |since| Timestamp::from_secs(since.as_secs()))
            .min(now),
    })
}

fn bounded(source: impl Read, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    source
        .take(MAX_LEN + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::error(format!("{name}: {error}")))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= MAX_LEN => Ok(bytes),
        _ => Err(Failure::error(format!("{name}: longer than 1 MiB"))),
    }
}

impl TakeArgs {
    /// Adds the profile, or replaces the one of its name if that is wanted.
    ///
    /// # Errors
    ///
    /// There is one of its name, or the profile makes no sense.
    pub(super) fn put(&self, profile: &Profile, context: &Context) -> Result<(), Failure> {
        match self.replace {
            true => Config::replace(&context.paths, profile).map_err(unwritten),
            false => Config::add(&context.paths, profile).map_err(unwritten),
        }
    }

    /// Whether a profile of this name is there and stays.
    ///
    /// # Errors
    ///
    /// The profiles cannot be read.
    pub(super) fn present(
        &self,
        name: &ProfileName,
        context: &Context,
    ) -> Result<Option<Profile>, Failure> {
        Ok(context.config()?.profiles.remove(name))
    }

    /// Keeps the token for the profile; how things stand then.
    ///
    /// # Errors
    ///
    /// The profile keeps no tokens, or has one already.
    pub(super) async fn keep(
        &self,
        profile: &Profile,
        token: StoredToken,
        context: &Context,
    ) -> Result<Status, Failure> {
        let session = SessionBuilder::of(profile, &context.paths)?.build()?;
        session.adopt(token, self.replace).await.map_err(|error| {
            let hint = match error {
                gatepass_client::Error::Setup(_) if !self.replace => "; --replace replaces it",
                _ => "",
            };
            Failure::error(format!("{error}{hint}"))
        })?;
        Ok(session.status().await?)
    }

    /// Tells what was taken over.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub(super) fn tell(
        &self,
        profile: &Profile,
        added: bool,
        status: Option<&Status>,
        secret: Option<&SecretRef>,
    ) -> Result<(), Failure> {
        let name = profile.name.as_str();
        let end = status.and_then(|status| status.expires_at);
        if self.format.output == Format::Json {
            return output::json(&json!({
                "profile": name,
                "method": profile.credential.method(),
                "api": profile.api,
                "added": added,
                "token": status.is_some(),
                "expires_at": end.map(|end| end.as_secs()),
                "secret": secret,
            }));
        }
        if added {
            output::note(&format!(
                "Added profile {name} (method {}).",
                profile.credential.method()
            ));
        }
        let Some(status) = status else { return Ok(()) };
        output::note(&match (status.state, end) {
            (TokenState::LoginNeeded, _) => format!(
                "Kept the token of {name}, but it does not serve: it has expired, or lacks scope. Next: gatepass login {name}"
            ),
            (TokenState::Renewable, _) => {
                format!("Kept what {name} needs to renew its token; the next use does.")
            }
            (_, Some(end)) => format!(
                "Kept the token of {name}; it expires {}.",
                time::distance(end)
            ),
            (_, None) => format!("Kept the token of {name}."),
        });
        Ok(())
    }
}
