//! `gatepass profile add`.

use std::path::PathBuf;

use clap::Args;
use gatepass_client::tokens::Place;
use gatepass_client::{Config, ConfigError, Credential, Origin, Profile, ProfileName};
use url::Url;

use super::method::MethodArgs;
use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// Add a profile
///
/// The method follows from the options: an issuer or a token endpoint means OAuth 2 (the browser logs you in, unless
/// --grant says otherwise), --login-url a login endpoint of the API's own, --token-… a bearer token, --key-… an API key,
/// and --username alone HTTP Basic.
#[derive(Args)]
#[command(after_help = "\
Examples:
  # OAuth 2: the browser logs you in
  gatepass profile add work --issuer https://login.example.com \\
      --client-id cl_1 --scope read --api https://api.example.com
  # OAuth 2: a program by itself
  gatepass profile add robot --issuer https://login.example.com \\
      --client-id cl_2 --client-secret-env SECRET --grant client_credentials
  # an endpoint that takes name and password and answers with a token
  gatepass profile add shop --login-url https://shop.example.com/auth/token \\
      --username me --password-command \"pass show shop\"
  # HTTP Basic, a bearer token, an API key
  gatepass profile add old --api https://old.example.com --username me \\
      --password-file ~/.old
  gatepass profile add hub --api https://api.hub.example --token-env HUB_TOKEN
  gatepass profile add maps --api https://maps.example.com --key-env MAPS_KEY")]
pub(super) struct Add {
    /// Its name
    name: ProfileName,
    #[command(flatten)]
    new: NewProfile,
}

/// What a new profile is made of.
#[derive(Args)]
pub(in crate::commands) struct NewProfile {
    /// An origin that the credential goes to, like `https://api.example.com`; may be repeated [default:
    /// the issuer's or the login endpoint's]
    #[arg(long, value_name = "ORIGIN")]
    api: Vec<Origin>,
    /// Trust the certificate authorities in this PEM file too
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    method: MethodArgs,
}

impl Add {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let profile = self.new.profile(self.name)?;
        Config::add(&context.paths, &profile).map_err(unwritten)?;
        let name = profile.name.as_str();
        output::note(&format!(
            "Added profile {name} to {}.",
            context.paths.config_file().display()
        ));
        if profile.credential.needs_person() {
            output::note(&format!("Next: gatepass login {name}"));
        }
        Ok(())
    }
}

/// What a profile says that makes no sense was said on the command line.
pub(in crate::commands) fn unwritten(error: ConfigError) -> Failure {
    match error {
        ConfigError::Unwritable(_) => Failure::usage(error.to_string()),
        error => gatepass_client::Error::from(error).into(),
    }
}

impl NewProfile {
    /// The profile; says where its credential goes, if nobody did.
    ///
    /// # Errors
    ///
    /// The options describe none.
    pub(in crate::commands) fn profile(self, name: ProfileName) -> Result<Profile, Failure> {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let credential = self.method.credential()?;
        let mut api = self.api;
        if api.is_empty() {
            let origin = assumed_api(&credential)?;
            output::note(&format!(
                "Its credential goes to {} only; --api names other origins.",
                origin.as_str()
            ));
            api.push(origin);
        }
        Ok(Profile {
            name,
            api,
            ca: self.ca.map(absolute),
            certificate: None,
            tokens: Place::default(),
            credential,
        })
    }
}

/// Without `--api` the credential goes back to where it comes from.
fn assumed_api(credential: &Credential) -> Result<Origin, Failure> {
    let source = match credential {
        Credential::Login(login) => Some(&login.url),
        Credential::OAuth(oauth) => oauth.issuer.as_ref().or(oauth.endpoints.token.as_ref()),
        _ => None,
    };
    let source = source
        .ok_or_else(|| Failure::usage("--api is needed: the origin that the credential goes to"))?;
    let invalid = |reason: String| Failure::usage(format!("{source:?}: {reason}"));
    let url: Url = source
        .parse()
        .map_err(|_| invalid("expected a URL like https://login.example.com".to_owned()))?;
    let mut origin = Origin::of(&url)
        .map_err(|error| invalid(error.to_string()))?
        .as_str()
        .to_owned();
    origin.push('/');
    origin
        .parse()
        .map_err(|error: gatepass_http::UrlError| invalid(error.to_string()))
}
