//! `gatepass jwt sign`.

use clap::Args;
use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::jose::SigningKey;
use serde_json::{Map, Value};

use super::text_of;
use crate::exit::{Exit, Failure};
use crate::output;

/// Sign claims as a JWT
///
/// The key is a private one in PEM (PKCS #8, SEC 1, PKCS #1) or a private JWK: P-256, P-384, Ed25519 or RSA.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass jwt sign --key key.pem --claims claims.json --expires-in 300
  echo '{\"iss\": \"me\"}' | gatepass jwt sign --key key.jwk --claims -
  gatepass jwt sign --key rsa.pem --alg PS256 --kid k1 --claims c.json")]
pub(super) struct Sign {
    /// The private key's file: PEM or JWK
    #[arg(long, value_name = "FILE")]
    key: String,
    /// The algorithm: ES256, ES384, EdDSA, RS256 or PS256 [default: the key's]
    #[arg(long, value_name = "ALG")]
    alg: Option<String>,
    /// The key's id [default: the JWK's, else the thumbprint of RFC 7638]
    #[arg(long, value_name = "ID")]
    kid: Option<String>,
    /// The header's typ
    #[arg(long = "type", value_name = "TYPE", default_value = "JWT", value_parser = media_type)]
    typ: String,
    /// A file with the claims, a JSON object; "-" is standard input
    #[arg(long, value_name = "FILE")]
    claims: String,
    /// Set iat to now and exp to so much later
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
}

impl Sign {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        if self.key == "-" && self.claims == "-" {
            let text = "standard input is read once; put the key or the claims in a file";
            return Err(Failure::usage(text));
        }
        let key = self.signing_key()?;
        let claims = self.claims()?;
        // It lives as long as this process, which ends with the token.
        let typ: &'static str = self.typ.leak();
        let token = key
            .sign(typ, &claims)
            .map_err(|error| Failure::error(error.to_string()))?;
        output::line(&token)?;
        Ok(Exit::Done)
    }

    fn signing_key(&self) -> Result<SigningKey, Failure> {
        let text = text_of(&self.key, "the key")?;
        let alg = self.alg.as_deref();
        let key = match serde_json::from_str::<Value>(&text) {
            Ok(mut jwk) => {
                if let (Some(alg), Some(members)) = (alg, jwk.as_object_mut()) {
                    members.insert("alg".to_owned(), alg.into());
                }
                SigningKey::from_jwk(&jwk)
            }
            Err(_) => SigningKey::from_pem(&text, alg),
        };
        let key = key.map(|key| match &self.kid {
            Some(kid) => key.with_kid(kid.as_str()),
            None => key,
        });
        key.map_err(|error| Failure::error(format!("--key: {error}")))
    }

    fn claims(&self) -> Result<Map<String, Value>, Failure> {
        let text = text_of(&self.claims, "the claims")?;
        let mut claims: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
            Failure::error(format!("--claims: expected a JSON object: {error}"))
        })?;
        if let Some(seconds) = self.expires_in {
            let now = SystemClock.now().as_secs();
            claims.insert("iat".to_owned(), now.into());
            claims.insert("exp".to_owned(), now.saturating_add(seconds).into());
        }
        Ok(claims)
    }
}

fn media_type(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-/".contains(&b);
    match !text.is_empty() && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("expected a media type like at+jwt".to_owned()),
    }
}
