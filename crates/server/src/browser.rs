//! Who sits at the browser, and what it posts.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use gatepass_http::OsEntropy;
use gatepass_proto::base::opaque;
use gatepass_proto::decide::details::SessionDetails;
use gatepass_proto::decide::{Done, Facts, Judged};
use gatepass_proto::endpoint::authorize;
use gatepass_proto::{Cx, Digest, OAuthError, Params, Secret, Timestamp, UserId};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::app::App;
use crate::csrf;
use crate::extract::{self, Peer};

/// Whoever sits at the browser.
pub(crate) enum Visitor {
    /// Somebody who has logged in.
    Known(Login),
    /// Somebody who has not; the cookie ties the login form to this browser and is stored nowhere.
    Stranger(Secret),
}

/// A live session.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) cookie: Secret,
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) details: SessionDetails,
}

impl Visitor {
    /// The cookie that this browser has, or is to be given.
    pub(crate) fn cookie(&self) -> &Secret {
        match self {
            Self::Known(login) => &login.cookie,
            Self::Stranger(cookie) => cookie,
        }
    }
}

impl Login {
    /// As far as tokens tell of it.
    pub(crate) fn told(&self) -> authorize::Login {
        let SessionDetails { sid, acr, amr, .. } = &self.details;
        authorize::Login {
            user_id: self.user_id.clone(),
            auth_time: self.auth_time,
            acr: acr.clone(),
            amr: amr.clone(),
            sid: (!sid.is_empty()).then(|| sid.clone()),
        }
    }
}

/// Looks the session cookie up.
pub(crate) async fn visitor(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<Visitor, OAuthError> {
    let Some(cookie) = app.cookie().read(headers) else {
        let now = app.clock().now();
        return Ok(Visitor::Stranger(opaque::mint(
            opaque::SESSION,
            &mut Cx::new(now, &mut OsEntropy),
        )));
    };
    let digest = cookie.digest();
    let found = app
        .judge(peer, |facts, cx| session(&digest, facts, cx.now))
        .await?;
    Ok(match found {
        Some((user_id, username, auth_time, details)) => Visitor::Known(Login {
            cookie,
            user_id,
            username,
            auth_time,
            details,
        }),
        None => Visitor::Stranger(cookie),
    })
}

type Found = Option<(UserId, String, Timestamp, SessionDetails)>;

fn session(digest: &Digest, facts: &Facts, now: Timestamp) -> Judged<Found> {
    let Some(session) = facts
        .session(digest)?
        .filter(|session| now < session.expires_at)
    else {
        return Ok(Done::unchanged(None));
    };
    let user = facts
        .user(&session.user_id)?
        .filter(|user| user.admits(session.auth_time));
    Ok(Done::unchanged(user.map(|user| {
        (
            user.user_id.clone(),
            user.username.clone(),
            session.auth_time,
            session.details.clone(),
        )
    })))
}

/// The longest name of a browser that is kept, in bytes.
const MAX_USER_AGENT: usize = 256;

/// What the browser calls itself, cut short; nothing that is not plain text.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(USER_AGENT)?.to_str().ok()?;
    let end = name.floor_char_boundary(MAX_USER_AGENT);
    name.get(..end).map(str::to_owned)
}

/// A form that one of our own pages sent, and the cookie it is tied to.
///
/// # Errors
///
/// `access_denied` when the token or the origin says that it comes from elsewhere, or the cookie is gone.
pub(crate) async fn form(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Secret, Params), OAuthError> {
    if extract::media_type(headers)?.as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid_request(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let params = Params::parse_form(&extract::body_bytes(body).await?)
        .map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
    let foreign = || {
        let text = "this form has expired or was not sent by this server's page; go back, reload and try again";
        OAuthError::new(gatepass_proto::ErrorCode::AccessDenied, text)
    };
    let cookie = app.cookie().read(headers).ok_or_else(foreign)?;
    let token = params.get("csrf").unwrap_or_default();
    if !csrf::origin_allowed(headers, app.origin()) || !app.csrf().check(cookie.expose(), token) {
        return Err(foreign());
    }
    Ok((cookie, params))
}

/// What was chosen on a page that asks for consent: whether it is allowed.
///
/// # Errors
///
/// `invalid_request` when nothing was.
pub(crate) fn decision(form: &Params) -> Result<bool, OAuthError> {
    match form.get("decision") {
        Some("allow") => Ok(true),
        Some("deny") => Ok(false),
        _ => Err(OAuthError::invalid_request(
            "the form has no decision; go back and choose one",
        )),
    }
}

/// 303, so that nothing posted is posted again elsewhere (RFC 9700 §4.12).
pub(crate) fn see_other(url: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(escaped(url)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A query that somebody put together without escaping it reaches us as UTF-8; a `Location` is ASCII.
fn escaped(url: &str) -> String {
    url.bytes()
        .fold(String::with_capacity(url.len()), |mut out, byte| {
            if byte.is_ascii() {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
            out
        })
}
