//! The options that describe a credential, and which method they mean.

use clap::{Args, ValueEnum};
use gatepass_client::{
    ApiKey, Credential, Endpoints, Grant, KeyPlace, LoginEndpoint, LoginStyle, OAuth, Scope,
    SecretRef,
};

use crate::exit::Failure;
use crate::secrets::{Named, ReferenceArgs};

/// How the credential works.
#[derive(Args)]
pub(super) struct MethodArgs {
    #[command(flatten)]
    oauth: OAuthArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// The user name: for HTTP Basic, a login endpoint or the password grant
    #[arg(long, value_name = "NAME", help_heading = USER)]
    username: Option<String>,
    #[command(flatten)]
    password: ReferenceArgs<Password>,
    #[command(flatten)]
    token: ReferenceArgs<Token>,
    #[command(flatten)]
    key: ReferenceArgs<Key>,
    /// The header of the API key, or "bearer" to send it as a bearer token [default: X-API-Key]
    #[arg(long, value_name = "NAME", help_heading = STATIC)]
    key_header: Option<String>,
}

const OAUTH: &str = "OAuth 2";
const LOGIN: &str = "Login endpoint";
const USER: &str = "User name and password";
const STATIC: &str = "Bearer token or API key";

#[derive(Args)]
#[command(next_help_heading = OAUTH)]
struct OAuthArgs {
    /// The authorization server, whose metadata names its endpoints
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The client's id at that server
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[command(flatten)]
    client_secret: ReferenceArgs<ClientSecret>,
    /// The scopes to ask for, separated by spaces
    #[arg(long, value_name = "SCOPES")]
    scope: Option<Scope>,
    /// A resource the token is for (RFC 8707); may be repeated
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// How the token is obtained: authorization_code (the usual), client_credentials or password
    #[arg(long, value_name = "TYPE", value_enum, hide_possible_values = true)]
    grant: Option<GrantKind>,
    /// Where the browser comes back to [default: http://127.0.0.1/callback, on any port]
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<String>,
    /// How the client authenticates: client_secret_basic, client_secret_post or none
    #[arg(long, value_name = "METHOD", value_parser = client_auth)]
    client_auth: Option<String>,
    /// Where the browser logs in, for a server without metadata
    #[arg(long, value_name = "URL")]
    authorization_endpoint: Option<String>,
    /// Where tokens are issued, for a server without metadata
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<String>,
    /// Where tokens are revoked, for a server without metadata
    #[arg(long, value_name = "URL")]
    revocation_endpoint: Option<String>,
}

#[derive(Args)]
#[command(next_help_heading = LOGIN)]
struct LoginArgs {
    /// An endpoint that takes a name and a password and answers with a token
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,
    /// How they are sent: form (the usual), json or basic
    #[arg(
        long,
        value_name = "STYLE",
        value_enum,
        hide_possible_values = true,
        requires = "login_url"
    )]
    login_style: Option<Style>,
    /// Where in the answer the token is, as a JSON pointer [default: /access_token, then /token]
    #[arg(long, value_name = "POINTER", requires = "login_url")]
    token_pointer: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum GrantKind {
    AuthorizationCode,
    ClientCredentials,
    Password,
}

#[derive(Clone, Copy, ValueEnum)]
enum Style {
    Form,
    Json,
    Basic,
}

macro_rules! named {
    ($($name:ident, $option:literal, $words:literal, $heading:expr;)*) => {
        $(
            struct $name;

            impl Named for $name {
                const OPTION: &'static str = $option;
                const WORDS: &'static str = $words;
                const HEADING: Option<&'static str> = Some($heading);
            }
        )*
    };
}

named! {
    ClientSecret, "client-secret", "the client's secret", OAUTH;
    Password, "password", "the password", USER;
    Token, "token", "the token", STATIC;
    Key, "key", "the API key", STATIC;
}

