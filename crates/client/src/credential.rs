use gatepass_proto::Scope;
use http::HeaderName;

use crate::SecretRef;

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
    OAuth(OAuth),
}

/// An API key and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key.
    pub key: SecretRef,
    /// Where it goes.
    pub place: KeyPlace,
}

/// Where an API key goes. Never into the URL, where logs would keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a header of its own.
    Header(HeaderName),
    /// As `Authorization: Bearer`.
    Bearer,
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

/// A client of an OAuth 2 authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// The issuer whose metadata names the endpoints, and with which `iss` is compared.
    pub issuer: Option<String>,
    /// Endpoints that are named here, not discovered.
    pub endpoints: Endpoints,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`, unless the client is public.
    pub client_secret: Option<SecretRef>,
    /// `client_secret_basic`, `client_secret_post` or `none`; by default the first if there is a secret.
    pub client_auth: Option<String>,
    /// `scope` to ask for.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707) to ask for.
    pub resource: Vec<String>,
    /// How the first token is made.
    pub grant: Grant,
}

/// Endpoints that a profile names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `authorization_endpoint`.
    pub authorization: Option<String>,
    /// `token_endpoint`.
    pub token: Option<String>,
    /// `revocation_endpoint`.
    pub revocation: Option<String>,
}

/// How the first token of an OAuth client is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A person logs in with a browser (RFC 6749 §4.1, PKCE).
    AuthorizationCode {
        /// Where the browser comes back to. `http://127.0.0.1/callback` (the default) takes any free port, a port
        /// in it that port. What is not this machine, or `urn:ietf:wg:oauth:2.0:oob`, is pasted by the person.
        redirect_uri: String,
    },
    /// The client acts for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// A person's password given to the program (RFC 6749 §4.3): an older habit.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: SecretRef,
    },
}

impl Grant {
    /// The redirect URI of programs on a person's own machine (RFC 8252 §7.3).
    pub const LOOPBACK: &'static str = "http://127.0.0.1/callback";
}

impl OAuth {
    /// A client that logs a person in with the browser.
    pub fn authorization_code(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        let grant = Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        };
        Self::new(Some(issuer.into()), client_id.into(), None, grant)
    }

    /// A client that acts for itself.
    pub fn client_credentials(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretRef,
    ) -> Self {
        Self::new(
            Some(issuer.into()),
            client_id.into(),
            Some(client_secret),
            Grant::ClientCredentials,
        )
    }

    /// A client in full; the rest may be set on the fields.
    pub fn new(
        issuer: Option<String>,
        client_id: String,
        client_secret: Option<SecretRef>,
        grant: Grant,
    ) -> Self {
        Self {
            issuer,
            endpoints: Endpoints::default(),
            client_id,
            client_secret,
            client_auth: None,
            scope: None,
            resource: Vec::new(),
            grant,
        }
    }
}

impl Credential {
    /// The name of the method, as `config.toml` has it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::ApiKey(_) => "api_key",
            Self::Login(_) => "login",
            Self::OAuth(_) => "oauth",
        }
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
        })
    }

    /// Whether a token is made and kept for it; the others are sent as they are.
    pub fn makes_tokens(&self) -> bool {
        matches!(self, Self::Login(_) | Self::OAuth(_))
    }

    /// Whether only a person can make the first token.
    pub fn needs_person(&self) -> bool {
        matches!(
            self,
            Self::OAuth(OAuth {
                grant: Grant::AuthorizationCode { .. },
                ..
            })
        )
    }

    /// A digest of whom and what its tokens are asked for, kept with them ([`StoredToken::binding`](crate::tokens::StoredToken::binding)):
    /// a changed profile does not use the token of the old one.
    pub fn binding(&self) -> String {
        let text = match self {
            Self::Login(login) => format!("login\n{}\n{}", login.url, login.username),
            Self::OAuth(oauth) => {
                let who = match &oauth.grant {
                    Grant::AuthorizationCode { .. } => "code",
                    Grant::ClientCredentials => "self",
                    Grant::Password { username, .. } => username,
                };
                let scope = oauth.scope.as_ref().map(|scope| {
                    let mut words: Vec<&str> = scope.iter().collect();
                    words.sort_unstable();
                    words.join(" ")
                });
                format!(
                    "oauth\n{:?}\n{:?}\n{}\n{who:?}\n{scope:?}\n{:?}",
                    oauth.issuer, oauth.endpoints.token, oauth.client_id, oauth.resource
                )
            }
            other => other.method().to_owned(),
        };
        gatepass_proto::Digest::of(text).to_base64url()
    }
}
