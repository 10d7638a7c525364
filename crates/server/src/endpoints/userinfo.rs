//! `GET` and `POST /oauth/userinfo` (OpenID Connect Core 1.0 §5.3).

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use gatepass_listen::{Connection, Shown};
use gatepass_proto::endpoint::userinfo::{UserInfoAnswer, userinfo as judge};
use gatepass_proto::id_token;
use gatepass_proto::jose::ALGORITHMS;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::credentials::{Credentials, CredentialsError};
use gatepass_proto::{ErrorCode, OAuthError, Params, Secret};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::app::App;
use crate::extract::{self, Peer};
use crate::routes::paths;
use crate::{dpop, respond};

/// Why a request shows no token.
enum Missing {
    /// There is none.
    None,
    /// What there is cannot be taken.
    Refused(OAuthError),
}

impl From<OAuthError> for Missing {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

pub(crate) async fn userinfo(
    State(app): State<App>,
    peer: Peer,
    method: Method,
    RawQuery(query): RawQuery,
    connection: Option<Extension<Connection>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let token = match token(&method, query.as_deref(), &headers, body).await {
        Ok(token) => token,
        Err(Missing::None) => return unasked(&app),
        Err(Missing::Refused(error)) => return refusal(&app, &headers, &error),
    };
    let proof = match dpop::shown(&app, &method, paths::USERINFO, &headers, &token) {
        Ok(proof) => proof,
        Err(error) => return refusal(&app, &headers, &error),
    };
    let shown = connection.as_ref().and_then(|own| own.certificate.as_ref());
    let x5t_s256 = shown.map(Shown::thumbprint);
    let judged = app
        .judge(peer, |facts, cx| {
            judge(
                &token,
                proof.as_ref(),
                x5t_s256,
                facts,
                &app.rules(),
                cx.now,
            )
        })
        .await;
    let written = match judged {
        Ok(answer) => write(&app, answer).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(response) => response,
        Err(error) => refusal(&app, &headers, &error),
    }
}

/// The token in the header or in the form (RFC 6750 §2.1, §2.2), but not in both, and never in the query, which ends up in
/// logs (RFC 9700 §4.3.2).
async fn token(
    method: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Secret, Missing> {
    let in_query = query.is_some_and(|query| {
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    });
    if in_query {
        let text = "the access token must not be in the query; send it in the Authorization header";
        return Err(OAuthError::invalid_request(text).into());
    }
    let authorization = extract::authorization(headers)?;
    let authorization = authorization.as_deref().map(dpop::as_bearer);
    let in_header = match authorization.as_deref().map(Credentials::parse) {
        None | Some(Ok(Credentials::Basic { .. }) | Err(CredentialsError::Scheme)) => None,
        Some(Ok(Credentials::Bearer(token))) => Some(token),
        Some(Err(fault @ CredentialsError::Malformed)) => {
            return Err(OAuthError::invalid_request(fault.to_string()).into());
        }
    };
    let in_form = match method == Method::POST {
        true => form(headers, body).await?,
        false => None,
    };
    match (in_header, in_form) {
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(Missing::None),
        (Some(_), Some(_)) => {
            let text = "the access token comes more than once";
            Err(OAuthError::invalid_request(text).into())
        }
    }
}

async fn form(headers: &HeaderMap, body: Body) -> Result<Option<Secret>, OAuthError> {
    if extract::media_type(headers)?.as_deref() != Some("application/x-www-form-urlencoded") {
        return Ok(None);
    }
    let params = Params::parse_form(&extract::body_bytes(body).await?)
        .map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
    Ok(params.get("access_token").map(Secret::new))
}

async fn write(app: &App, answer: UserInfoAnswer) -> Result<Response, OAuthError> {
    let Some(alg) = answer.signed_by else {
        return Ok(respond::json(StatusCode::OK, &answer.claims));
    };
    let signed = app.sign(alg, id_token::TYP, &answer.claims).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/jwt")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, signed).into_response())
}

/// A challenge without an error, for nothing was presented that could be wrong (RFC 6750 §3.1).
fn unasked(app: &App) -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let challenge = Challenge::new("Bearer").with("realm", app.issuer());
    if let Ok(value) = HeaderValue::from_str(&challenge.to_string()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// Whoever came with the scheme `DPoP` is answered in it (RFC 9449 §7.1).
fn refusal(app: &App, headers: &HeaderMap, error: &OAuthError) -> Response {
    let blamed = matches!(
        error.code(),
        ErrorCode::InvalidToken
            | ErrorCode::InsufficientScope
            | ErrorCode::InvalidRequest
            | ErrorCode::InvalidDpopProof
    );
    let bad_proof = error.code() == ErrorCode::InvalidDpopProof;
    let challenge = match bad_proof || dpop::is_scheme(headers) {
        true => Challenge::new("DPoP").with("algs", ALGORITHMS.join(" ")),
        false => Challenge::new("Bearer"),
    };
    let mut challenge = challenge
        .with("realm", app.issuer())
        .with("error", error.code().as_str())
        .with("error_description", error.description());
    if error.code() == ErrorCode::InsufficientScope {
        challenge = challenge.with("scope", "openid");
    }
    // RFC 9449 §7.1: at a resource a bad proof is as bad as no token.
    let status = match bad_proof {
        true => StatusCode::UNAUTHORIZED,
        false => error.status(),
    };
    respond::refusal_as(status, error, blamed.then_some(&challenge))
}