impl MethodArgs {
    /// The credential that the options describe.
    ///
    /// # Errors
    ///
    /// They describe none, or more than one.
    pub(super) fn credential(self) -> Result<Credential, Failure> {
        let means = [
            ("OAuth 2 (--issuer, --client-id …)", self.oauth.is_meant()),
            (
                "a login endpoint (--login-url)",
                self.login.login_url.is_some(),
            ),
            ("a bearer token (--token-…)", self.token.reference.is_some()),
            (
                "an API key (--key-…)",
                self.key.reference.is_some() || self.key_header.is_some(),
            ),
        ];
        let meant: Vec<&str> = means
            .iter()
            .filter(|(_, meant)| *meant)
            .map(|(name, _)| *name)
            .collect();
        if meant.len() > 1 {
            return Err(Failure::usage(format!(
                "a profile has one method; these are of {}",
                meant.join(" and ")
            )));
        }
        let user = User {
            name: self.username,
            password: self.password.reference,
        };
        match means.map(|(_, meant)| meant) {
            [true, ..] => self.oauth.credential(user),
            [_, true, ..] => self.login.credential(user),
            [_, _, true, _] => {
                user.unwanted("a bearer token")?;
                Ok(Credential::Bearer {
                    token: need(self.token.reference, "--token-env (-file, -command)")?,
                })
            }
            [_, _, _, true] => {
                user.unwanted("an API key")?;
                let key = need(self.key.reference, "--key-env (-file, -command)")?;
                let place = self
                    .key_header
                    .map_or_else(|| Ok(KeyPlace::default()), |name| place(&name))?;
                Ok(Credential::ApiKey(ApiKey { key, place }))
            }
            _ if user.name.is_none() && user.password.is_none() => Err(Failure::usage(
                "say how to log in: --issuer, --login-url, --username, --token-env or --key-env",
            )),
            _ => {
                let (username, password) = user.needed()?;
                Ok(Credential::Basic { username, password })
            }
        }
    }
}

/// User name and password, which several methods share.
struct User {
    name: Option<String>,
    password: Option<SecretRef>,
}

impl User {
    fn needed(self) -> Result<(String, SecretRef), Failure> {
        Ok((
            need(self.name, "--username")?,
            need(self.password, "--password-env (-file, -command)")?,
        ))
    }

    fn unwanted(&self, method: &str) -> Result<(), Failure> {
        match self.name.is_some() || self.password.is_some() {
            true => Err(Failure::usage(format!(
                "{method} has no user name or password"
            ))),
            false => Ok(()),
        }
    }
}

impl OAuthArgs {
    fn is_meant(&self) -> bool {
        let texts = [
            &self.issuer,
            &self.client_id,
            &self.redirect_uri,
            &self.client_auth,
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.revocation_endpoint,
        ];
        texts.into_iter().any(Option::is_some)
            || self.client_secret.reference.is_some()
            || self.scope.is_some()
            || !self.resource.is_empty()
            || self.grant.is_some()
    }

    fn credential(self, user: User) -> Result<Credential, Failure> {
        if self.issuer.is_none() && self.token_endpoint.is_none() {
            return Err(Failure::usage(
                "--issuer is needed (or --token-endpoint, for a server without metadata)",
            ));
        }
        let kind = self.grant.unwrap_or(GrantKind::AuthorizationCode);
        if kind != GrantKind::Password {
            user.unwanted("OAuth 2 without --grant password")?;
        }
        if kind != GrantKind::AuthorizationCode && self.redirect_uri.is_some() {
            return Err(Failure::usage(
                "--redirect-uri belongs to the authorization_code grant",
            ));
        }
        let grant = match kind {
            GrantKind::AuthorizationCode => Grant::AuthorizationCode {
                redirect_uri: self.redirect_uri.unwrap_or_else(|| Grant::LOOPBACK.into()),
            },
            GrantKind::ClientCredentials => Grant::ClientCredentials,
            GrantKind::Password => {
                let (username, password) = user.needed()?;
                Grant::Password { username, password }
            }
        };
        let client_id = need(self.client_id, "--client-id")?;
        Ok(Credential::from(OAuth {
            endpoints: Endpoints {
                authorization: self.authorization_endpoint,
                token: self.token_endpoint,
                revocation: self.revocation_endpoint,
                ..Endpoints::default()
            },
            client_auth: self.client_auth,
            scope: self.scope,
            resource: self.resource,
            ..OAuth::new(self.issuer, Some(client_id), self.client_secret.reference, grant)
        }))
    }
}

impl LoginArgs {
    fn credential(self, user: User) -> Result<Credential, Failure> {
        let (username, password) = user.needed()?;
        let style = match self.login_style {
            None | Some(Style::Form) => LoginStyle::Form,
            Some(Style::Json) => LoginStyle::Json,
            Some(Style::Basic) => LoginStyle::Basic,
        };
        let url = need(self.login_url, "--login-url")?;
        Ok(Credential::Login(LoginEndpoint {
            url,
            style,
            username,
            password,
            token_pointer: self.token_pointer,
            expires_pointer: None,
            refresh_pointer: None,
            refresh_url: None,
        }))
    }
}

fn place(header: &str) -> Result<KeyPlace, Failure> {
    if header.eq_ignore_ascii_case("bearer") {
        return Ok(KeyPlace::Bearer);
    }
    let name = header
        .parse()
        .map_err(|_| Failure::usage(format!("--key-header {header:?} is not a header name")))?;
    Ok(KeyPlace::Header(name))
}

fn need<T>(value: Option<T>, option: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::usage(format!("{option} is needed")))
}

fn client_auth(name: &str) -> Result<String, String> {
    let names = gatepass_proto::client_auth::known();
    match names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("expected one of {}", names.join(", "))),
    }
}
