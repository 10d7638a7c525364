//! The key that programs have to show, where a port is open to more than those that may use it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use gatepass_client::Secret;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// Whether a key is wanted, and which.
#[derive(Args)]
pub(super) struct KeyArgs {
    /// Want a key of every request: a new one, which is printed
    #[arg(long)]
    require_key: bool,
    /// Want the key in this file of every request
    #[arg(long, value_name = "FILE", conflicts_with = "require_key")]
    key_file: Option<PathBuf>,
}

/// The shortest key that nobody guesses, in characters.
const SHORTEST: usize = 16;

impl KeyArgs {
    /// Whether the key is a new one, which nobody knows yet.
    pub(super) fn is_new(&self) -> bool {
        self.require_key
    }

    /// The key, if one is wanted.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds none.
    pub(super) fn read(&self) -> Result<Option<Secret>, Failure> {
        if self.require_key {
            let mut bytes = Zeroizing::new([0; 32]);
            OsEntropy.fill(&mut *bytes);
            return Ok(Some(Secret::new(URL_SAFE_NO_PAD.encode(*bytes))));
        }
        let Some(path) = &self.key_file else {
            return Ok(None);
        };
        let wrong = |reason: String| Failure::error(format!("{}: {reason}", path.display()));
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| wrong(error.to_string()))?;
        let key = text.trim();
        if key.len() < SHORTEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(format!(
                "expected a key of at least {SHORTEST} characters, without spaces, and nothing else"
            )));
        }
        Ok(Some(Secret::new(key)))
    }
}
