use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::Deserialize as _;
use serde_json::{Map, Value};
use url::Url;

use super::bearer::{authorization, refused};
use super::{Flow, FlowError, Input, Request, Response, Step};
use crate::dpop::{self, DPOP, Dpop};
use crate::jose::access_token::Audience;
use crate::jose::{KeySet, LEEWAY, VerifiedJws};
use crate::message::known::KnownSecrets;
use crate::message::token::{ErrorResponse, seconds};
use crate::message::userinfo::UserInfo;
use crate::{ClientId, Cx, Secret, Timestamp};

/// What a question to a UserInfo endpoint needs to know.
#[derive(Clone, Debug)]
pub struct UserInfoSetup {
    /// `userinfo_endpoint`.
    pub endpoint: String,
    /// The access token.
    pub access_token: Secret,
    /// The key that the token is bound to, where it is (RFC 9449).
    pub dpop: Option<Dpop>,
    /// The `sub` of the ID token, which the answer's must equal (OpenID Connect Core §5.3.2). Without it an answer that
    /// has no `sub` is taken too, as servers of plain OAuth give it.
    pub sub: Option<String>,
    /// How a signed answer is checked; without it, one that comes is refused.
    pub signed: Option<SignedUserInfo>,
}

/// By what a signed answer is checked (OpenID Connect Core §5.3.2, §5.3.4).
#[derive(Clone, Debug)]
pub struct SignedUserInfo {
    /// The only `iss` that is believed.
    pub issuer: String,
    /// Who we are: it must be in `aud`.
    pub client_id: ClientId,
    /// The issuer's keys.
    pub keys: KeySet,
    /// The `userinfo_signed_response_alg` that the client registered; none means any asymmetric one.
    pub algorithms: Vec<String>,
    /// Our secret, for answers that are signed with it (HS256, which `algorithms` must name).
    pub client_secret: Option<Secret>,
}

/// Asks an OpenID provider about the person behind an access token (OpenID Connect Core §5.3).
#[derive(Debug)]
pub struct UserInfoFlow {
    setup: UserInfoSetup,
    /// Whether the question was repeated for the server's nonce (RFC 9449 §9).
    repeated: bool,
}

impl UserInfoFlow {
    /// A question that has not been asked.
    pub fn new(setup: UserInfoSetup) -> Self {
        Self {
            setup,
            repeated: false,
        }
    }

    fn request(&self, cx: &mut Cx<'_>) -> Result<Request, FlowError> {
        let url = self.url()?;
        let token = &self.setup.access_token;
        let mut request = http::Request::get(url.as_str())
            .body(Vec::new())
            .map_err(|_| self.no_url())?;
        let headers = request.headers_mut();
        let accepted = HeaderValue::from_static("application/json, application/jwt");
        headers.insert(ACCEPT, accepted);
        let scheme = match &self.setup.dpop {
            None => "Bearer",
            Some(dpop) => {
                let proof = dpop
                    .proof(&Method::GET, &url, Some(token), cx)
                    .map_err(|error| FlowError::Setup(error.to_string()))?;
                headers.insert(DPOP, proof);
                "DPoP"
            }
        };
        headers.insert(AUTHORIZATION, authorization(scheme, token)?);
        Ok(request)
    }

    fn hear(&mut self, response: &Response, cx: &mut Cx<'_>) -> Result<Step<UserInfo>, FlowError> {
        let fresh_nonce = match &self.setup.dpop {
            Some(dpop) => dpop.learn(&self.url()?, response.headers()),
            None => false,
        };
        if response.status().is_success() {
            return self.read(response, cx.now).map(Step::Done);
        }
        let error = ErrorResponse::parse(response.body()).map(|answer| answer.error);
        let nonce = dpop::wants_nonce(response.status(), response.headers(), error.as_deref());
        if nonce && fresh_nonce && !self.repeated {
            self.repeated = true;
            return self.request(cx).map(Step::Send);
        }
        Err(refused(response, &self.known()))
    }

    fn read(&self, response: &Response, now: Timestamp) -> Result<UserInfo, FlowError> {
        let read = if is_jwt(response) {
            self.read_signed(response.body(), now)
        } else if ErrorResponse::parse(response.body()).is_some() {
            return Err(refused(response, &self.known()));
        } else {
            UserInfo::parse(response.body()).map_err(str::to_owned)
        };
        let info = read.map_err(FlowError::BadAnswer)?;
        let expected = self.setup.sub.as_deref();
        if expected.is_some_and(|sub| info.sub() != Some(sub)) {
            let text = "the answer is not about the person who logged in (sub differs)";
            return Err(FlowError::BadAnswer(text.to_owned()));
        }
        Ok(info)
    }

    fn read_signed(&self, body: &[u8], now: Timestamp) -> Result<UserInfo, String> {
        let signed = self
            .setup
            .signed
            .as_ref()
            .ok_or("it is signed, and it is not known by whom; name the issuer and its keys")?;
        let token = std::str::from_utf8(body).map_err(|_| "it is not a JWT")?;
        Ok(UserInfo::from_claims(signed.check(token.trim(), now)?)?)
    }

    /// What the server was shown. A proof goes with the token alone.
    fn known(&self) -> KnownSecrets {
        [&self.setup.access_token].into_iter().collect()
    }

    fn url(&self) -> Result<Url, FlowError> {
        self.setup.endpoint.parse().map_err(|_| self.no_url())
    }

    fn no_url(&self) -> FlowError {
        FlowError::Setup(format!("{:?} is not a URL", self.setup.endpoint))
    }
}

impl Flow for UserInfoFlow {
    type Output = UserInfo;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<UserInfo>, FlowError> {
        match input {
            Input::Start => self.request(cx).map(Step::Send),
            Input::Response(response) => self.hear(&response?, cx),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

impl SignedUserInfo {
    /// The claims of a signed answer: of this issuer, for this client, not of another kind of JWT and not of another
    /// time.
    fn check(&self, token: &str, now: Timestamp) -> Result<Map<String, Value>, String> {
        let secret = self.client_secret.as_ref();
        let jws = VerifiedJws::check_for_client(token, &self.keys, &self.algorithms, secret)
            .map_err(|fault| fault.to_string())?;
        if !jws.is_plain() {
            return Err("the token is of another kind".to_owned());
        }
        let claims: Map<String, Value> =
            serde_json::from_slice(&jws.payload).map_err(|_| "the token has no claims")?;
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err("the token is from another issuer".to_owned());
        }
        let audience = claims.get("aud").map(Audience::deserialize);
        let me = self.client_id.as_str();
        if !audience.is_some_and(|audience| audience.is_ok_and(|audience| audience.has(me))) {
            return Err("the token is for another client".to_owned());
        }
        check_times(&claims, now)?;
        Ok(claims)
    }
}

/// `exp` and `nbf` are not required, and hold where they are there (RFC 7519 §4.1.4, §4.1.5).
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), &'static str> {
    let moment = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => match seconds(value) {
            Some(seconds) => Ok(Some(Timestamp::from_secs(seconds))),
            None => Err("a time in the token is none"),
        },
    };
    if moment("exp")?.is_some_and(|exp| now - LEEWAY >= exp) {
        return Err("the token has expired");
    }
    if moment("nbf")?.is_some_and(|nbf| now + LEEWAY < nbf) {
        return Err("the token is not valid yet");
    }
    Ok(())
}

fn is_jwt(response: &Response) -> bool {
    let value = response.headers().get(CONTENT_TYPE);
    let Some(text) = value.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = text.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/jwt")
}

#[cfg(test)]
#[path = "userinfo_tests.rs"]
mod tests;
