//! `gatepass import`.

mod curl;
mod curl_line;
mod oidc_agent;
pub(super) mod place;
mod requests_oauthlib;
mod shell;
mod take;

use clap::{Args, Subcommand};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Take over what other programs have: tokens, accounts, credentials
///
/// No secret is written to config.toml: tokens go to the token store, other secrets to the place that is named. Nothing that
/// is there already is replaced without --replace.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass import requests-oauthlib token.json --profile work
  oidc-gen -p work | gatepass import oidc-agent - \\
      --api https://api.example.com
  wl-paste | gatepass import curl --profile shop --secret-file ~/.shop")]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    RequestsOauthlib(Box<requests_oauthlib::RequestsOauthlib>),
    OidcAgent(oidc_agent::OidcAgent),
    Curl(curl::Curl),
}

impl Run for Import {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.from {
            From::RequestsOauthlib(import) => import.run(context).await?,
            From::OidcAgent(import) => import.run(context).await?,
            From::Curl(import) => import.run(context).await?,
        }
        Ok(Exit::Done)
    }
}
