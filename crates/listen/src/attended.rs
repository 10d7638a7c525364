//! A connection whose peer must not be silent for too long.
//!
//! hyper bounds the time for an HTTP/1 header, but only once it knows that it is HTTP/1: a peer that sends nothing, or
//! a part of HTTP/2's preface, or that preface and nothing after it, would keep its connection for ever. So would one that
//! asks for something and never takes it.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::patience::Patience;
use crate::under_way::UnderWay;

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The connection.
#[derive(Debug)]
pub(crate) struct Attended<T> {
    stream: T,
    silence: Duration,
    under_way: Arc<UnderWay>,
    /// How much of the preface has come, while nothing else has.
    greeted: Option<usize>,
    deadline: Instant,
    /// Since when the peer takes nothing of what we write.
    stuck: Option<Instant>,
    /// Wakes at the deadline as it was when this was last looked at: reading only moves the deadline, for a timer
    /// costs more than a time.
    alarm: Pin<Box<Sleep>>,
}

impl<T> Attended<T> {
    pub(crate) fn new(stream: T, patience: Patience, under_way: Arc<UnderWay>) -> Self {
        Self {
            stream,
            silence: patience.silence,
            under_way,
            greeted: Some(0),
            deadline: Instant::now() + patience.greeting,
            stuck: None,
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

    /// What came of writing.
    fn written<R>(
        &mut self,
        polled: Poll<io::Result<R>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            if self.stuck.take().is_some() && self.greeted.is_none() {
                self.deadline = Instant::now() + self.silence;
            }
            return polled;
        }
        self.stuck.get_or_insert_with(Instant::now);
        self.poll_deadline(cx)
            .map(|()| Err(ErrorKind::TimedOut.into()))
    }

    /// Ready when the peer has been silent for too long.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            let deadline = self.deadline(now);
            if now >= deadline {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(deadline);
        }
    }

    fn deadline(&self, now: Instant) -> Instant {
        if let Some(since) = self.stuck {
            return since + self.silence;
        }
        match self.under_way.idle_since() {
            None => now + self.silence,
            Some(_) if self.greeted.is_some() => self.deadline,
            Some(since) => self.deadline.max(since + self.silence),
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
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.written(polled, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.written(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        this.written(polled, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.written(polled, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::{Attended, PREFACE, Patience};
    use crate::under_way::{Turn, UnderWay};

    const PATIENCE: Patience = Patience {
        greeting: Duration::from_millis(200),
        silence: Duration::from_millis(600),
    };

    fn about(took: Duration, millis: u64) {
        let millis = Duration::from_millis(millis);
        assert!(
            (millis..millis + Duration::from_millis(20)).contains(&took),
            "{took:?}"
        );
    }

    /// How long a peer is listened to that sends each of `parts` after a pause.
    async fn heard(parts: &[&[u8]], pause: Duration) -> Duration {
        let (mut peer, ours) = duplex(64);
        let mut ours = Attended::new(ours, PATIENCE, UnderWay::new());
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
        about(silent, 200);
        about(part, 200);
        about(crawling, 200);
        about(http1, 600);
        about(http2, 600);
        about(talking, 1600);
    }

    /// How long a peer is listened to that has asked for something, while `doing` goes on with the request.
    async fn asked<F: Future<Output = ()>>(doing: impl FnOnce(Arc<Turn>) -> F) -> Duration {
        let (mut peer, ours) = duplex(64);
        let under_way = UnderWay::new();
        let mut ours = Attended::new(ours, PATIENCE, Arc::clone(&under_way));
        peer.write_all(b"G").await.expect("written");
        ours.read_u8().await.expect("read");
        let began = Instant::now();
        let doing = async {
            doing(Turn::of(&under_way)).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = doing => {}
            _ = ours.read_u8() => {}
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_us_is_not_silent() {
        let long = || tokio::time::sleep(Duration::from_secs(5));
        let (slow, body, taken, stream, given) = tokio::join!(
            asked(|turn| async move {
                long().await;
                drop(turn);
            }),
            // The body is awaited, and then the answer: the body no longer matters.
            asked(|turn| async move {
                turn.body(false);
                long().await;
            }),
            asked(|turn| async move {
                turn.answered();
                long().await;
            }),
            asked(|turn| async move {
                turn.answered();
                turn.answer(true);
                turn.body(false);
                long().await;
                turn.answer(false);
                std::future::pending::<()>().await;
            }),
            asked(|turn| async move {
                turn.body(false);
                turn.body(true);
                long().await;
            }),
        );
        about(slow, 5600);
        about(body, 600);
        about(taken, 600);
        about(stream, 5600);
        about(given, 5600);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_nothing_is_silent_whatever_else_it_does() {
        let (mut peer, ours) = duplex(64);
        let under_way = UnderWay::new();
        let ours = Attended::new(ours, PATIENCE, Arc::clone(&under_way));
        let turn = Turn::of(&under_way);
        peer.write_all(b"GET /").await.expect("written");
        let (mut reading, mut writing) = tokio::io::split(ours);
        let talking = async {
            for _ in 0..50 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = peer.write_all(b"x").await;
            }
        };
        let listening = async { while reading.read_u8().await.is_ok() {} };
        let began = Instant::now();
        tokio::select! {
            () = talking => {}
            () = async { let _ = tokio::join!(listening, writing.write_all(&[0; 65])); } => {}
        }
        about(began.elapsed(), 600);
        drop(turn);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_become_a_websocket_may_be_quiet() {
        let (mut peer, ours) = duplex(64);
        let under_way = UnderWay::new();
        let mut ours = Attended::new(ours, PATIENCE, Arc::clone(&under_way));
        let turn = Turn::of(&under_way);
        turn.upgraded();
        drop(turn);
        let talking = async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            peer.write_all(b"x").await.expect("written");
        };
        let (heard, ()) = tokio::join!(ours.read_u8(), talking);
        assert_eq!(heard.expect("it is still open"), b'x');
    }
}
