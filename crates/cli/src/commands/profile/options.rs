//! The options of `gatepass profile add`, a line each: what they say of a profile, and how they are written.

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
}

use Kind::{Flag, List, Pairs, Path, Secret, Text};

const fn opt(
    name: &'static str,
    member: &'static str,
    kind: Kind,
    help: &'static str,
    heading: Option<&'static str>,
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

/// Every option. One without a member is not a member alone.
pub(super) const OPTIONS: &[Opt] = &[
    opt(
        "api",
        "api",
        List("ORIGIN"),
        "An origin that the credential goes to, like https://api.example.com; may be repeated [default: the provider's]",
        None,
    ),
    opt(
        "provider",
        "provider",
        Text("ID"),
        "A well-known provider: `gatepass provider list` shows them",
        OAUTH,
    ),
    opt(
        "var",
        "variables",
        Pairs,
        "What the provider's addresses leave open, like tenant=acme; may be repeated",
        OAUTH,
    ),
    opt(
        "issuer",
        "issuer",
        Text("URL"),
        "The authorization server, whose metadata names its endpoints",
        OAUTH,
    ),
    opt(
        "client-id",
        "client_id",
        Text("ID"),
        "The client's id there; without one it registers itself at the first login, where the server lets it (RFC 7591)",
        OAUTH,
    ),
    opt(
        "client-secret",
        "client_secret",
        Secret,
        "the client's secret",
        OAUTH,
    ),
    opt(
        "client-key",
        "client_key",
        Secret,
        "the client's private key (PEM or JWK)",
        OAUTH,
    ),
    opt(
        "client-auth",
        "client_auth",
        Text("METHOD"),
        "How the client proves who it is [default: what the server takes of client_secret_basic, private_key_jwt …]",
        OAUTH,
    ),
    opt(
        "scope",
        "scope",
        Text("SCOPES"),
        "The scopes to ask for, separated by spaces",
        OAUTH,
    ),
    opt(
        "resource",
        "resource",
        List("URI"),
        "A resource the token is for (RFC 8707); may be repeated",
        OAUTH,
    ),
    opt(
        "param",
        "params",
        Pairs,
        "More of the authorization request, like prompt=consent; may be repeated",
        OAUTH,
    ),
    opt(
        "grant",
        "grant",
        Text("TYPE"),
        "How the token is obtained: authorization_code (the usual), device_code, ciba, client_credentials, password, jwt_bearer or token_exchange",
        OAUTH,
    ),
    opt(
        "redirect-uri",
        "redirect_uri",
        Text("URI"),
        "Where the browser comes back to [default: http://127.0.0.1/callback, on any port]",
        OAUTH,
    ),
    opt(
        "dpop",
        "dpop",
        Flag,
        "Bind the tokens to a key of their own (RFC 9449)",
        OAUTH,
    ),
    opt(
        "authorization-endpoint",
        "authorization_endpoint",
        Text("URL"),
        "Where the browser logs in",
        SERVER,
    ),
    opt(
        "token-endpoint",
        "token_endpoint",
        Text("URL"),
        "Where tokens are issued",
        SERVER,
    ),
    opt(
        "device-authorization-endpoint",
        "device_authorization_endpoint",
        Text("URL"),
        "Where a login on another device begins",
        SERVER,
    ),
    opt(
        "userinfo-endpoint",
        "userinfo_endpoint",
        Text("URL"),
        "Where it says whose a token is",
        SERVER,
    ),
    opt(
        "introspection-endpoint",
        "introspection_endpoint",
        Text("URL"),
        "Where it says what a token is worth",
        SERVER,
    ),
    opt(
        "revocation-endpoint",
        "revocation_endpoint",
        Text("URL"),
        "Where tokens are revoked",
        SERVER,
    ),
    opt(
        "login-url",
        "url",
        Text("URL"),
        "An endpoint that takes a name and a password and answers with a token",
        LOGIN,
    ),
    opt(
        "login-style",
        "style",
        Text("STYLE"),
        "How they are sent: form (the usual), json or basic",
        LOGIN,
    ),
    opt(
        "token-pointer",
        "token_pointer",
        Text("POINTER"),
        "Where in the answer the token is, as a JSON pointer [default: /access_token, then /token]",
        LOGIN,
    ),
    opt(
        "username",
        "username",
        Text("NAME"),
        "The user name: for HTTP Basic and Digest, a login endpoint or the password grant",
        USER,
    ),
    opt("password", "password", Secret, "the password", USER),
    opt(
        DIGEST,
        "",
        Flag,
        "Prove the password by HTTP Digest, without sending it",
        USER,
    ),
    opt("token", "token", Secret, "the token", STATIC),
    opt("key", "key", Secret, "the API key", STATIC),
    opt(
        "key-header",
        "header",
        Text("NAME"),
        "The header of the API key, or \"bearer\" to send it as a bearer token [default: X-API-Key]",
        STATIC,
    ),
    opt(
        "key-query",
        "query",
        Text("NAME"),
        "The parameter of the API key, for APIs that take it in the URL only",
        STATIC,
    ),
    opt(
        "key-cookie",
        "cookie",
        Text("NAME"),
        "The cookie of the API key",
        STATIC,
    ),
    opt(
        "ca",
        "ca",
        Path,
        "Trust the certificate authorities in this PEM file too",
        KEPT,
    ),
    opt(
        "certificate",
        "certificate",
        Path,
        "The certificate to show to servers (RFC 8705), as PEM",
        KEPT,
    ),
    opt(
        "certificate-key",
        "certificate_key",
        Path,
        "Its private key, as PEM",
        KEPT,
    ),
    opt(
        "store",
        "tokens",
        Text("PLACE"),
        "Where its tokens are kept: file (the usual), keyring, memory or postgres",
        KEPT,
    ),
    opt(
        STORE_URL,
        "",
        Secret,
        "the address of the PostgreSQL database",
        KEPT,
    ),
    opt(
        STORE_KEY,
        "",
        Secret,
        "the key that seals the tokens in it",
        KEPT,
    ),
];
