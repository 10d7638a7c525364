//! A small authority that counts: it rotates without grace, and a refresh token that comes twice ends the family.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::front::Back;
use crate::wire::{Act, Seen, answer};

/// By how many seconds the date of a signature may be off.
const TOLERANCE: i64 = 60;

/// The desk; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Mutex<State>>);

pub(crate) struct State {
    /// The number in the newest tokens.
    pub(crate) generation: u32,
    /// Up to which number the API takes none.
    pub(crate) revoked: u32,
    /// Whether a refresh token has come twice.
    pub(crate) dead: bool,
    /// What it says in place of a token.
    pub(crate) trouble: Option<Trouble>,
    /// By how many seconds its clock is ahead.
    pub(crate) ahead: i64,
    /// Whether it says when a token ends, and not how long it lives.
    pub(crate) says_when: bool,
    /// What clients have to sign.
    pub(crate) wants: Proof,
    /// How many requests it refused for the date of their signature.
    pub(crate) misdated: u32,
}

/// An answer that is no token: status, a header, body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble(
    pub(crate) u16,
    pub(crate) &'static [(&'static str, &'static str)],
    pub(crate) &'static str,
);

/// How a client proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    None,
    /// By a signed assertion (RFC 7523 §2.2).
    Assertion,
    /// By a key that its token is bound to (RFC 9449).
    Dpop,
}

impl Desk {
    /// A desk whose clock is right.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            generation: 1,
            revoked: 0,
            dead: false,
            trouble: None,
            ahead: 0,
            says_when: false,
            wants: Proof::None,
            misdated: 0,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Back for Desk {
    async fn answer(&self, seen: &Seen) -> Option<Vec<u8>> {
        let mut state = self.state();
        let act = match seen.target.as_str() {
            "/token" => state.token(seen),
            "/api" => state.api(seen),
            _ => state.say(404, &[], ""),
        };
        match act {
            Act::Write(bytes) => Some(bytes),
            Act::Hang(_) | Act::Later(..) => None,
        }
    }
}

impl State {
    fn token(&mut self, seen: &Seen) -> Act {
        if let Some(Trouble(status, headers, body)) = self.trouble {
            return self.say(status, headers, body);
        }
        let body = seen.text();
        let (dated, refusal) = match self.wants {
            Proof::None => (true, ""),
            Proof::Assertion => (
                self.is_dated(parameter(&body, "client_assertion").as_deref()),
                "invalid_client",
            ),
            Proof::Dpop => (self.is_dated(seen.header("dpop")), "invalid_dpop_proof"),
        };
        if !dated {
            self.misdated += 1;
            return self.refuse(refusal);
        }
        if parameter(&body, "grant_type").as_deref() == Some("refresh_token") {
            let head = format!("refresh-{}", self.generation);
            self.dead |= parameter(&body, "refresh_token").as_ref() != Some(&head);
            if self.dead {
                return self.refuse("invalid_grant");
            }
        }
        self.generation += 1;
        self.give()
    }

    fn give(&self) -> Act {
        let n = self.generation;
        let kind = match self.wants {
            Proof::Dpop => "DPoP",
            _ => "Bearer",
        };
        let mut token = json!({ "access_token": format!("access-{n}"), "token_type": kind });
        match self.says_when {
            true => token["expires_at"] = (self.now() + 3600).into(),
            false => token["expires_in"] = 3600.into(),
        }
        if self.wants != Proof::Assertion {
            token["refresh_token"] = format!("refresh-{n}").into();
        }
        self.say(200, &[], &token.to_string())
    }

    /// The API takes the newest token of a family that lives.
    fn api(&mut self, seen: &Seen) -> Act {
        let kind = match self.wants {
            Proof::Dpop => "DPoP",
            _ => "Bearer",
        };
        let newest = format!("{kind} access-{}", self.generation);
        let over = self.dead || self.generation <= self.revoked;
        if over || seen.header("authorization") != Some(&newest) {
            return self.challenge(kind, "invalid_token");
        }
        if self.wants == Proof::Dpop && !self.is_dated(seen.header("dpop")) {
            self.misdated += 1;
            return self.challenge(kind, "invalid_dpop_proof");
        }
        self.say(200, &[], "hello")
    }

    /// Whether a JWT is dated by the desk's own clock.
    fn is_dated(&self, jwt: Option<&str>) -> bool {
        let issued = || {
            let payload = URL_SAFE_NO_PAD.decode(jwt?.split('.').nth(1)?).ok()?;
            let claims: Value = serde_json::from_slice(&payload).ok()?;
            claims.get("iat")?.as_i64()
        };
        issued().is_some_and(|issued| (issued - self.now()).abs() <= TOLERANCE)
    }

    fn refuse(&self, error: &str) -> Act {
        self.say(400, &[], &json!({ "error": error }).to_string())
    }

    fn challenge(&self, kind: &str, error: &str) -> Act {
        let challenge = format!("{kind} error=\"{error}\"");
        self.say(401, &[("WWW-Authenticate", &challenge)], "")
    }

    fn say(&self, status: u16, headers: &[(&str, &str)], body: &str) -> Act {
        let now = Duration::from_secs(self.now().unsigned_abs());
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + now);
        let mut all = vec![("Date", date.as_str())];
        all.extend(headers);
        answer(status, &all, body)
    }

    /// Its clock, in seconds since 1970.
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since.expect("after 1970").as_secs();
        i64::try_from(seconds).expect("small") + self.ahead
    }
}

fn parameter(form: &str, name: &str) -> Option<String> {
    let params = gatepass_proto::Params::parse_form(form.as_bytes()).ok()?;
    params.get(name).map(str::to_owned)
}
