//! Requests as the protocol's endpoints read them: bounded, typed, and refused where they are ambiguous.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use gatepass_proto::client_auth::{Certificate, Presented};
use gatepass_proto::dpop::DPOP;
use gatepass_proto::{OAuthError, Params};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};

use crate::app::App;
use crate::respond;

/// The largest body of a protocol request, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// How much of a larger one is read for nothing, in bytes.
const MAX_DRAIN: usize = 4 * 1024 * 1024;
/// How long the peer may pause in that.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);

const NOT_A_FORM: &str = "the body must be application/x-www-form-urlencoded";

/// A form (or, as an older habit, JSON) posted to one of the protocol's endpoints.
#[derive(Debug)]
pub(crate) struct ProtocolRequest {
    pub(crate) authorization: Option<String>,
    pub(crate) params: Params,
    pub(crate) json: bool,
    /// The values of its `DPoP` headers.
    pub(crate) proofs: Vec<String>,
    /// The certificate that the client has shown.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

impl ProtocolRequest {
    /// How the client identified itself, and the parameters.
    pub(crate) fn presented(&self) -> Presented<'_> {
        Presented::read(self.authorization.as_deref(), &self.params)
            .with_certificate(self.certificate.clone())
    }

    /// Refuses JSON where only the standard's form will do.
    pub(crate) fn must_be_form(&self) -> Result<(), OAuthError> {
        if self.json {
            return Err(OAuthError::invalid_request(NOT_A_FORM));
        }
        Ok(())
    }

    async fn read(request: Request, app: &App) -> Result<Self, OAuthError> {
        let (parts, body) = request.into_parts();
        let authorization = authorization(&parts.headers)?;
        let json = match media_type(&parts.headers)?.as_deref() {
            Some("application/x-www-form-urlencoded") => false,
            Some("application/json") => true,
            _ => return Err(OAuthError::invalid_request(NOT_A_FORM)),
        };
        let body = body_bytes(body).await?;
        let params = if json {
            Params::parse_json(&body)
        } else {
            Params::parse_form(&body)
        };
        let params = params.map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
        Ok(Self {
            authorization,
            params,
            json,
            proofs: proofs(&parts.headers),
            certificate: app
                .certified()
                .certificate(&parts.extensions, app.clock().now()),
        })
    }
}

impl FromRequest<App> for ProtocolRequest {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        Self::read(request, app)
            .await
            .map_err(|error| respond::refusal(&error, app.issuer()))
    }
}

/// The address of the other end, or what a trusted proxy says that this was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Peer {
    /// Of a request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        let told = extensions.get::<Self>().copied();
        told.or_else(|| Some(Self(extensions.get::<ConnectInfo<SocketAddr>>()?.0)))
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::of(&parts.extensions).ok_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The `Authorization` header; two of them are nobody's.
pub(crate) fn authorization(headers: &HeaderMap) -> Result<Option<String>, OAuthError> {
    single(headers, &AUTHORIZATION)
}

/// The whole body within the limit.
///
/// One that is larger is read on for a while and thrown away: a peer that is still sending when the connection closes
/// never sees the answer that tells it why.
pub(crate) async fn body_bytes(body: Body) -> Result<Bytes, OAuthError> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = next(&mut chunks, seen > MAX_BODY).await {
        let chunk = chunk.map_err(|_| OAuthError::invalid_request("the body broke off"))?;
        seen = seen.saturating_add(chunk.len());
        if seen > MAX_DRAIN {
            break;
        }
        if seen <= MAX_BODY {
            whole.extend_from_slice(&chunk);
        }
    }
    if seen > MAX_BODY {
        return Err(OAuthError::too_large());
    }
    Ok(whole.freeze())
}

/// The next piece. Nobody waits long for what is thrown away.
async fn next(chunks: &mut BodyDataStream, drains: bool) -> Option<Result<Bytes, axum::Error>> {
    if drains {
        tokio::time::timeout(DRAIN_PAUSE, chunks.next())
            .await
            .ok()?
    } else {
        chunks.next().await
    }
}

/// The `Content-Type` without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Result<Option<String>, OAuthError> {
    let value = single(headers, &CONTENT_TYPE)?;
    Ok(value.map(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }))
}

/// What is no text is as bad a proof as any other.
pub(crate) fn proofs(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(DPOP).iter();
    let texts = values.map(|value| value.to_str().unwrap_or_default().to_owned());
    texts.collect()
}

fn single(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, OAuthError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(OAuthError::invalid_request(format!(
            "more than one {name} header"
        )));
    }
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| OAuthError::invalid_request(format!("{name} header is not UTF-8")))?;
    Ok(Some(text.to_owned()))
}
