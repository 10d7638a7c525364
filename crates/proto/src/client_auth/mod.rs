//! How a client proves to the server who it is (RFC 6749 §2.3): one file per method, each with what the client
//! attaches and what the server reads.

mod assertion;
mod assertion_check;
mod basic;
mod certificate;
mod choice;
mod distinguished_name;
mod mtls;
mod none;
mod post;

use std::sync::Arc;

use http::HeaderMap;

use assertion_check::Assertion;

use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::decide::{Facts, Halt, Judged, Rules};
use crate::jose::SigningKey;
use crate::message::quirks::AssertionTyp;
use crate::{ClientId, Cx, OAuthError, Params, Secret, Timestamp};

pub use assertion_check::SPACE as ASSERTIONS;
pub use certificate::{AltName, Certificate, Subject};
pub use distinguished_name::{Attribute, DistinguishedName};
pub use mtls::{BY_AUTHORITY, BY_CERTIFICATE, BY_ITSELF};

/// Every method there is. Adding one is a file and a line here. The server takes those that say [`served`]; [`names`]
/// lists no others.
///
/// [`served`]: ClientAuthMethod::served
pub static METHODS: &[&dyn ClientAuthMethod] = &[
    &basic::Basic,
    &post::Post,
    &none::None,
    &assertion::PrivateKeyJwt,
    &assertion::ClientSecretJwt,
    &mtls::TlsClientAuth,
    &mtls::SelfSignedTlsClientAuth,
];

/// Names of the only methods of the FAPI 2.0 Security Profile (§5.3.2.1).
pub const FAPI_METHODS: [&str; 3] = ["private_key_jwt", BY_AUTHORITY, BY_ITSELF];

/// A client authentication method, both ends of it.
pub trait ClientAuthMethod: Sync {
    /// Its name in `token_endpoint_auth_method` (RFC 7591 §2).
    fn name(&self) -> &'static str;

    /// The client's end: adds the proof to a request.
    ///
    /// # Errors
    ///
    /// What the configuration lacks.
    fn attach(
        &self,
        client: &ClientCredentials,
        draft: &mut Draft,
        cx: &mut Cx<'_>,
    ) -> Result<(), &'static str>;

    /// Whether the server's end is there too, so that the metadata may name it.
    fn served(&self) -> bool {
        false
    }

    /// The server's end: reads the claim, if this method was used at all.
    fn claim(&self, sent: &Sent<'_>) -> Option<Result<Claim, OAuthError>> {
        let _ = sent;
        None
    }

    /// The server's end: whether the claim's proof is this client's. What it gives is to be committed with whatever the
    /// request comes to: that the proof is spent.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] when it is not.
    fn verify(
        &self,
        claim: &Claim,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Option<Change>, Halt> {
        let _ = (claim, client, trial);
        Err(wrong_proof())
    }
}

/// What a client knows of itself.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// `client_id`; empty for [`ClientCredentials::nobody`].
    pub client_id: ClientId,
    /// `client_secret`, where it has one.
    pub client_secret: Option<Secret>,
    /// The key by which it signs assertions (`private_key_jwt`) and requests (RFC 9101).
    pub key: Option<Arc<SigningKey>>,
    /// The name of the method; `None` picks one by what there is, as [`ClientCredentials::choose`] does for a server
    /// that lists nothing.
    pub method: Option<String>,
    /// The `typ` of its assertions.
    pub assertion_typ: AssertionTyp,
    /// The one `aud` of its assertions: the issuer, or where none is known the token endpoint.
    pub audience: Option<String>,
}

/// A request in the making.
#[derive(Debug, Default)]
pub struct Draft {
    /// Headers to send.
    pub headers: HeaderMap,
    /// Parameters of the body.
    pub params: Params,
}

/// What a request says, as a method reads it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The parameters of the body.
    pub params: &'a Params,
}

/// A request whose claim has been read, once, however often the judgement is repeated.
#[derive(Debug)]
pub struct Presented<'a> {
    /// The parameters of the body.
    pub params: &'a Params,
    claimed: Result<Claimed, OAuthError>,
    certificate: Option<Arc<Certificate>>,
}

