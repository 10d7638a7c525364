//! `gatepass import requests-oauthlib`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gatepass_client::ProfileName;
use gatepass_client::tokens::StoredToken;
use gatepass_proto::message::token::TokenResponse;

use super::take::{self, TakeArgs, Taken};
use crate::commands::profile::add::NewProfile;
use crate::context::Context;
use crate::exit::Failure;

/// Take over a token that requests-oauthlib, Authlib or another program has saved as JSON
///
/// It is what their token_updater or token_saver is given: access_token, refresh_token, expires_at … Where there is a profile
/// of the name, the token becomes its token; otherwise the profile is made from the options, which are those of `gatepass
/// profile add`. To be renewed, the token needs the very client it was issued to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass import requests-oauthlib token.json --profile work
  gatepass import requests-oauthlib token.json --profile new \\
      --issuer https://login.example.com --client-id cl_1 \\
      --client-secret-env SECRET --api https://api.example.com")]
pub(super) struct RequestsOauthlib {
    /// The file; - is standard input
    file: PathBuf,
    /// The profile that the token is for
    #[arg(long, value_name = "NAME")]
    profile: ProfileName,
    #[command(flatten)]
    take: TakeArgs,
    #[command(flatten)]
    new: NewProfile,
}

impl RequestsOauthlib {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let token = read(&take::read(&self.file)?)
            .map_err(|reason| Failure::error(format!("{}: {reason}", self.file.display())))?;
        let (profile, added) = match self.take.present(&self.profile, context)? {
            Some(profile) => (profile, false),
            None => (self.new.profile(self.profile)?, true),
        };
        if !profile.credential.makes_tokens() {
            return Err(Failure::usage(format!(
                "{} keeps no tokens: its method is {}",
                profile.name,
                profile.credential.method()
            )));
        }
        if added {
            self.take.put(&profile, context)?;
        }
        let status = self.take.keep(&profile, token, context).await?;
        self.take.tell(&profile, added, Some(&status), None)
    }
}

/// The token. The moment it expires at counts before its lifetime, of which nobody knows when it began; failing that, it
/// began when the file was written.
pub(super) fn read(taken: &Taken) -> Result<StoredToken, String> {
    let answer = TokenResponse::parse(&taken.bytes)
        .map_err(|reason| format!("not a token as JSON: {reason}"))?;
    let lifetime = answer.expires_in.map(Duration::from_secs);
    let until = answer
        .until
        .or(lifetime.map(|lifetime| taken.written + lifetime));
    let obtained = match (until, lifetime) {
        (Some(until), Some(lifetime)) => (until - lifetime).min(taken.written),
        _ => taken.written,
    };
    let mut token = StoredToken::obtained(answer, obtained, String::new());
    token.expires_at = until;
    // Nobody here has checked it.
    token.id_token = None;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use gatepass_client::Timestamp;
    use zeroize::Zeroizing;

    use super::{Taken, read};

    fn token(json: &str) -> Result<(Option<u64>, Option<String>), String> {
        let taken = Taken {
            bytes: Zeroizing::new(json.as_bytes().to_vec()),
            written: Timestamp::from_secs(2_000_000_000),
        };
        read(&taken).map(|token| {
            let scope = token.scope.map(|scope| scope.to_string());
            (token.expires_at.map(Timestamp::as_secs), scope)
        })
    }

    #[test]
    fn the_moment_counts_before_the_lifetime() {
        let both = r#"{"access_token":"a","expires_in":3600,"expires_at":1900000000.25,"scope":["x","y"]}"#;
        assert_eq!(
            token(both),
            Ok((Some(1_900_000_000), Some("x y".to_owned())))
        );
        let lifetime = r#"{"access_token":"a","expires_in":"3600","scope":"x,y"}"#;
        assert_eq!(
            token(lifetime),
            Ok((Some(2_000_003_600), Some("x y".to_owned())))
        );
        assert_eq!(token(r#"{"access_token":"a"}"#), Ok((None, None)));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        for json in [
            "",
            "hunter2",
            "[\"hunter2\"]",
            r#"{"token":"hunter2"}"#,
            r#"{"access_token":7}"#,
        ] {
            let error = token(json).expect_err(json);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
