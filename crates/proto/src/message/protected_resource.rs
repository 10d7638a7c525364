//! Protected resource metadata (RFC 9728): what an API says of itself, and which URLs it is for.
//!
//! `signed_metadata` (§2.2) is not looked at: it would be signed by a key that nobody here has a reason to believe. It stays
//! among the members that are not known.

use serde::{Deserialize, Serialize};
use url::{Position, Url};

/// The well-known suffix of RFC 9728 §3.
pub const SUFFIX: &str = "oauth-protected-resource";
/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The most entries of a list in it, and the most members that are not known.
const MAX_ITEMS: usize = 64;
/// The longest text in a list, and the longest identifier, in bytes.
const MAX_TEXT: usize = 2048;

/// What a protected resource says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the members are defined where RFC 9728 §2 and its registry say"
)]
pub struct ProtectedResource {
    pub resource: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bearer_methods_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_signing_alg_values_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_policy_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_tos_uri: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_alg_values_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens_required: bool,
    /// What else it says.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Why a document is no metadata of a protected resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceFault {
    /// It is no JSON: a page, nothing at all.
    #[error("expected a JSON object")]
    NotJson,
    /// It is JSON that the standard does not allow, or that has no end.
    #[error("{0}")]
    Rule(String),
}

impl ProtectedResource {
    /// Reads a document. Members that are not known are kept as they are.
    ///
    /// # Errors
    ///
    /// [`ResourceFault`]: no JSON object; a known member twice or of another type; no `resource`, or one that is no
    /// identifier (RFC 9728 §1.2); longer than anybody needs.
    pub fn parse(bytes: &[u8]) -> Result<Self, ResourceFault> {
        let rule = |text: &str| ResourceFault::Rule(text.to_owned());
        if bytes.len() > MAX_BYTES {
            return Err(rule("the document is too long"));
        }
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(ResourceFault::NotJson);
        }
        let own: Self = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                rule("a member is missing, of another type, or there twice; `resource` is required")
            }
            _ => ResourceFault::NotJson,
        })?;
        own.check_bounds()?;
        own.identifier().map(|_| own).map_err(ResourceFault::Rule)
    }

    /// The identifier as a URL (RFC 9728 §1.2): without fragment, user name and password.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn identifier(&self) -> Result<Url, String> {
        identifier(&self.resource)
    }

    /// Whether it speaks for `url`; see [`covers`].
    pub fn is_for(&self, url: &Url) -> bool {
        self.identifier().is_ok_and(|own| covers(&own, url))
    }

    fn check_bounds(&self) -> Result<(), ResourceFault> {
        let lists = [
            ("authorization_servers", &self.authorization_servers),
            ("scopes_supported", &self.scopes_supported),
            ("bearer_methods_supported", &self.bearer_methods_supported),
            (
                "resource_signing_alg_values_supported",
                &self.resource_signing_alg_values_supported,
            ),
            (
                "authorization_details_types_supported",
                &self.authorization_details_types_supported,
            ),
            (
                "dpop_signing_alg_values_supported",
                &self.dpop_signing_alg_values_supported,
            ),
        ];
        for (name, list) in lists {
            if list.len() > MAX_ITEMS || list.iter().any(|text| text.len() > MAX_TEXT) {
                return Err(ResourceFault::Rule(format!("{name} is too long")));
            }
        }
        match self.extra.len() > MAX_ITEMS {
            true => Err(ResourceFault::Rule("there are too many members".to_owned())),
            false => Ok(()),
        }
    }
}

/// Reads the identifier of a resource (RFC 9728 §1.2, RFC 8707 §2).
///
/// # Errors
///
/// What is wrong with it.
pub fn identifier(text: &str) -> Result<Url, String> {
    if text.len() > MAX_TEXT {
        return Err("resource is too long".to_owned());
    }
    let url = Url::parse(text).map_err(|_| "resource is not a URL".to_owned())?;
    let http = matches!(url.scheme(), "https" | "http") && url.has_host();
    let nobody = url.username().is_empty() && url.password().is_none();
    if !http || !nobody || url.fragment().is_some() {
        return Err("resource is an https URL without user name, password and fragment".to_owned());
    }
    match is_plain(text, &url) {
        true => Ok(url),
        false => Err("resource does not read as it leads; write it in its plain form".to_owned()),
    }
}

/// Whether a text says what was read in it: a parser overlooks line breaks and takes backslashes for slashes, and resolves
/// dot segments, so that whoever compares the text would see another resource.
fn is_plain(text: &str, url: &Url) -> bool {
    let graphic = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let path = rest.find(['/', '?']).and_then(|at| rest.get(at..));
    let path = path.unwrap_or_default().split('?').next();
    let path = path.filter(|path| !path.is_empty()).unwrap_or("/");
    let whole = scheme.eq_ignore_ascii_case(url.scheme()) && !rest.starts_with('/');
    graphic && whole && path == url.path()
}

/// Whether a token for `resource` may go to `url`: to the very URL, or to one of the same origin below its path, segment by
/// segment. RFC 9728 §3.3 has the two identical; an API whose metadata is for all that is below a path is what we take
/// beyond that, for a request knows its own URL and not where the API begins.
///
/// An identifier with a query is for that URL alone. What `url` asks for may be decoded once more behind a proxy, so a
/// segment that would then climb out of the path is not below it.
pub fn covers(resource: &Url, url: &Url) -> bool {
    if !resource.has_host() || resource.origin() != url.origin() {
        return false;
    }
    if resource.query().is_some() {
        let whole = Position::BeforePath..Position::AfterQuery;
        return resource[whole.clone()] == url[whole];
    }
    let Some(rest) = url.path().strip_prefix(resource.path()) else {
        return false;
    };
    let below = rest.is_empty() || resource.path().ends_with('/') || rest.starts_with('/');
    below && (resource.path() == "/" || !climbs(rest))
}

/// How much of `url`'s path a resource claims, where it covers it: the more, the closer.
pub fn closeness(resource: &Url, url: &Url) -> Option<usize> {
    covers(resource, url).then(|| resource[Position::BeforePath..Position::AfterQuery].len())
}

/// Whether a decoded segment leads up.
fn climbs(path: &str) -> bool {
    let mut text = path.to_ascii_lowercase();
    // Twice, for an escaped percent sign is one more layer.
    for _ in 0..2 {
        for (escaped, plain) in [("%25", "%"), ("%2e", "."), ("%2f", "/"), ("%5c", "\\")] {
            text = text.replace(escaped, plain);
        }
    }
    text.split(['/', '\\'])
        .any(|segment| segment.split(';').next() == Some(".."))
}

/// Where to look for the metadata of what `url` belongs to, in the order to try: with the suffix inserted before its path
/// (RFC 9728 §3.1), then at the root of its origin.
pub fn locations(url: &Url) -> Vec<Url> {
    let at = |path: &str| {
        let mut place = url.clone();
        place.set_path(&format!("/.well-known/{SUFFIX}{path}"));
        place.set_query(None);
        place.set_fragment(None);
        place
    };
    let path = url.path();
    let mut places = vec![at(if path == "/" { "" } else { path }), at("")];
    places.dedup();
    places
}

#[cfg(test)]
#[path = "protected_resource_tests.rs"]
mod tests;