struct Claimed {
    method: &'static dyn ClientAuthMethod,
    claim: Claim,
}

/// Whom a request claims to come from.
#[derive(Debug)]
pub struct Claim {
    /// `client_id`.
    pub client_id: ClientId,
    proof: Proof,
}

/// By what.
#[derive(Debug)]
enum Proof {
    /// Nothing but the name.
    Name,
    /// The secret itself.
    Secret(Secret),
    /// A JWT that is signed with the secret or with a private key.
    Assertion(Box<Assertion>),
    /// Nothing but the name, and the certificate of the connection.
    Certificate(Arc<Certificate>),
}

/// What a proof is checked with.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// What it is judged by.
    pub rules: &'a Rules,
    /// The time.
    pub now: Timestamp,
}

impl ClientCredentials {
    /// A client without a secret.
    pub fn public(client_id: impl Into<String>) -> Self {
        Self {
            client_id: ClientId::new(client_id),
            client_secret: None,
            key: None,
            method: None,
            assertion_typ: AssertionTyp::default(),
            audience: None,
        }
    }

    /// Nobody in particular: nothing is said of the client. An assertion may stand for itself (RFC 7521 §4.1, RFC 7523
    /// §2.1).
    pub fn nobody() -> Self {
        Self::public("")
    }

    /// Whether nothing is said of the client.
    pub fn is_nobody(&self) -> bool {
        self.client_id.as_str().is_empty()
    }

    /// A client with a secret, sent by HTTP Basic.
    pub fn confidential(client_id: impl Into<String>, client_secret: Secret) -> Self {
        Self {
            client_secret: Some(client_secret),
            ..Self::public(client_id)
        }
    }

    /// Puts the id into the body, unless the message has it already, as a pushed authorization request does.
    fn name_in(&self, params: &mut Params) {
        if params.get("client_id").is_none() {
            params.push("client_id", self.client_id.as_str());
        }
    }

    /// Whether its proof is a signature with a date in it.
    pub fn signs(&self) -> bool {
        !self.is_nobody() && self.method_name().ends_with("_jwt")
    }

    /// Adds the proof to a request.
    ///
    /// # Errors
    ///
    /// What the configuration lacks.
    pub fn attach(&self, draft: &mut Draft, cx: &mut Cx<'_>) -> Result<(), &'static str> {
        if self.is_nobody() {
            return Ok(());
        }
        let method = find(self.method_name());
        let method = method.ok_or("the client authentication method is not known")?;
        method.attach(self, draft, cx)
    }

    fn method_name(&self) -> &str {
        let said = self.method.as_deref();
        said.unwrap_or_else(|| self.choose(false, &[]))
    }
}

impl<'a> Presented<'a> {
    /// Reads the `Authorization` header and the parameters of the body.
    pub fn read(authorization: Option<&'a str>, params: &'a Params) -> Self {
        let claimed = Claimed::read(&Sent {
            authorization,
            params,
        });
        Self {
            params,
            claimed,
            certificate: None,
        }
    }

    /// With the certificate that the client has shown, if it has. It proves who a client is that says no more than its
    /// name (RFC 8705 §2); whoever proves that by other means may have one to bind tokens to (§3).
    #[must_use]
    pub fn with_certificate(mut self, certificate: Option<Arc<Certificate>>) -> Self {
        if let (Some(certificate), Ok(claimed)) = (&certificate, &mut self.claimed)
            && matches!(claimed.claim.proof, Proof::Name)
        {
            claimed.claim.proof = Proof::Certificate(Arc::clone(certificate));
        }
        Self {
            certificate,
            ..self
        }
    }

