//! HTTP Digest (RFC 7616): the best of the server's challenges is answered, by a library, and remembered, so that only the
//! first request is sent twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{Algorithm, AuthContext, Charset, HttpMethod, Qop, WwwAuthenticateHeader};
use gatepass_http::OsEntropy;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::{Entropy, Secret};
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, Method};

use crate::inner::Inner;
use crate::{Attachment, Credential, Error, Where};

/// What an answer says of the nonce that comes next (RFC 7616 §3.5).
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// The algorithms, the best first. Without one it is MD5 (§3.3).
const ALGORITHMS: [&str; 6] = [
    "SHA-512-256",
    "SHA-512-256-sess",
    "SHA-256",
    "SHA-256-sess",
    "MD5",
    "MD5-sess",
];

/// The random bytes of our own nonce.
const OUR_NONCE: usize = 33;

/// What a digest is of.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) target: &'a str,
    /// The body, where it is known beforehand.
    pub(crate) body: Option<&'a [u8]>,
}

/// The challenge that passwords are proven by now.
pub(crate) struct Remembered {
    /// With the count of its uses.
    challenge: WwwAuthenticateHeader,
    /// Our own nonce. It is one for all answers: the first is part of a session's key (§3.4.2).
    cnonce: String,
}

impl Inner {
    /// Takes up the best of these challenges.
    pub(crate) fn challenged(&self, challenges: &[Challenge], path: &str) -> Result<(), Error> {
        let best = Remembered::best_of(challenges, &mut OsEntropy)?;
        tracing::debug!(realm = %best.challenge.realm, path, "challenged");
        self.state().digest = Some(best);
        Ok(())
    }

    /// Makes the answer to the challenge that is remembered, if there is one, for this request.
    pub(crate) fn answer_challenge(
        &self,
        attachment: &mut Attachment,
        asked: &Asked<'_>,
    ) -> Result<(), Error> {
        let Credential::Digest { username, .. } = &self.credential else {
            return Ok(());
        };
        let mut state = self.state();
        let Some(remembered) = state.digest.as_mut() else {
            return Ok(());
        };
        attachment.value = remembered.answer(username, &attachment.secret, asked)?;
        attachment.place = Where::Header(AUTHORIZATION);
        Ok(())
    }

    /// Takes up the nonce that an answer names for the next request.
    pub(crate) fn learn_next_nonce(&self, headers: &HeaderMap) {
        let info = headers.get(AUTHENTICATION_INFO);
        let Some(info) = info.and_then(|value| value.to_str().ok()) else {
            return;
        };
        // Parameters as those of a challenge, without the scheme (RFC 7615 §3).
        let info = Challenge::parse_list(&format!("Digest {info}"));
        let next = info.first().and_then(|own| own.param("nextnonce"));
        if let (Some(nonce), Some(remembered)) = (next, self.state().digest.as_mut()) {
            remembered.proceed(nonce);
        }
    }
}

/// Whether only the nonce was too old, and nothing is said against the password (§3.3).
pub(crate) fn is_stale(challenges: &[Challenge]) -> bool {
    challenges.iter().any(|own| says(own, "stale", "true"))
}

impl Remembered {
    /// The best of these challenges that can be answered.
    fn best_of(challenges: &[Challenge], entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let best = challenges.iter().map(read).reduce(better);
        let (_, challenge) = best.unwrap_or_else(|| Err(malformed("it is missing")))?;
        let mut random = [0; OUR_NONCE];
        entropy.fill(&mut random);
        Ok(Self {
            challenge,
            cnonce: STANDARD.encode(random),
        })
    }

    /// The next answer.
    fn answer(
        &mut self,
        username: &str,
        password: &Secret,
        asked: &Asked<'_>,
    ) -> Result<Secret, Error> {
        let whole = self.challenge.qop.as_deref() == Some(&[Qop::AUTH_INT]);
        if whole && asked.body.is_none() {
            return Err(Error::Setup(
                "the server wants the body in the digest (qop \"auth-int\"), and this body is not known beforehand".into(),
            ));
        }
        let mut context = AuthContext::new_with_method(
            username,
            password.expose(),
            asked.target,
            asked.body.filter(|_| whole),
            HttpMethod::from(asked.method.as_str()),
        );
        context.set_custom_cnonce(self.cnonce.as_str());
        let mut answer = self.challenge.respond(&context).map_err(|_| {
            Error::Setup("the server's digest challenge asks for what is not known here".into())
        })?;
        let known_to_be_utf8 = self.challenge.charset == Charset::UTF8;
        if username.is_ascii() || self.challenge.userhash || !known_to_be_utf8 {
            return Ok(Secret::new(answer.to_header_string()));
        }
        answer.username.clear();
        let name = format!("username*=UTF-8''{}", extended(username));
        let text = answer.to_header_string();
        Ok(Secret::new(text.replacen("username=\"\"", &name, 1)))
    }

