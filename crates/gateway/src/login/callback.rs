//! The way back from the provider.

use axum::body::Body;
use gatepass_http::OsEntropy;
use gatepass_proto::flow::{FlowError, Granted};
use gatepass_proto::id_token::IdClaims;
use gatepass_proto::{Cx, Digest, Params, Timestamp};
use http::header::SET_COOKIE;
use http::{HeaderMap, Response};
use serde_json::{Map, Value};
use url::Url;

use super::away::{self, Away};
use super::begin::Asked;
use super::cookies::Name;
use super::pages::see_other;
use super::session::Session;
use super::{BrowserLogin, SESSION, failures, person};

/// What a provider says that cannot answer without the person (OpenID Connect Core §3.1.2.6).
const WANTS_THE_PERSON: [&str; 4] = [
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
];

impl BrowserLogin {
    /// Answers at the callback. Only the browser that was sent off can come back, for it has the cookie; and only once.
    pub(super) async fn come_back(&self, headers: &HeaderMap, query: &str) -> Response<Body> {
        let Ok(params) = Params::parse_form(query.as_bytes()) else {
            return failures::not_awaited();
        };
        let Some((tag, away)) = self.awaited(headers, &params) else {
            return failures::not_awaited();
        };
        let mut response = self.settle(headers, &away, params).await;
        let spent = self.cookies.clear(Name::Away(&tag));
        response.headers_mut().append(SET_COOKIE, spent);
        response
    }

    /// The login that these parameters belong to, if this browser has it under way.
    fn awaited(&self, headers: &HeaderMap, params: &Params) -> Option<(String, Away)> {
        let tag = away::tag(params.get("state")?);
        let value = self.cookies.read(headers, Name::Away(&tag))?;
        let away: Away = self.open(super::AWAY, value)?;
        let now = self.clock.now();
        away.is_awaited(now).then_some((tag, away))
    }

    async fn settle(&self, headers: &HeaderMap, away: &Away, params: Params) -> Response<Body> {
        // It was written by us, and is sealed.
        let return_to = away
            .return_to
            .parse()
            .unwrap_or_else(|_| self.origin.clone());
        let step_up = away.step_up();
        let granted = self.provider.arrive(&away.pending, &step_up, params).await;
        let granted = match granted {
            Ok(granted) => granted,
            Err(error) if away.silent.is_some() && wants_the_person(&error) => {
                return self.ask_openly(headers, &return_to).await;
            }
            Err(error) => return failures::page(&error),
        };
        let before = self.proven(headers);
        let before = before.filter(|session| away.silent.as_ref() == Some(&session.id));
        match self.session_of(granted, before).await {
            Ok(session) => self.admit(&session, &return_to),
            Err(error) => failures::page(&error),
        }
    }

    /// The person has logged out at the provider: the session is over, and they are asked. That is asked openly, so it
    /// does not come here again.
    async fn ask_openly(&self, headers: &HeaderMap, return_to: &Url) -> Response<Body> {
        if let Some(session) = self.proven(headers) {
            // On disk or not, the provider will not confirm it again.
            let _ = self.end(&session).await;
        }
        let nothing = super::StepUp::default();
        let mut response = self
            .send_off(headers, return_to, Asked::Openly, &nothing)
            .await;
        let over = self.cookies.clear(Name::Session);
        response.headers_mut().append(SET_COOKIE, over);
        response
    }

    /// The session of whoever has logged in; the one before goes on where it is theirs.
    async fn session_of(
        &self,
        granted: Granted,
        before: Option<Session>,
    ) -> Result<Session, FlowError> {
        let Granted {
            token,
            id,
            asked_at,
            ..
        } = granted;
        let id = id.ok_or_else(|| FlowError::BadAnswer("there is no ID token in it".to_owned()))?;
        let mut info = None;
        if person::is_incomplete(&id, &self.settings) {
            info = self.provider.user_info(token.access_token, &id.sub).await?;
        }
        let none = Map::new();
        let told = info.as_ref().map_or(&none, |info| info.claims());
        let claims = person::keep(&[&id.extra, told], &self.settings);
        let before = before.filter(|session| session.sub == id.sub);
        Ok(self.made(id, claims, asked_at, before))
    }

    fn made(
        &self,
        id: IdClaims,
        claims: Map<String, Value>,
        asked_at: Timestamp,
        before: Option<Session>,
    ) -> Session {
        let (name, began, until) = match before {
            Some(session) => (session.id, session.began, session.until),
            None => (
                fresh_id(asked_at),
                asked_at,
                asked_at + self.settings.session_lifetime,
            ),
        };
        Session {
            id: name,
            sub: id.sub,
            sid: id.sid,
            began,
            until,
            checked: asked_at,
            auth_time: id.auth_time,
            acr: id.acr,
            claims,
        }
    }

    /// Gives the browser its session, if the person may enter.
    fn admit(&self, session: &Session, return_to: &Url) -> Response<Body> {
        if !self.settings.allow.admits(&session.claims) {
            tracing::info!(
                sub = session.sub,
                "somebody who may not enter has logged in"
            );
            return self.without_session(failures::not_admitted(session.name()));
        }
        // A provider that names an ended session anew would send the browser round in circles.
        if self.kept.ended.is_over(&self.settings.issuer, session) {
            let text = "the session was logged out at the provider";
            let error = FlowError::BadAnswer(text.to_owned());
            return self.without_session(failures::page(&error));
        }
        let Some(sealed) = self.seal(SESSION, session) else {
            return self.without_session(failures::too_much());
        };
        let mut response = see_other(return_to.as_str());
        let cookie = self.cookies.set(Name::Session, &sealed, None);
        response.headers_mut().append(SET_COOKIE, cookie);
        response
    }

    fn without_session(&self, mut response: Response<Body>) -> Response<Body> {
        let none = self.cookies.clear(Name::Session);
        response.headers_mut().append(SET_COOKIE, none);
        response
    }
}

fn wants_the_person(error: &FlowError) -> bool {
    let said = match error {
        FlowError::Refused {
            status: None,
            error,
            ..
        } => error.as_str(),
        _ => return false,
    };
    WANTS_THE_PERSON.contains(&said)
}

/// 256 bits that nobody can guess.
fn fresh_id(now: Timestamp) -> String {
    let bytes = Cx::new(now, &mut OsEntropy).bytes::<32>();
    Digest::from_bytes(bytes).to_base64url()
}
