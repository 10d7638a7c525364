//! A WebSocket: the client's end and the upstream's, joined.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

use super::hop::tokens;
use super::pulse::Pulse;
use crate::open::WebSocket;

/// Says on a head that the connection becomes a WebSocket.
pub(super) fn say(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether the head of an answer agrees to it.
pub(super) fn agrees(headers: &HeaderMap) -> bool {
    let mut protocols = tokens(headers, &UPGRADE);
    let first = protocols.next();
    first.is_some_and(|own| own.eq_ignore_ascii_case("websocket")) && protocols.next().is_none()
}

/// Joins the two ends as soon as both have switched, until one is closed, both are silent for `patience`, where zero is
/// for ever, or it is cut.
pub(super) fn join(client: OnUpgrade, upstream: OnUpgrade, patience: Duration, open: WebSocket) {
    tokio::spawn(async move {
        let (client, upstream) = match tokio::try_join!(client, upstream) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::debug!(%error, "a connection was not upgraded");
                return;
            }
        };
        let pulse = Arc::new(Pulse::new());
        let mut client = End::new(client, &pulse);
        let mut upstream = End::new(upstream, &pulse);
        tokio::select! {
            ended = copy_bidirectional(&mut client, &mut upstream) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a WebSocket broke off");
                }
            }
            () = pulse.silence(patience) => {
                tracing::debug!("a WebSocket was silent for too long");
            }
            () = open.cut() => {}
        }
    });
}

/// One end, whose every byte is a sign of life.
struct End {
    io: TokioIo<Upgraded>,
    pulse: Arc<Pulse>,
}

impl End {
    fn new(io: Upgraded, pulse: &Arc<Pulse>) -> Self {
        Self {
            io: TokioIo::new(io),
            pulse: pulse.clone(),
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.pulse.beat();
        }
        read
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
