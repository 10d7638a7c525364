//! The options of `gatepass profile add`, a line each: what they say of a profile, and how they are written.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, value_parser};
use gatepass_client::Change;

/// An option, and the member of a profile that it sets.
pub(super) struct Opt {
    /// Without the dashes.
    pub(super) name: &'static str,
    /// As `config.toml` has it.
    pub(super) member: &'static str,
    /// How it is written.
    pub(super) kind: Kind,
    /// What the help says.
    pub(super) help: &'static str,
    /// Under which heading.
    pub(super) heading: Option<&'static str>,
}

/// How an option is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// With a value, called so in the help.
    Text(&'static str),
    /// The same, any number of times.
    List(&'static str),
    /// With a name and a value, any number of times.
    Pairs,
    /// With the path of a file.
    Path,
    /// Alone.
    Flag,
    /// By three options that say where a secret is; the help is what the secret is called.
    Secret,
    /// The same, for one that is a whole file.
    Key,
}

use Kind::{Flag, Key, List, Pairs, Path, Secret, Text};

const fn opt(
    name: &'static str,
    member: &'static str,
    kind: Kind,
    heading: Option<&'static str>,
    help: &'static str,
) -> Opt {
    Opt {
        name,
        member,
        kind,
        help,
        heading,
    }
}

const OAUTH: Option<&str> = Some("OAuth 2");
const SERVER: Option<&str> = Some("OAuth 2 server without metadata");
const LOGIN: Option<&str> = Some("Login endpoint");
const USER: Option<&str> = Some("User name and password");
const STATIC: Option<&str> = Some("Bearer token or API key");
const KEPT: Option<&str> = Some("Network and storage");

/// The option by which a profile with a user name and a password speaks Digest: `method` itself.
pub(super) const DIGEST: &str = "digest";
/// The options that belong to `--store postgres`: the address of the database, and the key that seals what is in it.
pub(super) const STORE_URL: &str = "store-url";
pub(super) const STORE_KEY: &str = "store-key";

/// Every option. One whose member is empty is none by itself.
#[rustfmt::skip]
pub(super) const OPTIONS: &[Opt] = &[
    opt("api", "api", List("ORIGIN"), None,
        "An origin that the credential goes to, like https://api.example.com; may be repeated [default: the provider's]"),
    opt("provider", "provider", Text("ID"), OAUTH,
        "A well-known provider: `gatepass provider list` shows them"),
    opt("var", "variables", Pairs, OAUTH,
        "What the provider's addresses leave open, like tenant=acme; may be repeated"),
    opt("issuer", "issuer", Text("URL"), OAUTH,
        "The authorization server, whose metadata names its endpoints"),
    opt("client-id", "client_id", Text("ID"), OAUTH,
        "The client's id there; without one it registers itself at the first login, if the server lets it"),
    opt("client-secret", "client_secret", Secret, OAUTH,
        "the client's secret"),
    opt("client-key", "client_key", Key, OAUTH,
        "the client's private key (PEM or JWK)"),
    opt("client-auth", "client_auth", Text("METHOD"), OAUTH,
        "How the client proves who it is [default: what the server takes of client_secret_basic, private_key_jwt …]"),
    opt("scope", "scope", Text("SCOPES"), OAUTH,
        "The scopes to ask for, separated by spaces"),
    opt("resource", "resource", List("URI"), OAUTH,
        "A resource the token is for (RFC 8707); may be repeated"),
    opt("param", "params", Pairs, OAUTH,
        "More of the authorization request, like prompt=consent; may be repeated"),
    opt("grant", "grant", Text("TYPE"), OAUTH,
        "How the token is obtained: authorization_code (the usual), device_code, ciba, client_credentials, password, jwt_bearer or token_exchange"),
    opt("redirect-uri", "redirect_uri", Text("URI"), OAUTH,
        "Where the browser comes back to [default: http://127.0.0.1/callback, on any port]"),
    opt("dpop", "dpop", Flag, OAUTH,
        "Bind the tokens to a key of their own (RFC 9449)"),
    opt("authorization-endpoint", "authorization_endpoint", Text("URL"), SERVER,
        "Where the browser logs in"),
    opt("token-endpoint", "token_endpoint", Text("URL"), SERVER,
        "Where tokens are issued"),
    opt("device-authorization-endpoint", "device_authorization_endpoint", Text("URL"), SERVER,
        "Where a login on another device begins"),
    opt("userinfo-endpoint", "userinfo_endpoint", Text("URL"), SERVER,
        "Where it says whose a token is"),
    opt("introspection-endpoint", "introspection_endpoint", Text("URL"), SERVER,
        "Where it says what a token is worth"),
    opt("revocation-endpoint", "revocation_endpoint", Text("URL"), SERVER,
        "Where tokens are revoked"),
    opt("login-url", "url", Text("URL"), LOGIN,
        "An endpoint that takes a name and a password and answers with a token"),
    opt("login-style", "style", Text("STYLE"), LOGIN,
        "How they are sent: form (the usual), json or basic"),
    opt("token-pointer", "token_pointer", Text("POINTER"), LOGIN,
        "Where in the answer the token is, as a JSON pointer [default: /access_token, then /token]"),
    opt("username", "username", Text("NAME"), USER,
        "The user name: for HTTP Basic and Digest, a login endpoint or the password grant"),
    opt("password", "password", Secret, USER,
        "the password"),
    opt(DIGEST, "", Flag, USER,
        "Prove the password by HTTP Digest, without sending it"),
    opt("token", "token", Secret, STATIC,
        "the token"),
    opt("key", "key", Secret, STATIC,
        "the API key"),
    opt("key-header", "header", Text("NAME"), STATIC,
        "The header of the API key, or \"bearer\" to send it as a bearer token [default: X-API-Key]"),
    opt("key-query", "query", Text("NAME"), STATIC,
        "The parameter of the API key, for APIs that take it in the URL only"),
    opt("key-cookie", "cookie", Text("NAME"), STATIC,
        "The cookie of the API key"),
    opt("ca", "ca", Path, KEPT,
        "Trust the certificate authorities in this PEM file too"),
    opt("certificate", "certificate", Path, KEPT,
        "The certificate to show to servers (RFC 8705), as PEM"),
    opt("certificate-key", "certificate_key", Path, KEPT,
        "Its private key, as PEM"),
    opt("store", "tokens", Text("PLACE"), KEPT,
        "Where its tokens are kept: file (the usual), keyring, memory or postgres"),
    opt(STORE_URL, "", Secret, KEPT,
        "the address of the PostgreSQL database"),
    opt(STORE_KEY, "", Secret, KEPT,
        "the key that seals the tokens in it"),
];

impl Opt {
    /// As the command line has it; those of a secret are made elsewhere.
    pub(super) fn arg(&self) -> Arg {
        let arg = Arg::new(self.name)
            .long(self.name)
            .help(self.help)
            .help_heading(self.heading);
        match self.kind {
            Kind::Text(name) => arg
                .value_name(name)
                .value_parser(NonEmptyStringValueParser::new()),
            Kind::List(name) => arg
                .value_name(name)
                .value_parser(NonEmptyStringValueParser::new())
                .action(ArgAction::Append),
            Kind::Pairs => arg
                .value_name("NAME=VALUE")
                .value_parser(change)
                .action(ArgAction::Append),
            Kind::Path => arg.value_name("FILE").value_parser(value_parser!(PathBuf)),
            Kind::Flag | Kind::Secret | Kind::Key => arg.action(ArgAction::SetTrue),
        }
    }
}

/// `MEMBER=VALUE`, or `NAME=VALUE`.
pub(super) fn change(text: &str) -> Result<Change, String> {
    let (member, value) = text
        .split_once('=')
        .filter(|(member, _)| !member.trim().is_empty())
        .ok_or("expected NAME=VALUE")?;
    Ok(Change {
        member: member.trim().to_owned(),
        value: Some(value.to_owned()),
    })
}
