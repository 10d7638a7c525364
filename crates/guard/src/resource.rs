use bytes::Bytes;
use gatepass_proto::Scope;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE,
};
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Serialize;
use url::Url;

/// What comes before the path of every such document (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// How long it may be remembered.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The only way in which tokens are taken (RFC 6750 §2.1).
const METHODS: [&str; 1] = ["header"];

/// What a protected service says of itself (RFC 9728 §2), so that a client finds out by itself how to get in. The guard
/// adds what it knows: its issuers, where none are named, and how it takes tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_signing_alg_values_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip)]
    url: String,
    #[serde(skip)]
    path: String,
}

/// Why a text does not name a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// It is no http or https URL.
    #[error("a resource is named by its URL: expected something like https://api.example.com")]
    Url,
    /// It has a fragment or a query.
    #[error("the URL of a resource has no fragment here, and no query (RFC 9728 §1.2)")]
    Parts,
}

impl ResourceMetadata {
    /// The metadata of the service with this identifier: the URL under which clients know it, which tokens name as
    /// their audience, to the letter.
    ///
    /// # Errors
    ///
    /// [`ResourceError`].
    pub fn new(resource: impl Into<String>) -> Result<Self, ResourceError> {
        let resource = resource.into();
        let url = Url::parse(&resource).map_err(|_| ResourceError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ResourceError::Url);
        }
        if url.fragment().is_some() || url.query().is_some() {
            return Err(ResourceError::Parts);
        }
        let own = match url.path() {
            "/" => "",
            path => path,
        };
        let path = format!("{WELL_KNOWN}{own}");
        Ok(Self {
            url: format!("{}{path}", url.origin().ascii_serialization()),
            path,
            resource,
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: METHODS,
            resource_name: None,
            resource_documentation: None,
            dpop_signing_alg_values_supported: None,
            tls_client_certificate_bound_access_tokens: false,
        })
    }

    /// Names an authorization server besides (`authorization_servers`).
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// What clients may ask for (`scopes_supported`). `offline_access` is nothing that a resource asks for, and is
    /// left out.
    #[must_use]
    pub fn scopes(mut self, scope: &Scope) -> Self {
        self.scopes_supported = without_offline_access(scope).map(str::to_owned).collect();
        self
    }

    /// What people call the service (`resource_name`).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// Where developers read about it (`resource_documentation`).
    #[must_use]
    pub fn documentation(mut self, url: &Url) -> Self {
        self.resource_documentation = Some(url.to_string());
        self
    }

    /// Says that clients may show certificates, for tokens that are bound to one
    /// (`tls_client_certificate_bound_access_tokens`, RFC 8705 §3).
    #[must_use]
    pub fn certificate_bound_tokens(mut self) -> Self {
        self.tls_client_certificate_bound_access_tokens = true;
        self
    }

    /// The identifier.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Where this document is, for clients: what challenges name as `resource_metadata`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of that.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether somebody is named who issues tokens for it.
    pub(crate) fn names_servers(&self) -> bool {
        !self.authorization_servers.is_empty()
    }

    pub(crate) fn complete<'a>(&mut self, issuers: impl Iterator<Item = &'a str>, dpop: bool) {
        if self.authorization_servers.is_empty() {
            self.authorization_servers = issuers.map(str::to_owned).collect();
        }
        let algorithms = || gatepass_proto::jose::ALGORITHMS.to_vec();
        self.dpop_signing_alg_values_supported = dpop.then(algorithms);
    }

    /// The document, for whoever asks from any origin.
    pub(crate) fn respond<B: From<Bytes>>(&self, method: &Method) -> Response<B> {
        let (status, body) = match *method {
            Method::GET | Method::HEAD => (StatusCode::OK, serde_json::to_vec(self)),
            Method::OPTIONS => (StatusCode::NO_CONTENT, Ok(Vec::new())),
            _ => (StatusCode::METHOD_NOT_ALLOWED, Ok(Vec::new())),
        };
        let mut response = Response::new(Bytes::from(body.unwrap_or_default()).into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let any = HeaderValue::from_static("*");
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
        match status {
            StatusCode::OK => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(CACHE_CONTROL, CACHE);
            }
            StatusCode::NO_CONTENT => {
                let methods = HeaderValue::from_static("GET, HEAD");
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, any);
            }
            _ => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            }
        }
        response
    }
}

/// A scope as the guard may ask for it: a resource never asks that a client may come back without its user.
pub(crate) fn without_offline_access(scope: &Scope) -> impl Iterator<Item = &str> {
    scope.iter().filter(|token| *token != "offline_access")
}
