//! The `[login]` table of `guard.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use gatepass_client::SecretRef;
use gatepass_http::check_url;
use gatepass_proto::{ClientId, Scope};
use serde::{Deserialize, Serialize};
use url::Url;

use super::LoginError;
use super::allow::Allow;
use gatepass_settings::span;

/// The shortest time span for a session, but for none at all. A login takes longer than a shorter one.
const SHORTEST: Duration = Duration::from_secs(60);
/// The longest lifetime of a session: so long a logout is remembered.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);
/// What the login itself says in an authorization request.
const RESERVED: [&str; 12] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "request",
    "request_uri",
];

/// How people log in with their browsers: at which OpenID provider, as which of its clients, who may enter, and for how
/// long.
///
/// ```toml
/// [login]
/// issuer = "https://login.example.com"
/// client_id = "guard"
/// client_secret = { file = "/etc/gatepass/login.secret" }
/// allow = { email_domains = ["example.com"] }
/// ```
///
/// At the provider the client has the redirect URI `PUBLIC_URL/.gatepass/callback` and, where it can, the
/// `backchannel_logout_uri` `PUBLIC_URL/.gatepass/backchannel_logout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginSettings {
    /// The OpenID provider; what else there is to know of it comes from its metadata.
    pub issuer: String,
    /// Who the guard is there.
    pub client_id: ClientId,
    /// The client's secret; none for a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// What is asked for; `openid` is always among it.
    #[serde(default = "scope")]
    pub scope: Scope,
    /// Who may enter, of those who can log in there.
    pub allow: Allow,
    /// The scope that a session opens, for rules that require some.
    #[serde(default)]
    pub opens: Scope,
    /// Which claims of the ID token and of UserInfo a session keeps. An `email` is kept only if it is verified.
    #[serde(default = "claims")]
    pub claims: Vec<String>,
    /// Takes an `email` without `email_verified` for a verified one: for providers that know their people's addresses and
    /// do not say so. Never for one where people write their own.
    #[serde(default)]
    pub trust_unverified_email: bool,
    /// When a login is over, whatever happens. Default 12 hours.
    #[serde(default = "session_lifetime", with = "span")]
    pub session_lifetime: Duration,
    /// How long a session passes without a look at the provider, so that a logout there is seen everywhere by then.
    /// Default 15 minutes; 0 never looks again. A page that is asked for in the second half of it is sent there and back
    /// (`prompt=none`), which people do not notice.
    #[serde(default = "recheck_after", with = "span")]
    pub recheck_after: Duration,
    /// Where the key lies that sessions are sealed with. It is made when it is not there. Beside it, under the same name
    /// and `.logouts`, lies what was logged out. Without it a restart ends every session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Whether a logout here is one at the provider too, where it has an `end_session_endpoint`. Default yes.
    #[serde(default = "yes")]
    pub logout_at_provider: bool,
    /// Where the provider sends the browser after that. It has to be registered there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<String>,
    /// Other origins whose pages may send requests that change something, with the session's cookie. Browsers send that
    /// cookie from origins of the same site only.
    #[serde(default)]
    pub trusted_origins: Vec<String>,
    /// What else the authorization request says: `hd`, `login_hint` …
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

impl LoginSettings {
    /// The usual settings for this client of this provider.
    pub fn new(issuer: impl Into<String>, client_id: ClientId, allow: Allow) -> Self {
        Self {
            issuer: issuer.into(),
            client_id,
            client_secret: None,
            scope: scope(),
            allow,
            opens: Scope::default(),
            claims: claims(),
            trust_unverified_email: false,
            session_lifetime: session_lifetime(),
            recheck_after: recheck_after(),
            key_file: None,
            logout_at_provider: yes(),
            post_logout_redirect_uri: None,
            trusted_origins: Vec::new(),
            params: BTreeMap::new(),
        }
    }

    /// # Errors
    ///
    /// Two settings do not go together, or one is out of bounds.
    pub(super) fn check(&self) -> Result<(), LoginError> {
        let wrong = |text: String| Err(LoginError::Setting(text));
        url("issuer", &self.issuer)?;
        if let Some(uri) = &self.post_logout_redirect_uri {
            url("post_logout_redirect_uri", uri)?;
        }
        if !(SHORTEST..=LONGEST).contains(&self.session_lifetime) {
            return wrong("session_lifetime must be from 1m to 90d".to_owned());
        }
        if self.recheck_after != Duration::ZERO && self.recheck_after < SHORTEST {
            return wrong("recheck_after must be 1m or more, or 0s for never".to_owned());
        }
        for origin in &self.trusted_origins {
            let found = url("trusted_origins", origin)?
                .origin()
                .ascii_serialization();
            if found != *origin {
                return wrong(format!(
                    "trusted_origins: expected {found:?} for {origin:?}"
                ));
            }
        }
        match self
            .params
            .keys()
            .find(|name| RESERVED.contains(&name.as_str()))
        {
            Some(name) => wrong(format!("params: {name} is set by gatepass; remove it")),
            None => Ok(()),
        }
    }
}

/// The origin by which browsers know the service.
pub(super) fn origin_of(public_url: &Url) -> Result<Url, LoginError> {
    let mut origin = url("public_url", public_url.as_str())?;
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    Ok(origin)
}

fn url(name: &str, text: &str) -> Result<Url, LoginError> {
    let wrong =
        |reason: &dyn std::fmt::Display| LoginError::Setting(format!("{name} {text:?}: {reason}"));
    let url: Url = text.parse().map_err(|error| wrong(&error))?;
    check_url(&url).map_err(|error| wrong(&error))?;
    Ok(url)
}

fn scope() -> Scope {
    "openid email profile".parse().unwrap_or_default()
}

fn claims() -> Vec<String> {
    ["email", "preferred_username", "name", "groups"]
        .map(str::to_owned)
        .into()
}

const fn session_lifetime() -> Duration {
    Duration::from_secs(12 * 3600)
}

const fn recheck_after() -> Duration {
    Duration::from_secs(15 * 60)
}

const fn yes() -> bool {
    true
}
