//! What a proxy is told.

use axum::body::Body;
use gatepass_guard::{Identity, Refusal, Requirement};
use http::header::{CACHE_CONTROL, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::forbid;
use crate::config::Dialect;
use crate::gate::{Parts, Verdict};
use crate::login::{StepUp, Visit};
use crate::outcome::Outcome;

/// What the status would be, for a proxy that knows no more than three.
const STATUS: HeaderName = HeaderName::from_static("x-gatepass-status");
/// Where a browser is to be sent to log in, for a proxy that does not hand on a redirect.
const LOGIN: HeaderName = HeaderName::from_static("x-gatepass-login");
/// The headers that Envoy takes out of a request that passes.
const TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

impl Parts {
    /// The answer to a proxy: 200 lets the request pass, with what goes on to the API in its headers.
    pub(super) async fn reply(
        &self,
        dialect: Dialect,
        verdict: Verdict,
        visit: &Visit<'_>,
    ) -> Response<Body> {
        let identity = match (verdict, dialect) {
            (Verdict::Pass(identity), _) => identity,
            (Verdict::LogIn(step_up), Dialect::Nginx) => return self.to_log_in(visit, &step_up),
            (Verdict::LogIn(step_up), _) => return self.send_off(visit, &step_up).await,
            (Verdict::Answer(answer), Dialect::Nginx) => return for_nginx(answer),
            (Verdict::Answer(answer), _) => return answer,
        };
        self.let_pass(dialect, identity.as_deref(), visit.headers)
    }

    fn let_pass(
        &self,
        dialect: Dialect,
        identity: Option<&Identity>,
        asked: &HeaderMap,
    ) -> Response<Body> {
        let told = identity.map(|identity| self.introduction.headers(identity, self.clock.now()));
        let told = match told.transpose() {
            Ok(told) => told.unwrap_or_default(),
            Err(error) => {
                tracing::error!(%error, "a request does not pass");
                return forbid(&error.to_string());
            }
        };
        let mut answer = Response::new(Body::empty());
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookies) = self.other_cookies(asked) {
            headers.insert(COOKIE, cookies);
        }
        match dialect {
            Dialect::Nginx | Dialect::Traefik => {}
            Dialect::Caddy => self.leave_nothing_unsaid(headers, asked),
            Dialect::Envoy => {
                if let Some(names) = self.to_remove(asked, &told) {
                    headers.insert(TO_REMOVE, names);
                }
            }
        }
        headers.extend(told);
        answer
    }

    /// nginx hands on no redirect, but may make one of what it is told.
    fn to_log_in(&self, visit: &Visit<'_>, step_up: &StepUp) -> Response<Body> {
        let refused = self.refuse(
            &Refusal::NoCredentials,
            &Requirement::default(),
            visit.headers,
        );
        let mut answer = for_nginx(refused);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", visit.target);
        if !step_up.acr_values.is_empty() {
            query.append_pair("acr_values", &step_up.acr_values.join(" "));
        }
        if let Some(max_age) = step_up.max_age {
            query.append_pair("max_age", &max_age.to_string());
        }
        let place = format!(
            "{}/.gatepass/login?{}",
            self.config.public_url(),
            query.finish()
        );
        if let Ok(place) = HeaderValue::try_from(place) {
            answer.headers_mut().insert(LOGIN, place);
        }
        Outcome::LogIn.mark(answer)
    }

    /// The request's cookies without those of the login, for the proxy to put in their place.
    fn other_cookies(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let login = self.login.as_deref()?;
        let mut only = cookies_of(headers);
        login.strip(&mut only);
        in_one(&only)
    }

    /// Caddy takes a header that it is to copy and is not told of for the name of its own variable, and hands that on to the
    /// API. So it is told of each: one that says nothing is empty.
    fn leave_nothing_unsaid(&self, headers: &mut HeaderMap, asked: &HeaderMap) {
        let names = self.introduction.names();
        for name in names.filter_map(|name| HeaderName::try_from(name).ok()) {
            headers.insert(name, HeaderValue::from_static(""));
        }
        if !headers.contains_key(COOKIE) {
            let all = match self.login {
                None => in_one(&cookies_of(asked)),
                Some(_) => None,
            };
            headers.insert(COOKIE, all.unwrap_or(HeaderValue::from_static("")));
        }
    }

    /// What must not reach the API of what a client has sent, and what it would take for ours where we say nothing.
    fn to_remove(&self, asked: &HeaderMap, told: &HeaderMap) -> Option<HeaderValue> {
        let mut left = asked.clone();
        self.cleanse(&mut left);
        let taken = asked.keys().filter(|name| !left.contains_key(*name));
        let unsaid = self.introduction.names();
        let unsaid = unsaid.filter(|name| !told.contains_key(*name));
        let mut names: Vec<&str> = taken.map(HeaderName::as_str).chain(unsaid).collect();
        names.sort_unstable();
        names.dedup();
        HeaderValue::try_from(names.join(",")).ok()
    }
}

fn cookies_of(headers: &HeaderMap) -> HeaderMap {
    let cookies = headers.get_all(COOKIE).iter();
    cookies.map(|value| (COOKIE, value.clone())).collect()
}

/// Cookies in one header (RFC 6265 §5.4), for a proxy that copies no more than one.
fn in_one(cookies: &HeaderMap) -> Option<HeaderValue> {
    let all: Vec<&[u8]> = cookies.values().map(HeaderValue::as_bytes).collect();
    match all.is_empty() {
        true => None,
        false => HeaderValue::from_bytes(&all.join(&b"; "[..])).ok(),
    }
}

/// nginx passes on 401 and 403 alone; anything else is an error of the server to it. One is told as an error that is one.
fn for_nginx(mut answer: Response<Body>) -> Response<Body> {
    let status = answer.status();
    let known = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => status,
        status if status.is_server_error() => status,
        _ => StatusCode::FORBIDDEN,
    };
    *answer.status_mut() = known;
    let headers = answer.headers_mut();
    headers.insert(STATUS, HeaderValue::from(status.as_u16()));
    answer
}
