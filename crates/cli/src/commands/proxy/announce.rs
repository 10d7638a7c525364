//! The line by which programs learn of the proxy that they have started.

use std::path::Path;

use gatepass_client::{Profile, Secret};
use serde::Serialize;
use url::Url;

use super::place::Place;
use crate::exit::Failure;
use crate::output::{self, Format};

/// One JSON object: where the proxy is, where its requests go, and whose credential they get.
#[derive(Serialize)]
pub(super) struct Announcement<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unix: Option<&'a Path>,
    upstream: &'a Url,
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl<'a> Announcement<'a> {
    /// What there is to know; the key, if it is a new one.
    pub(super) fn new(
        place: &'a Place,
        upstream: &'a Url,
        profile: &'a Profile,
        key: Option<&'a Secret>,
    ) -> Self {
        Self {
            listen: place.url(),
            unix: place.path(),
            upstream,
            profile: profile.name.as_str(),
            key: key.map(Secret::expose),
        }
    }

    /// Says it.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub(super) fn tell(&self, format: Format) -> Result<(), Failure> {
        if format == Format::Json {
            return output::json(self);
        }
        let place = match (&self.listen, self.unix) {
            (Some(url), _) => url.clone(),
            (None, path) => path
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
        };
        output::line(&format!(
            "listening on {place}, upstream {}, profile {}",
            self.upstream, self.profile
        ))?;
        match self.key {
            Some(key) => output::line(&format!("key {key}")),
            None => Ok(()),
        }
    }
}
