//! Which profile is meant, and where its requests go.

use gatepass_client::{ConfigError, Profile, Secret};
use url::Url;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::exit::Failure;

/// Whose credential is added.
pub(super) enum Target {
    /// A profile's, and the URL by which it was named.
    Profile(Box<Profile>, Option<Url>),
    /// That of a URL that no profile is for yet.
    Unknown(Url),
}

/// What is named: a profile by its name or by a URL that it is for, or a URL.
///
/// # Errors
///
/// There is no such profile, or more than one is for the URL.
pub(super) fn named(target: &str, context: &Context) -> Result<Target, Failure> {
    if !target.contains("://") {
        let profile = context.profile(Some(target))?;
        return Ok(Target::Profile(Box::new(profile), None));
    }
    let url: Url = target
        .parse()
        .map_err(|error| Failure::usage(format!("{target:?} is no URL: {error}")))?;
    let config = context.config()?;
    let found = config.profile_for(&url).map_err(|error| {
        let advice = match error {
            ConfigError::Ambiguous { .. } => ": `gatepass proxy NAME --upstream URL`",
            _ => "",
        };
        Failure::error(format!("{error}{advice}"))
    })?;
    Ok(match found.cloned() {
        Some(profile) => Target::Profile(Box::new(profile), Some(url)),
        None => Target::Unknown(url),
    })
}

/// Where requests go: what was named, or the only place that the credential is for.
///
/// # Errors
///
/// There is none, or more than one.
pub(super) fn upstream(named: Option<Url>, profile: &Profile) -> Result<Url, Failure> {
    if let Some(url) = named {
        return Ok(url);
    }
    let name = &profile.name;
    match profile.api.as_slice() {
        [only] => only
            .as_str()
            .parse()
            .map_err(|error| Failure::error(format!("{only}: {error}"))),
        [] => Err(Failure::error(format!(
            "profile {name} is for no API yet; `gatepass profile edit {name} --api ORIGIN` says for which"
        ))),
        several => {
            let several: Vec<&str> = several.iter().map(|origin| origin.as_str()).collect();
            let several = several.join(", ");
            Err(Failure::usage(format!(
                "profile {name} is for {several}; say which with --upstream URL"
            )))
        }
    }
}

/// The certificate that the profile shows, with its key, PEM.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn certificate(profile: &Profile) -> Result<Option<Secret>, Failure> {
    let Some(own) = &profile.certificate else {
        return Ok(None);
    };
    let mut pem = Zeroizing::new(String::new());
    for path in [&own.chain, &own.key] {
        let read = std::fs::read_to_string(path).map(Zeroizing::new);
        let read = read.map_err(|error| Failure::error(format!("{}: {error}", path.display())))?;
        pem.push_str(&read);
        pem.push('\n');
    }
    Ok(Some(Secret::new(pem.as_str())))
}
