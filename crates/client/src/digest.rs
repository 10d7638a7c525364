//! HTTP Digest (RFC 7616), over a library: the server's challenge is remembered, so that only the first request is sent
//! twice.

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use gatepass_proto::Secret;
use gatepass_proto::message::challenge::Challenge;
use http::Method;
use http::header::AUTHORIZATION;

use crate::session::Inner;
use crate::{Attachment, Credential, Error, Where};

/// The challenge that passwords are proven by now, and its count of uses.
pub(crate) struct Remembered(WwwAuthenticateHeader);

/// The algorithms, the best first. Without one it is MD5.
const ALGORITHMS: [&str; 6] = [
    "SHA-512-256",
    "SHA-512-256-sess",
    "SHA-256",
    "SHA-256-sess",
    "MD5",
    "MD5-sess",
];

/// The parameters whose values stand without quotes (RFC 7616 §3.3).
const BARE: [&str; 3] = ["algorithm", "stale", "charset"];

impl Inner {
    /// Takes up the best of these challenges.
    pub(crate) fn challenged(&self, challenges: &[Challenge], path: &str) -> Result<(), Error> {
        let rank = |challenge: &&Challenge| {
            let named = challenge.param("algorithm").unwrap_or("MD5");
            let known = |own: &str| own.eq_ignore_ascii_case(named);
            ALGORITHMS.iter().position(|own| known(own))
        };
        let usable = challenges.iter().filter(|own| rank(own).is_some());
        let Some(best) = usable.min_by_key(rank) else {
            return Err(Error::Setup(
                "the server wants a digest algorithm that is not known here".into(),
            ));
        };
        let header = digest_auth::parse(&written(best))
            .map_err(|_| Error::Answer("the server's digest challenge is malformed".into()))?;
        tracing::debug!(realm = %header.realm, path, "challenged");
        self.state().digest = Some(Remembered(header));
        Ok(())
    }

    /// Makes the answer to the challenge that is remembered, if there is one, for a request of this method and target.
    pub(crate) fn answer_challenge(
        &self,
        attachment: &mut Attachment,
        method: &Method,
        target: &str,
    ) -> Result<(), Error> {
        let Credential::Digest { username, .. } = &self.credential else {
            return Ok(());
        };
        let mut state = self.state();
        let Some(Remembered(header)) = state.digest.as_mut() else {
            return Ok(());
        };
        let context = AuthContext::new_with_method(
            username.as_str(),
            attachment.secret.expose(),
            target,
            None::<&[u8]>,
            HttpMethod::from(method.as_str()),
        );
        let answer = header.respond(&context).map_err(|_| {
            Error::Setup("the server's digest challenge asks for what is not known here".into())
        })?;
        attachment.place = Where::Header(AUTHORIZATION);
        attachment.value = Secret::new(answer.to_header_string());
        Ok(())
    }
}

/// The challenge as the library reads it.
fn written(challenge: &Challenge) -> String {
    let params = challenge.params.iter().map(|(name, value)| {
        if BARE.iter().any(|bare| bare.eq_ignore_ascii_case(name)) {
            return format!("{name}={value}");
        }
        let value = value.replace('\\', r"\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    format!("Digest {}", params.collect::<Vec<_>>().join(", "))
}
