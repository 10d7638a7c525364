//! How long a peer may be silent.
//!
//! hyper bounds the time for an HTTP/1 header, but only once it knows that it is HTTP/1: a peer that sends nothing, or
//! a part of HTTP/2's preface, or that preface and nothing after it, would keep its connection for ever.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a peer may be silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it is clear which HTTP it speaks, all together.
    pub(crate) greeting: Duration,
    /// After that, between two things it sends. A request's whole time has to fit in.
    pub(crate) silence: Duration,
}

/// An acceptor whose connections end when the peer is silent for too long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient<A> {
    inner: A,
    patience: Patience,
}

impl<A> Patient<A> {
    pub(crate) fn new(inner: A, patience: Patience) -> Self {
        Self { inner, patience }
    }
}

type Accepting<T, S> = Pin<Box<dyn Future<Output = io::Result<(Attended<T>, S)>> + Send>>;

impl<A, I, S> Accept<I, S> for Patient<A>
where
    A: Accept<I, S, Future: Send + 'static>,
{
    type Stream = Attended<A::Stream>;
    type Service = A::Service;
    type Future = Accepting<A::Stream, A::Service>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let patience = self.patience;
        let accepting = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((Attended::new(stream, patience), service))
        })
    }
}

/// A connection whose peer must not be silent for too long.
#[derive(Debug)]
pub(crate) struct Attended<T> {
    stream: T,
    silence: Duration,
    /// How much of the preface has come, while nothing else has.
    greeted: Option<usize>,
    deadline: Instant,
    /// Wakes at the deadline as it was when this was last looked at: reading only moves the deadline, for a timer
    /// costs more than a time.
    alarm: Pin<Box<Sleep>>,
}

impl<T> Attended<T> {
    fn new(stream: T, patience: Patience) -> Self {
        Self {
            stream,
            silence: patience.silence,
            greeted: Some(0),
            deadline: Instant::now() + patience.greeting,
            alarm: Box::pin(sleep(patience.greeting)),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.greeted = self
            .greeted
            .map(|so_far| (so_far, so_far + bytes.len()))
            .filter(|(so_far, now)| PREFACE.get(*so_far..*now) == Some(bytes))
            .map(|(_, now)| now)
            .filter(|now| *now < PREFACE.len());
        if self.greeted.is_none() {
            self.deadline = Instant::now() + self.silence;
        }
    }

    /// Ready when the deadline has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(self.deadline);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Attended<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.hear(buf.filled().get(before..).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Poll::Pending => this
                .poll_deadline(cx)
                .map(|()| Err(ErrorKind::TimedOut.into())),
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Attended<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::{Attended, PREFACE, Patience};

    const PATIENCE: Patience = Patience {
        greeting: Duration::from_millis(200),
        silence: Duration::from_millis(600),
    };

    /// How long a peer is listened to that sends each of `parts` after a pause.
    async fn heard(parts: &[&[u8]], pause: Duration) -> Duration {
        let (mut peer, ours) = duplex(64);
        let mut ours = Attended::new(ours, PATIENCE);
        let began = Instant::now();
        let talking = async {
            for part in parts {
                tokio::time::sleep(pause).await;
                let _ = peer.write_all(part).await;
            }
            std::future::pending::<()>().await;
        };
        let listening = async { while ours.read_u8().await.is_ok() {} };
        tokio::select! {
            () = talking => {}
            () = listening => {}
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_was_said() {
        let (none, pause) = (Duration::ZERO, Duration::from_millis(50));
        let letters: Vec<&[u8]> = PREFACE.chunks(1).take(20).collect();
        let words = [b"G".as_slice(); 10];
        let (silent, part, crawling, http1, http2, talking) = tokio::join!(
            heard(&[], none),
            heard(&[b"PRI * "], none),
            heard(&letters, pause),
            heard(&[b"GET /"], none),
            heard(&[PREFACE], none),
            heard(&words, pause * 2),
        );
        let about = |took: Duration, millis: u64| {
            let millis = Duration::from_millis(millis);
            assert!(
                (millis..millis + Duration::from_millis(20)).contains(&took),
                "{took:?}"
            );
        };
        about(silent, 200);
        about(part, 200);
        about(crawling, 200);
        about(http1, 600);
        about(http2, 600);
        about(talking, 1600);
    }
}
