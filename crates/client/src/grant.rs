use std::collections::BTreeMap;

use crate::{ClientKey, SecretRef};

/// How the first token of an OAuth client is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A person logs in with a browser (RFC 6749 §4.1, PKCE).
    AuthorizationCode {
        /// Where the browser comes back to. `http://127.0.0.1/callback` (the default) takes any free port, a port
        /// in it that port. What is not this machine, or `urn:ietf:wg:oauth:2.0:oob`, is pasted by the person.
        redirect_uri: String,
    },
    /// A person logs in with a browser elsewhere, and types a code there (RFC 8628).
    DeviceCode,
    /// A person confirms on a device of their own, which the server asks (OpenID CIBA, poll mode).
    Ciba(Box<Ciba>),
    /// The client acts for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// A person's password given to the program (RFC 6749 §4.3): an older habit.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: SecretRef,
    },
    /// A signed assertion (RFC 7523 §2.1), such as that of a service account.
    JwtBearer(Box<JwtBearer>),
    /// A token in exchange for another (RFC 8693).
    TokenExchange(Box<TokenExchange>),
}

/// Whom a CIBA request is for; one of the hints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ciba {
    /// `login_hint`: a user name, a mail address or a telephone number.
    pub login_hint: Option<String>,
    /// `id_token_hint`.
    pub id_token_hint: Option<SecretRef>,
    /// `login_hint_token`.
    pub login_hint_token: Option<SecretRef>,
    /// `binding_message`: what both devices show.
    pub binding_message: Option<String>,
    /// `user_code`, where the server asks for one.
    pub user_code: Option<SecretRef>,
}

/// Where an assertion comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtBearer {
    /// Somebody else has signed it, and replaces it in time: a file that an orchestrator keeps, a command.
    Ready(SecretRef),
    /// It is signed here.
    Signed(SignedAssertion),
}

/// An assertion that is signed here, anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAssertion {
    /// The key; a Google service account file does too, and says most of the rest.
    pub key: ClientKey,
    /// `iss`; by default `client_id`.
    pub issuer: Option<String>,
    /// `sub`; by default the same.
    pub subject: Option<String>,
    /// `aud`; by default the issuer of the profile, else the token endpoint.
    pub audience: Option<String>,
    /// More claims, as text.
    pub claims: BTreeMap<String, String>,
}

/// What is exchanged for what (RFC 8693 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExchange {
    /// `subject_token`.
    pub subject_token: SecretRef,
    /// `subject_token_type`; by default that of an access token.
    pub subject_token_type: Option<String>,
    /// `actor_token`.
    pub actor_token: Option<SecretRef>,
    /// `actor_token_type`; by default that of an access token.
    pub actor_token_type: Option<String>,
    /// `requested_token_type`.
    pub requested_token_type: Option<String>,
    /// `audience`, any number.
    pub audience: Vec<String>,
}

impl Grant {
    /// The redirect URI of programs on a person's own machine (RFC 8252 §7.3).
    pub const LOOPBACK: &'static str = "http://127.0.0.1/callback";

    /// The port of the redirect URI at a server that wants to know it beforehand.
    pub const FIXED_PORT: u16 = 8917;

    /// Its name in a profile.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AuthorizationCode { .. } => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::Ciba(_) => "ciba",
            Self::ClientCredentials => "client_credentials",
            Self::Password { .. } => "password",
            Self::JwtBearer(_) => "jwt_bearer",
            Self::TokenExchange(_) => "token_exchange",
        }
    }

    /// Every name.
    pub const NAMES: [&'static str; 7] = [
        "authorization_code",
        "device_code",
        "ciba",
        "client_credentials",
        "password",
        "jwt_bearer",
        "token_exchange",
    ];

    /// Whether only a person can make the first token.
    pub fn needs_person(&self) -> bool {
        matches!(
            self,
            Self::AuthorizationCode { .. } | Self::DeviceCode | Self::Ciba(_)
        )
    }

    /// Whose tokens it makes.
    pub(crate) fn subject(&self) -> String {
        match self {
            // Whichever way a person logs in, the token is theirs.
            Self::AuthorizationCode { .. } | Self::DeviceCode => "a person".to_owned(),
            Self::Ciba(ciba) => format!("{:?}", ciba.login_hint),
            Self::ClientCredentials => "itself".to_owned(),
            Self::Password { username, .. } => username.clone(),
            Self::JwtBearer(bearer) => match &**bearer {
                JwtBearer::Ready(from) => format!("{from:?}"),
                JwtBearer::Signed(own) => {
                    format!("{:?} {:?} {:?}", own.key.key, own.issuer, own.subject)
                }
            },
            Self::TokenExchange(exchange) => format!(
                "{:?} {:?} {:?}",
                exchange.subject_token, exchange.requested_token_type, exchange.audience
            ),
        }
    }
}