    /// The thumbprint of the certificate that came along (`x5t#S256`, RFC 8705 §3.1).
    pub fn x5t_s256(&self) -> Option<&str> {
        let certificate = self.certificate.as_deref()?;
        Some(&certificate.thumbprint)
    }
}

impl Claimed {
    fn read(sent: &Sent<'_>) -> Result<Self, OAuthError> {
        let mut used = METHODS
            .iter()
            .filter_map(|method| Some((*method, method.claim(sent)?)));
        let (method, claim) = used.next().ok_or_else(OAuthError::invalid_client)?;
        if used.next().is_some() {
            let text = "more than one client authentication method is used";
            return Err(OAuthError::invalid_request(text));
        }
        let claim = claim?;
        let named = sent.params.get("client_id");
        if named.is_some_and(|id| id != claim.client_id.as_str()) {
            let text = "client_id differs from the authenticated client";
            return Err(OAuthError::invalid_request(text));
        }
        Ok(Self { method, claim })
    }
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}", self.claim.client_id, self.method.name())
    }
}

/// The server's end: judges a request as that of the client who has proven by one method to have sent it. A proof that
/// is good once is spent with whatever `judge` comes to, a refusal included.
///
/// # Errors
///
/// `invalid_client`, whether nobody is known by that id or the proof is wrong; `invalid_request` when more than
/// one method is used (RFC 6749 §2.3) or the ids differ; 503 where the client's keys cannot be had; and what `judge`
/// says.
pub fn proven<'f, T>(
    presented: &Presented<'_>,
    trial: Trial<'f>,
    judge: impl FnOnce(&'f Client) -> Judged<T>,
) -> Judged<T> {
    let (method, claim, client) = claimed(presented, trial.facts)?;
    let spent = method.verify(claim, client, &trial)?;
    also(judge(client), spent)
}

type Named<'p, 'f> = (&'static dyn ClientAuthMethod, &'p Claim, &'f Client);

fn claimed<'p, 'f>(presented: &'p Presented<'_>, facts: &'f Facts) -> Result<Named<'p, 'f>, Halt> {
    let Claimed { method, claim } = presented.claimed.as_ref().map_err(OAuthError::clone)?;
    let client = facts
        .client(&claim.client_id)?
        .ok_or_else(|| OAuthError::invalid_client().hint("unknown client"))?;
    // Who is proven by the connection says its name alone, as a public client does.
    let by_connection = matches!(claim.proof, Proof::Name | Proof::Certificate(_))
        .then(|| mtls::method_of(client))
        .flatten();
    let method = by_connection.unwrap_or(*method);
    if !client.auth_methods.iter().any(|own| own == method.name()) {
        return Err(OAuthError::invalid_client()
            .hint("method is not registered")
            .into());
    }
    if client.details.fapi && !FAPI_METHODS.contains(&method.name()) {
        let hint = "not a method of FAPI";
        return Err(OAuthError::invalid_client().hint(hint).into());
    }
    Ok((method, claim, client))
}

/// Adds a change to whatever was judged, unless facts are lacking still.
pub(crate) fn also<T>(judged: Judged<T>, changes: impl IntoIterator<Item = Change>) -> Judged<T> {
    match judged {
        Ok(mut done) => {
            done.changes.extend(changes);
            Ok(done)
        }
        Err(Halt::Refuse(mut refusal)) => {
            refusal.changes.extend(changes);
            Err(Halt::Refuse(refusal))
        }
        lacking => lacking,
    }
}

/// Names of the methods that the server takes, for its metadata.
pub fn names() -> Vec<String> {
    let served = METHODS.iter().filter(|method| method.served());
    served.map(|method| method.name().to_owned()).collect()
}

/// Names of the methods that a client can use.
pub fn known() -> Vec<&'static str> {
    METHODS.iter().map(|method| method.name()).collect()
}

fn find(name: &str) -> Option<&'static dyn ClientAuthMethod> {
    METHODS.iter().find(|method| method.name() == name).copied()
}

/// Secrets have full entropy, so the SHA-256 of one is compared, in constant time, with every one that is good.
fn check_secret(claim: &Claim, client: &Client) -> Result<Option<Change>, Halt> {
    let Proof::Secret(secret) = &claim.proof else {
        return Err(wrong_proof());
    };
    let digest = secret.digest();
    let own = client.client_secrets.iter();
    let right = own.fold(false, |found, own| found | own.ct_eq(&digest));
    if right { Ok(None) } else { Err(wrong_proof()) }
}

fn wrong_proof() -> Halt {
    OAuthError::invalid_client().hint("wrong proof").into()
}

#[cfg(test)]
mod tests;
