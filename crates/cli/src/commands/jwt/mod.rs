//! `gatepass jwt`.

mod decode;
mod sign;
pub(super) mod unverified;
mod verify;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::time::Duration;

use clap::{Args, Subcommand};
use gatepass_client::Secret;
use zeroize::Zeroizing;

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Look into JSON Web Tokens, check them, make them
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass jwt decode --profile work
  gatepass jwt verify --issuer https://login.example.com < token
  gatepass jwt sign --key key.pem --claims claims.json --expires-in 300")]
pub(crate) struct Jwt {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Decode(decode::Decode),
    Verify(Box<verify::Verify>),
    Sign(sign::Sign),
}

impl Run for Jwt {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action {
            Action::Decode(decode) => decode.run(context).await,
            Action::Verify(verify) => verify.run(context).await,
            Action::Sign(sign) => sign.run().await,
        }
    }
}

/// Where a token is.
#[derive(Args)]
struct TokenArgs {
    /// A file with the token; "-" is standard input [default: -]
    #[arg(value_name = "FILE", conflicts_with = "profile")]
    file: Option<String>,
    /// The token of this profile, renewed if need be
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// The longest file that is read, in bytes.
const MAX_LEN: u64 = 256 * 1024;

impl TokenArgs {
    /// The token, with what is often copied along (`Authorization: Bearer`) left out.
    ///
    /// # Errors
    ///
    /// It cannot be read, or stands on the command line itself.
    async fn read(&self, context: &Context) -> Result<Secret, Failure> {
        if let Some(name) = &self.profile {
            let profile = context.profile(Some(name))?;
            let session = context.session(&profile, &self.network, None)?;
            let token = match profile.credential.makes_tokens() {
                true => session
                    .token(Duration::ZERO)
                    .await
                    .map(|token| token.access_token),
                false => session
                    .attachment()
                    .await
                    .map(|attachment| attachment.secret),
            };
            return token.map_err(|error| Failure::of_profile(error, name));
        }
        let name = self.file.as_deref().unwrap_or("-");
        if name != "-" && looks_like_a_token(name) {
            let text = "a token is a secret, and every program on this machine can read an argument; give it on standard input, in a file, or name its --profile";
            return Err(Failure::usage(text));
        }
        let text = if name == "-" && io::stdin().is_terminal() {
            let asking = tokio::task::spawn_blocking(|| terminal::ask_hidden("The token: "));
            asking
                .await
                .map_err(|error| Failure::error(error.to_string()))??
        } else {
            Secret::new(text_of(name, "a token")?.as_str())
        };
        let token = text.expose().split_ascii_whitespace().next_back();
        token
            .map(Secret::new)
            .ok_or_else(|| Failure::error("expected a token; there is nothing"))
    }
}

/// The text of a file, or of standard input for "-".
fn text_of(name: &str, what: &str) -> Result<Zeroizing<String>, Failure> {
    let source: Box<dyn Read> = match name {
        "-" => Box::new(io::stdin()),
        // What is no file may be a token in the wrong place, and is not repeated.
        name => Box::new(File::open(name).map_err(|error| {
            Failure::error(format!("the file of {what} cannot be read: {error}"))
        })?),
    };
    let mut text = Zeroizing::new(String::new());
    let read = source.take(MAX_LEN + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::error(format!("{what} cannot be read: {error}")))?;
    match text.len() as u64 > MAX_LEN {
        true => Err(Failure::error(format!(
            "{what} is longer than {MAX_LEN} bytes"
        ))),
        false => Ok(text),
    }
}

/// Whether an argument can hardly be a file's name: a JWT begins with `{"` in base64url and has two or four dots.
fn looks_like_a_token(text: &str) -> bool {
    let dots = text.bytes().filter(|byte| *byte == b'.').count();
    text.starts_with("eyJ") && matches!(dots, 2 | 4) || text.starts_with("gp_")
}
