use std::path::PathBuf;
use std::sync::Arc;

use gatepass_http::Origin;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::protected_resource::{ProtectedResource, closeness, identifier};
use gatepass_proto::{Digest, Scope};
use url::Url;

use super::KnownClient;
use crate::tokens::Place;
use crate::{Credential, Grant, OAuth, Profile, ProfileName};

/// What was found out about a resource: who issues its tokens, and who we are there.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The origin of the resource.
    pub origin: Origin,
    /// What it says of itself; `None` for one that says nothing, whose own origin is the issuer.
    pub resource: Option<ProtectedResource>,
    /// The issuer of its tokens.
    pub issuer: String,
    /// What that server says of itself.
    pub server: Arc<ServerMetadata>,
    /// What to ask for.
    pub scope: Option<Scope>,
    /// Who we are there.
    pub client: FoundClient,
    pub(crate) ca: Option<PathBuf>,
}

/// Who we are at an authorization server, in the order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundClient {
    /// A client that was registered there beforehand.
    Known(KnownClient),
    /// The one that this document describes.
    Described(String),
    /// One that registers itself at the first login (RFC 7591).
    Registers,
}

impl Found {
    /// The client that asks for tokens. It is bound to issuer and resource.
    pub fn oauth(&self) -> OAuth {
        let mut grant = Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        };
        let (mut id, mut secret, mut auth) = (None, None, None);
        match &self.client {
            FoundClient::Known(client) => {
                id = Some(client.client_id.clone());
                secret.clone_from(&client.client_secret);
                auth.clone_from(&client.client_auth);
                if let Some(redirect_uri) = client.redirect_uri.clone() {
                    grant = Grant::AuthorizationCode { redirect_uri };
                }
            }
            FoundClient::Described(url) => id = Some(url.clone()),
            FoundClient::Registers => {}
        }
        let mut oauth = OAuth::new(Some(self.issuer.clone()), id, secret, grant);
        oauth.client_auth = auth;
        oauth.discovered = true;
        oauth.scope.clone_from(&self.scope);
        if let Some(resource) = &self.resource {
            oauth.resource = vec![resource.resource.clone()];
            oauth.dpop = resource.dpop_bound_access_tokens_required;
        }
        if self.wants_consent() {
            oauth.params.insert("prompt".into(), "consent".into());
        }
        oauth
    }

    /// The profile of it.
    pub fn profile(&self, name: ProfileName) -> Profile {
        Profile {
            name,
            api: vec![self.origin.clone()],
            ca: self.ca.clone(),
            certificate: None,
            tokens: Place::default(),
            credential: Credential::from(self.oauth()),
        }
    }

    /// What its tokens are for: the identifier, or the origin of a resource that has none.
    pub fn identifier(&self) -> &str {
        let own = self.resource.as_ref();
        own.map_or(self.origin.as_str(), |own| own.resource.as_str())
    }

    /// A name for the profile: the host, and the path of the resource.
    pub fn name(&self) -> String {
        let url = identifier(self.identifier()).ok();
        let text = url.as_ref().map(|url| {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!("-{port}"));
            format!("{host}{}{}", port.unwrap_or_default(), url.path())
        });
        let text = text.unwrap_or_default();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let words = text
            .split(|c: char| !allowed(c))
            .filter(|word| !word.is_empty());
        let mut name = words.collect::<Vec<_>>().join("-");
        name.truncate(MAX_NAME);
        // What begins with a dash would be taken for an option, and no name begins with a dot.
        match name.trim_matches(['-', '.']) {
            "" => "api".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Whether it is closer to `url` than what a profile is for.
    pub fn is_closer(&self, profile: &Profile, url: &Url) -> bool {
        let own = identifier(self.identifier()).ok();
        own.and_then(|own| closeness(&own, url)) > profile.closeness(url)
    }

    /// Whether a profile is of the same resource.
    pub(crate) fn is_of(&self, profile: &Profile) -> bool {
        let Credential::OAuth(own) = &profile.credential else {
            return false;
        };
        let named = self.resource.as_ref().map(|own| &own.resource);
        let same = own.resource.iter().eq(named);
        own.discovered && same && profile.api.contains(&self.origin)
    }

    /// Whether a profile of the same resource is of the same authorization server too.
    pub(crate) fn is_as(&self, profile: &Profile) -> bool {
        matches!(&profile.credential, Credential::OAuth(own) if own.issuer.as_ref() == Some(&self.issuer))
    }

    /// Whether a profile of the same resource and another server may become one of this server.
    pub(crate) fn may_replace(&self, profile: &Profile) -> Result<(), String> {
        match &profile.credential {
            Credential::OAuth(own) if own.is_registered_by_a_person() => {
                Err(moved(self.identifier(), own, &self.issuer))
            }
            _ => Ok(()),
        }
    }

    /// Issuer and resource in short, for a key.
    pub(crate) fn digest(&self) -> String {
        let text = format!("{}\n{}", self.issuer, self.identifier());
        let mut digest = Digest::of(text).to_base64url();
        digest.truncate(16);
        digest
    }

    /// `offline_access` comes with a consent that is asked for (OpenID Connect Core §11), where the server knows of that.
    fn wants_consent(&self) -> bool {
        let offline = self.scope.as_ref();
        let offline = offline.is_some_and(|scope| scope.contains(OFFLINE_ACCESS));
        let known = &self.server.prompt_values_supported;
        offline && (known.is_empty() || known.iter().any(|value| value == "consent"))
    }
}

/// What to tell whoever registered a client at a server that the resource has left.
pub(super) fn moved(resource: &str, oauth: &OAuth, to: &str) -> String {
    format!(
        "{resource} has moved from authorization server {} to {to}, where client {:?} is not known to be registered; if that is \
         right, register a client there and name it as [[client]] in config.toml, and remove this profile",
        oauth.issuer.as_deref().unwrap_or_default(),
        oauth.client_id.as_deref().unwrap_or_default()
    )
}

/// The scope of a token that outlives the session at the server (OpenID Connect Core §11).
pub(super) const OFFLINE_ACCESS: &str = "offline_access";
/// So many characters leave room for a number.
const MAX_NAME: usize = 56;

/// The URLs that a discovered client's tokens may go to, each with all below it; none means no narrower than the origins of
/// its profile.
pub(crate) fn bounds(oauth: &OAuth) -> Vec<Url> {
    let own = oauth.resource.iter().filter(|_| oauth.discovered);
    own.filter_map(|text| identifier(text).ok()).collect()
}
