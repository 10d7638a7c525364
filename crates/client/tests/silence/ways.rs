//! Every way to be authenticated.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gatepass_client::{
    ApiKey, Ciba, ClientKey, Credential, Grant, JwtBearer, KeyPlace, LoginEndpoint, LoginStyle,
    OAuth, SecretRef, SignedAssertion, TokenExchange,
};
use http::HeaderName;

use crate::provider::Provider;

type Way = fn(&Provider) -> BoxFuture<'static, Credential>;

macro_rules! ways {
    ($($name:literal => |$provider:ident| $credential:expr,)*) => {
        /// Each by its name.
        pub(crate) const ALL: &[(&str, Way)] = &[$(($name, |provider| {
            let $provider = provider.clone();
            async move { Credential::from($credential) }.boxed()
        }),)*];
    };
}

ways! {
    "code" => |provider| provider.browser_client(),
    "code, OpenID" => |provider| openid(provider.browser_client()),
    "code, pushed, signed, bound" => |provider| {
        let mut oauth = openid(provider.browser_client());
        oauth.client_key = Some(key(&provider));
        oauth.par = Some(true);
        oauth.signed_request = Some(true);
        oauth.signed_response = true;
        oauth.dpop = true;
        provider.desk().nonces = true;
        oauth
    },
    "code, a secret by Basic" => |provider| by(&provider, provider.browser_client(), "client_secret_basic"),
    "code, a secret in the form" => |provider| by(&provider, provider.browser_client(), "client_secret_post"),
    "code, a secret signs" => |provider| by(&provider, provider.browser_client(), "client_secret_jwt"),
    "code, registered" => |provider| OAuth { client_id: None, ..provider.browser_client() },
    "code, discovered" => |provider| OAuth { client_id: None, discovered: true, ..provider.browser_client() },
    "device" => |provider| openid(provider.client(Grant::DeviceCode)),
    "CIBA" => |provider| {
        let ciba = Ciba {
            login_hint_token: Some(provider.given("login-hint-token")),
            user_code: Some(provider.given("user-code")),
            ..Ciba::default()
        };
        openid(by(&provider, provider.client(Grant::Ciba(Box::new(ciba))), "client_secret_basic"))
    },
    "client credentials" => |provider| by(&provider, provider.client(Grant::ClientCredentials), "client_secret_basic"),
    "client credentials, bound" => |provider| {
        provider.desk().nonces = true;
        let mut oauth = provider.client(Grant::ClientCredentials);
        oauth.client_key = Some(key(&provider));
        OAuth { dpop: true, ..oauth }
    },
    "password" => |provider| {
        let password = provider.given("password");
        provider.client(Grant::Password { username: "me".into(), password })
    },
    "assertion, given" => |provider| {
        let bearer = JwtBearer::Ready(provider.given("assertion"));
        provider.client(Grant::JwtBearer(Box::new(bearer)))
    },
    "assertion, signed" => |provider| {
        let signed = SignedAssertion {
            key: key(&provider),
            issuer: None,
            subject: Some("somebody".into()),
            audience: None,
            claims: BTreeMap::new(),
        };
        provider.client(Grant::JwtBearer(Box::new(JwtBearer::Signed(signed))))
    },
    "assertion, of nobody" => |provider| {
        let bearer = JwtBearer::Ready(provider.given("assertion"));
        OAuth { client_id: None, ..provider.client(Grant::JwtBearer(Box::new(bearer))) }
    },
    "exchange" => |provider| {
        let exchange = TokenExchange {
            subject_token: provider.given("subject-token"),
            subject_token_type: None,
            actor_token: Some(provider.given("actor-token")),
            actor_token_type: None,
            requested_token_type: None,
            audience: vec!["other".into()],
        };
        provider.client(Grant::TokenExchange(Box::new(exchange)))
    },
    "login, form" => |provider| login(&provider, LoginStyle::Form),
    "login, JSON" => |provider| login(&provider, LoginStyle::Json),
    "login, Basic" => |provider| login(&provider, LoginStyle::Basic),
    "Basic" => |provider| Credential::basic("me", provider.given("password")),
    "Digest" => |provider| {
        let password = provider.given("password");
        Credential::Digest { username: "me".into(), password }
    },
    "netrc" => |provider| {
        let password = provider.secret("password");
        Credential::Netrc { file: Some(kept(&format!("machine localhost login me password {password}"))) }
    },
    "bearer" => |provider| Credential::bearer(provider.given("token")),
    "bearer, from a file" => |provider| {
        Credential::bearer(SecretRef::File(kept(&provider.secret("token"))))
    },
    "key in a header" => |provider| api_key(&provider, KeyPlace::Header(HeaderName::from_static("x-key"))),
    "key as a bearer token" => |provider| api_key(&provider, KeyPlace::Bearer),
    "key in the query" => |provider| api_key(&provider, KeyPlace::Query("key".into())),
    "key in a cookie" => |provider| api_key(&provider, KeyPlace::Cookie("key".into())),
}

fn openid(oauth: OAuth) -> OAuth {
    OAuth {
        scope: Some("openid offline_access".parse().unwrap()),
        ..oauth
    }
}

fn by(provider: &Provider, oauth: OAuth, method: &str) -> OAuth {
    OAuth {
        client_secret: Some(provider.given("client-secret")),
        client_auth: Some(method.to_owned()),
        ..oauth
    }
}

/// A key of the client; each line of its PEM is a secret.
fn key(provider: &Provider) -> ClientKey {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    provider.desk().secrets.extend(lines.map(str::to_owned));
    ClientKey {
        key: SecretRef::given(pem),
        kid: None,
        alg: None,
    }
}

fn login(provider: &Provider, style: LoginStyle) -> Credential {
    Credential::Login(LoginEndpoint {
        url: provider.url("/login"),
        style,
        username: "me".into(),
        password: provider.given("password"),
        token_pointer: None,
        expires_pointer: None,
        refresh_pointer: None,
        refresh_url: Some(provider.url("/login")),
    })
}

fn api_key(provider: &Provider, place: KeyPlace) -> Credential {
    let key = provider.given("key");
    Credential::ApiKey(ApiKey { key, place })
}

/// A file of this person's alone, which the system clears away with its temporary ones.
fn kept(text: &str) -> std::path::PathBuf {
    let (mut file, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    debug_assert!(Path::exists(&path));
    path
}