    /// Goes on with another nonce. A session's key stays that of its first nonce (§3.4.2), which the library does not
    /// know of, so a session goes on with the old one until the server calls it stale.
    fn proceed(&mut self, nonce: &str) {
        let same = nonce == self.challenge.nonce;
        if nonce.is_empty() || same || self.challenge.algorithm.sess {
            return;
        }
        self.challenge.nonce = nonce.to_owned();
        self.challenge.nc = 0;
    }
}

/// A challenge as the library has it, behind the place of its algorithm. The library's own parser knows names and values
/// in one spelling only, and refuses what has to be passed over.
type Read = Result<(usize, WwwAuthenticateHeader), Error>;

fn read(challenge: &Challenge) -> Read {
    let text = |name: &str| challenge.param(name).map(str::to_owned);
    let (place, algorithm) = algorithm(challenge)?;
    let header = WwwAuthenticateHeader {
        domain: None,
        realm: text("realm").ok_or_else(|| malformed("it has no realm"))?,
        nonce: text("nonce").ok_or_else(|| malformed("it has no nonce"))?,
        opaque: text("opaque"),
        stale: says(challenge, "stale", "true"),
        algorithm,
        qop: qop(challenge, algorithm)?,
        userhash: says(challenge, "userhash", "true"),
        charset: match says(challenge, "charset", "UTF-8") {
            true => Charset::UTF8,
            false => Charset::ASCII,
        },
        nc: 0,
    };
    Ok((place, header))
}

fn says(challenge: &Challenge, name: &str, wanted: &str) -> bool {
    let value = challenge.param(name);
    value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
}

/// The first of two unless the second is better.
fn better(first: Read, second: Read) -> Read {
    match (&first, &second) {
        (Ok((place, _)), Ok((other, _))) if other < place => second,
        (Err(_), Ok(_)) => second,
        _ => first,
    }
}

fn algorithm(challenge: &Challenge) -> Result<(usize, Algorithm), Error> {
    let named = challenge.param("algorithm").unwrap_or("MD5");
    let mut known = ALGORITHMS.iter().enumerate();
    known
        .find(|(_, own)| own.eq_ignore_ascii_case(named))
        .and_then(|(place, own)| Some((place, own.parse().ok()?)))
        .ok_or_else(|| {
            Error::Setup(format!(
                "the server wants Digest with algorithm {named:?}; SHA-512-256, SHA-256 and MD5 are known here"
            ))
        })
}

/// `auth` where it is among what is offered, else `auth-int`, which is of the body too; nothing where nothing is, as before there was any (RFC 2069).
fn qop(challenge: &Challenge, algorithm: Algorithm) -> Result<Option<Vec<Qop>>, Error> {
    let offered = challenge.param("qop").unwrap_or_default();
    let has = |name: &str| {
        let is_it = |own: &str| own.trim().eq_ignore_ascii_case(name);
        offered.split(',').any(is_it)
    };
    match offered {
        // Without one our nonce is not sent, and it is part of a session's key.
        "" if !algorithm.sess => Ok(None),
        _ if has("auth") => Ok(Some(vec![Qop::AUTH])),
        _ if has("auth-int") => Ok(Some(vec![Qop::AUTH_INT])),
        offered => Err(Error::Setup(format!(
            "the server wants Digest with qop {offered:?}; \"auth\" and \"auth-int\" are known here"
        ))),
    }
}

fn malformed(reason: &str) -> Error {
    Error::Answer(format!(
        "the server's digest challenge is malformed: {reason}"
    ))
}

/// As the value of a parameter that is no ASCII (RFC 8187 §3.2.1).
fn extended(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
