//! A profile whose secrets are replaced by their names: explaining one reads none, runs no command and unlocks nothing.

use gatepass_client::tokens::Place;
use gatepass_client::{
    ApiKey, Ciba, ClientKey, Credential, Grant, JwtBearer, LoginEndpoint, Profile, SecretRef,
    SignedAssertion, TokenExchange,
};
use gatepass_http::OsEntropy;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Cx, Timestamp};

use crate::exit::Failure;

/// The same profile with stand-ins, which keeps nothing and shows no certificate.
///
/// # Errors
///
/// No key can be made.
pub(super) fn of(profile: &Profile) -> Result<Profile, Failure> {
    Ok(Profile {
        tokens: Place::Memory,
        certificate: None,
        ca: None,
        credential: credential(&profile.credential, profile.certificate.is_some())?,
        ..profile.clone()
    })
}

fn credential(own: &Credential, certified: bool) -> Result<Credential, Failure> {
    Ok(match own {
        Credential::Basic { username, .. } => Credential::Basic {
            username: username.clone(),
            password: named("password"),
        },
        Credential::Digest { username, .. } => Credential::Digest {
            username: username.clone(),
            password: named("password"),
        },
        // The file is not read: it goes as Basic, with what stands there for the host.
        Credential::Netrc { .. } => Credential::basic("[login]", named("password")),
        Credential::Bearer { .. } => Credential::Bearer {
            token: named("token"),
        },
        Credential::ApiKey(own) => Credential::ApiKey(ApiKey {
            key: named("key"),
            place: own.place.clone(),
        }),
        Credential::Login(own) => Credential::Login(LoginEndpoint {
            password: named("password"),
            ..own.clone()
        }),
        Credential::OAuth(own) => {
            let mut oauth = (**own).clone();
            // HS256 takes no shorter key (RFC 7518 §3.2).
            let name = match oauth.client_auth.as_deref() {
                Some("client_secret_jwt") => "client_secret of 32 bytes or more",
                _ => "client_secret",
            };
            oauth.client_secret = oauth.client_secret.map(|_| named(name));
            // Of what has no identifier nobody looks again whose it is.
            oauth.discovered &= !oauth.resource.is_empty();
            if let Some(key) = &oauth.client_key {
                oauth.client_key = Some(stand_in(key)?);
            } else if certified && oauth.client_secret.is_none() && oauth.client_auth.is_none() {
                oauth.client_auth = Some("tls_client_auth".to_owned());
            }
            oauth.grant = grant(oauth.grant)?;
            Credential::from(oauth)
        }
        // No profile has it.
        Credential::Discover(_) => own.clone(),
    })
}

fn grant(own: Grant) -> Result<Grant, Failure> {
    Ok(match own {
        Grant::Password { username, .. } => Grant::Password {
            username,
            password: named("password"),
        },
        Grant::Ciba(own) => Grant::Ciba(Box::new(Ciba {
            id_token_hint: own.id_token_hint.map(|_| named("id_token_hint")),
            login_hint_token: own.login_hint_token.map(|_| named("login_hint_token")),
            user_code: own.user_code.map(|_| named("user_code")),
            ..*own
        })),
        Grant::JwtBearer(own) => Grant::JwtBearer(Box::new(match *own {
            JwtBearer::Ready(_) => JwtBearer::Ready(named("assertion")),
            JwtBearer::Signed(own) => JwtBearer::Signed(SignedAssertion {
                key: stand_in(&own.key)?,
                // A service account's file would say it.
                issuer: own.issuer.or_else(|| Some("[the key's owner]".to_owned())),
                ..own
            }),
        })),
        Grant::TokenExchange(own) => Grant::TokenExchange(Box::new(TokenExchange {
            subject_token: named("subject_token"),
            actor_token: own.actor_token.map(|_| named("actor_token")),
            ..*own
        })),
        own => own,
    })
}

/// What stands for a secret.
pub(super) fn named(name: &str) -> SecretRef {
    SecretRef::given(format!("[{name}]"))
}

/// Another key in place of the client's.
fn stand_in(own: &ClientKey) -> Result<ClientKey, Failure> {
    let key = new_key()?;
    let jwk = key
        .to_private_jwk()
        .ok_or_else(|| Failure::error("no key can be made"))?;
    Ok(ClientKey {
        key: SecretRef::Given(jwk),
        kid: own.kid.clone(),
        alg: None,
    })
}

/// A key that is nobody's.
pub(super) fn new_key() -> Result<SigningKey, Failure> {
    let mut entropy = OsEntropy;
    let key = SigningKey::generate("ES256", &mut Cx::new(Timestamp::from_secs(0), &mut entropy));
    key.map_err(|error| Failure::error(error.to_string()))
}
