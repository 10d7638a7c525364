//! What is known of well-known providers: their endpoints and how they differ from the standard. One file each in
//! `presets/`, and beside it in `shapes/` the answers that the provider documents, which a test reads.
//!
//! ```
//! # use std::collections::BTreeMap;
//! let provider = gatepass_client::providers::find("gitlab").expect("a preset");
//! let gitlab = provider.resolve(&BTreeMap::from([("domain".into(), "git.example.org".into())]))?;
//! assert_eq!(gitlab.issuer.as_deref(), Some("https://git.example.org"));
//! # Ok::<(), gatepass_client::providers::ProviderError>(())
//! ```

mod provider;
mod resolve;

use std::sync::LazyLock;

pub use provider::{Kind, Provider, Variable};
pub use resolve::{ProviderError, Resolved};

/// To add a provider, write its two files and add its name here.
macro_rules! for_each_provider {
    ($with:ident) => {
        $with![
            "airtable",
            "asana",
            "atlassian",
            "auth0",
            "bitbucket",
            "box",
            "discord",
            "dropbox",
            "fitbit",
            "github",
            "gitlab",
            "google",
            "hubspot",
            "keycloak",
            "linear",
            "linkedin",
            "microsoft",
            "notion",
            "okta",
            "reddit",
            "salesforce",
            "slack",
            "slack-bot",
            "spotify",
            "strava",
            "twitch",
            "x",
            "zoom"
        ]
    };
}

macro_rules! presets {
    ($($id:literal),*) => {
        [$(($id, include_str!(concat!("presets/", $id, ".toml")))),*]
    };
}

/// The presets as they are written, by their names.
const PRESETS: &[(&str, &str)] = &for_each_provider!(presets);

static ALL: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    // A test reads them all, so none is missing here.
    let read = |(_, text): &(_, &str)| toml::from_str(text).ok();
    PRESETS.iter().filter_map(read).collect()
});

/// All providers in the order of their ids.
pub fn all() -> &'static [Provider] {
    &ALL
}

/// The provider of this id.
pub fn find(id: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.id == id)
}

#[cfg(test)]
mod tests;
