//! `gatepass profile add`.

use clap::Args;
use gatepass_client::{Config, ConfigError, Credential, Profile, ProfileName};
use url::Url;

use crate::context::Context;
use crate::exit::Failure;
use crate::output;

pub(in crate::commands) use super::method::NewProfile;

/// Add a profile
///
/// The method follows from the options: a provider, an issuer or a token endpoint means OAuth 2 (the browser logs you in,
/// unless --grant says otherwise), --login-url a login endpoint of the API's own, --token-… a bearer token, --key-… an API
/// key, and --username alone HTTP Basic (with --digest Digest). Every member that `gatepass profile show` may show can be
/// said with --set.
#[derive(Args)]
#[command(after_help = "\
Examples:
  # OAuth 2: the browser logs you in
  gatepass profile add work --issuer https://login.example.com \\
      --client-id cl_1 --scope read --api https://api.example.com
  # OAuth 2 at a well-known provider
  gatepass profile add hub --provider github --client-id Ov1 \\
      --client-secret-command \"pass show github\" --scope \"repo read:user\"
  # OAuth 2: a program by itself; with a secret, or with a key
  gatepass profile add robot --issuer https://login.example.com \\
      --client-id cl_2 --client-secret-env SECRET \\
      --grant client_credentials --api https://api.example.com
  gatepass profile add batch --issuer https://login.example.com \\
      --client-id cl_3 --client-key-file key.pem --set client_key_id=k1 \\
      --grant client_credentials --api https://api.example.com
  # an endpoint that takes name and password and answers with a token
  gatepass profile add shop --login-url https://shop.example.com/auth/token \\
      --username me --password-command \"pass show shop\" \\
      --api https://shop.example.com
  # HTTP Basic, a bearer token, an API key
  gatepass profile add old --api https://old.example.com --username me \\
      --password-file ~/.old
  gatepass profile add lamp --api https://lamp.example --token-env LAMP
  gatepass profile add maps --api https://maps.example.com --key-env MAPS_KEY")]
pub(super) struct Add {
    /// Its name
    name: ProfileName,
    #[command(flatten)]
    new: NewProfile,
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
        if registers(&profile.credential) {
            output::note(
                "It has no client id: at the first login it registers itself, if the server lets it (RFC 7591).",
            );
        }
        if profile.credential.needs_person() {
            output::note(&format!("Next: gatepass login {name}"));
        }
        Ok(())
    }
}

/// Whether the client is to register itself at the first login.
fn registers(credential: &Credential) -> bool {
    matches!(credential, Credential::OAuth(oauth) if oauth.registers())
}

/// What a profile says that makes no sense was said on the command line.
pub(in crate::commands) fn unwritten(error: ConfigError) -> Failure {
    match error {
        ConfigError::Unwritable(_) => Failure::usage(error.to_string()),
        error => gatepass_client::Error::from(error).into(),
    }
}

impl NewProfile {
    /// The profile; where its credential goes has to be said, unless the provider's preset says it.
    ///
    /// # Errors
    ///
    /// The options describe none.
    pub(in crate::commands) fn profile(self, name: ProfileName) -> Result<Profile, Failure> {
        let profile = self.described(name)?;
        if !profile.api.is_empty() {
            return Ok(profile);
        }
        let text = "--api is needed: the origin that the credential goes to";
        Err(Failure::usage(match source(&profile.credential) {
            Some(origin) => {
                format!("{text}; where that is the server that issues it, --api {origin}")
            }
            None => format!("{text}, like --api https://api.example.com"),
        }))
    }
}

/// The origin that the credential comes from.
fn source(credential: &Credential) -> Option<String> {
    let url = match credential {
        Credential::Login(login) => Some(&login.url),
        Credential::OAuth(oauth) => oauth.issuer.as_ref().or(oauth.endpoints.token.as_ref()),
        _ => None,
    };
    let url: Url = url?.parse().ok()?;
    Some(url.origin().ascii_serialization())
}
