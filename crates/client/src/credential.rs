use std::path::PathBuf;

use http::HeaderName;

use crate::{Discover, OAuth, SecretRef};

/// How requests are authenticated, and how a token is made where one is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// User name and password with every request (RFC 7617).
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretRef,
    },
    /// User name and password, proven by a digest of the server's challenge (RFC 7616).
    Digest {
        /// The user name.
        username: String,
        /// The password.
        password: SecretRef,
    },
    /// User name and password of the request's host, from a `.netrc` file, as Basic.
    Netrc {
        /// The file; by default what `NETRC` names, else `.netrc` in the home folder.
        file: Option<PathBuf>,
    },
    /// A token that somebody else has made (RFC 6750).
    Bearer {
        /// The token.
        token: SecretRef,
    },
    /// An API key.
    ApiKey(ApiKey),
    /// A token from a login endpoint of the API's own making.
    Login(LoginEndpoint),
    /// A token from an OAuth 2 authorization server.
    OAuth(Box<OAuth>),
    /// A token from whatever authorization server the resource names in its 401 (RFC 9728).
    Discover(Box<Discover>),
}

/// An API key and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key.
    pub key: SecretRef,
    /// Where it goes.
    pub place: KeyPlace,
}

/// Where an API key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a header of its own.
    Header(HeaderName),
    /// As `Authorization: Bearer`.
    Bearer,
    /// In the query, under this name: for APIs that take it nowhere else, for servers and proxies log URLs.
    Query(String),
    /// In a cookie of this name.
    Cookie(String),
}

impl Default for KeyPlace {
    /// `X-API-Key`.
    fn default() -> Self {
        Self::Header(HeaderName::from_static("x-api-key"))
    }
}

/// A login endpoint outside any standard: name and password in, token out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginEndpoint {
    /// Its URL, to which a POST goes.
    pub url: String,
    /// How name and password are sent.
    pub style: LoginStyle,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: SecretRef,
    /// Where in the JSON answer the token is (RFC 6901); by default `/access_token`, then `/token`.
    pub token_pointer: Option<String>,
    /// Where the lifetime in seconds is; by default `/expires_in`.
    pub expires_pointer: Option<String>,
    /// Where a refresh token is; by default `/refresh_token`.
    pub refresh_pointer: Option<String>,
    /// Where a refresh token is sent, under the name it came under; without it, renewing means to log in again.
    pub refresh_url: Option<String>,
}

/// How name and password are sent to a login endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginStyle {
    /// As form parameters `username` and `password`.
    #[default]
    Form,
    /// As a JSON object with `username` and `password`.
    Json,
    /// As HTTP Basic.
    Basic,
}

impl From<Discover> for Credential {
    fn from(discover: Discover) -> Self {
        Self::Discover(Box::new(discover))
    }
}

impl From<OAuth> for Credential {
    fn from(oauth: OAuth) -> Self {
        Self::OAuth(Box::new(oauth))
    }
}

impl Credential {
    /// The name of the method, as `config.toml` has it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Digest { .. } => "digest",
            Self::Netrc { .. } => "netrc",
            Self::Bearer { .. } => "bearer",
            Self::ApiKey(_) => "api_key",
            Self::Login(_) => "login",
            Self::OAuth(_) => "oauth",
            Self::Discover(_) => "discover",
        }
    }

    /// A token from whatever authorization server the resource names, for a client that knows nothing but URLs and has
    /// nothing to identify itself with.
    pub fn discover() -> Self {
        Self::Discover(Box::default())
    }

    /// User name and password with every request.
    pub fn basic(username: impl Into<String>, password: SecretRef) -> Self {
        Self::Basic {
            username: username.into(),
            password,
        }
    }

    /// A token that somebody else has made.
    pub fn bearer(token: SecretRef) -> Self {
        Self::Bearer { token }
    }

    /// An API key in `X-API-Key`.
    pub fn api_key(key: SecretRef) -> Self {
        Self::ApiKey(ApiKey {
            key,
            place: KeyPlace::default(),
        })
    }

    /// A login endpoint that takes a form.
    pub fn login(url: impl Into<String>, username: impl Into<String>, password: SecretRef) -> Self {
        Self::Login(LoginEndpoint {
            url: url.into(),
            style: LoginStyle::Form,
            username: username.into(),
            password,
            token_pointer: None,
            expires_pointer: None,
            refresh_pointer: None,
            refresh_url: None,
        })
    }

    /// Whether a token is made and kept for it; the others are sent as they are.
    pub fn makes_tokens(&self) -> bool {
        matches!(self, Self::Login(_) | Self::OAuth(_))
    }

    /// Whether only a person can make the first token.
    pub fn needs_person(&self) -> bool {
        matches!(self, Self::OAuth(oauth) if oauth.grant.needs_person())
    }

    /// A digest of whom its tokens are asked for, kept with them ([`StoredToken::binding`](crate::tokens::StoredToken::binding)):
    /// a changed profile does not use the token of the old one.
    pub fn binding(&self) -> String {
        let text = match self {
            Self::Login(login) => format!("login\n{}\n{}", login.url, login.username),
            Self::OAuth(oauth) => oauth.identity(),
            other => other.method().to_owned(),
        };
        gatepass_proto::Digest::of(text).to_base64url()
    }
}
