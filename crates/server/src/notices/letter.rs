//! A notice as it goes over the wire.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_http::OsEntropy;
use gatepass_proto::decide::notice::{News, Notice};
use gatepass_proto::decide::record::Client;
use gatepass_proto::decide::{Done, id_token_alg};
use gatepass_proto::jose::access_token::Audience;
use gatepass_proto::jose::logout_token::{Events, LogoutToken, TYP};
use gatepass_proto::{Cx, OAuthError, Params, Timestamp, UserId};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;

/// How long a logout token is good (§2.4): it is signed when it is sent.
const LOGOUT_TOKEN: Duration = Duration::from_secs(120);

/// Why there is nothing to send.
pub(super) enum Unwritten {
    /// The client is gone, or does not want to be told any more.
    Unwanted,
    /// It cannot be written now.
    Failed(OAuthError),
}

impl From<OAuthError> for Unwritten {
    fn from(error: OAuthError) -> Self {
        Self::Failed(error)
    }
}

/// What a ping is made of (CIBA §10.2), as it was sealed.
#[derive(Deserialize)]
struct Ping {
    auth_req_id: String,
    client_notification_token: String,
}

/// Writes it for the client as it is registered now.
pub(super) async fn write(app: &App, notice: &Notice) -> Result<Request<Vec<u8>>, Unwritten> {
    let client = client(app, notice).await?.ok_or(Unwritten::Unwanted)?;
    match &notice.news {
        News::Logout { user_id, sid } => {
            let to = client.details.backchannel_logout_uri.as_deref();
            let to = to.ok_or(Unwritten::Unwanted)?;
            let token = logout_token(app, &client, user_id, sid).await?;
            logout(to, &token)
        }
        News::Ping { sealed } => {
            let details = &client.details;
            let to = details.backchannel_client_notification_endpoint.as_deref();
            let to = to.ok_or(Unwritten::Unwanted)?;
            ping(to, &open(app, &client, sealed)?)
        }
    }
}

async fn client(app: &App, notice: &Notice) -> Result<Option<Client>, OAuthError> {
    let found = app.judge_alone(|facts, _| {
        let found = facts.registered(&notice.client_id)?;
        Ok(Done::unchanged(found.cloned()))
    });
    found.await
}

/// §2.4. Both `sub` and `sid` are there, so that every client finds what it knows the login by.
async fn logout_token(
    app: &App,
    client: &Client,
    user_id: &UserId,
    sid: &str,
) -> Result<String, OAuthError> {
    let now = app.clock().now();
    let alg = id_token_alg(&client.details)
        .ok_or_else(|| OAuthError::unavailable().hint("the client's algorithm is not served"))?;
    let claims = LogoutToken {
        iss: app.issuer().to_owned(),
        aud: Audience::One(client.client_id.as_str().to_owned()),
        iat: now.as_secs(),
        exp: (now + LOGOUT_TOKEN).as_secs(),
        jti: jti(now),
        sub: Some(app.rules().subject(client, user_id)),
        sid: Some(sid.to_owned()),
        events: Events,
    };
    app.sign(alg, TYP, &claims).await
}

fn jti(now: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(Cx::new(now, &mut OsEntropy).bytes::<16>())
}

fn open(app: &App, client: &Client, sealed: &str) -> Result<Ping, OAuthError> {
    let failed = |hint: String| OAuthError::unavailable().hint(hint);
    let opened = app.notices().open(&client.client_id, sealed);
    let opened = opened.map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&opened).map_err(|_| failed("the notice is damaged".to_owned()))
}

/// §2.5.
fn logout(to: &str, token: &str) -> Result<Request<Vec<u8>>, Unwritten> {
    let mut params = Params::new();
    params.push("logout_token", token);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let request = Request::post(to).header(CONTENT_TYPE, form);
    finished(request.body(params.to_form().into_bytes()))
}

/// CIBA §10.2.
fn ping(to: &str, ping: &Ping) -> Result<Request<Vec<u8>>, Unwritten> {
    let bearer = format!("Bearer {}", ping.client_notification_token);
    let mut bearer = HeaderValue::try_from(bearer)
        .map_err(|_| OAuthError::unavailable().hint("the client's token is no header"))?;
    bearer.set_sensitive(true);
    let body = json!({ "auth_req_id": ping.auth_req_id });
    let request = Request::post(to)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(AUTHORIZATION, bearer);
    finished(request.body(body.to_string().into_bytes()))
}

fn finished(request: Result<Request<Vec<u8>>, http::Error>) -> Result<Request<Vec<u8>>, Unwritten> {
    request.map_err(|error| OAuthError::unavailable().hint(error.to_string()).into())
}
