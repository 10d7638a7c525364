//! What stands before an authorization server: it counts refreshes, and holds them back when it is told to. A client
//! that asks for itself, without a refresh token, counts as well.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::wire::{self, Seen};

/// The server behind it.
#[async_trait]
pub(crate) trait Back: Send + Sync + 'static {
    /// The answer in full, head and body; `None` hangs up.
    async fn answer(&self, seen: &Seen) -> Option<Vec<u8>>;
}

/// A port that refuses connections until it is opened.
pub(crate) struct Closed {
    socket: TcpSocket,
    pub(crate) origin: String,
}

/// The open front. It ends with the test's runtime.
pub(crate) struct Front {
    pub(crate) origin: String,
    shared: Arc<Shared>,
}

/// Where a refresh is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nowhere.
    No,
    /// Before the server has seen it.
    Asked,
    /// After the server has committed, before the client hears of it.
    Judged,
}

struct Shared {
    back: Box<dyn Back>,
    held: watch::Sender<Held>,
    pause: Mutex<Duration>,
    asked: AtomicUsize,
    judged: AtomicUsize,
    told: AtomicUsize,
}

impl Closed {
    /// A port of 127.0.0.1 that is ours, and at which nobody listens.
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(([127, 0, 0, 1], 0).into())
            .expect("a free port");
        let address = socket.local_addr().expect("an address");
        Self {
            socket,
            origin: format!("http://{address}"),
        }
    }

    /// Listens.
    pub(crate) fn open(self, back: impl Back) -> Front {
        let listener = self.socket.listen(1024).expect("it listens");
        let shared = Arc::new(Shared {
            back: Box::new(back),
            held: watch::Sender::new(Held::No),
            pause: Mutex::default(),
            asked: AtomicUsize::new(0),
            judged: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Front {
            origin: self.origin,
            shared,
        }
    }
}

impl Front {
    /// How many refresh requests have come.
    pub(crate) fn refreshes(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// How many of them the server has answered, whether or not the client has heard it.
    pub(crate) fn judged(&self) -> usize {
        self.shared.judged.load(Ordering::SeqCst)
    }

    /// How many of these answers have been written to the client.
    pub(crate) fn told(&self) -> usize {
        self.shared.told.load(Ordering::SeqCst)
    }

    /// From now on refreshes are held back there; with [`Held::No`] they go on, those that wait included.
    pub(crate) fn hold(&self, held: Held) {
        self.shared.held.send_replace(held);
    }

    /// From now on each refresh takes at least so long.
    pub(crate) fn take(&self, pause: Duration) {
        *self
            .shared
            .pause
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = pause;
    }
}

impl Shared {
    /// Waits while refreshes are held back at `place`.
    async fn pass(&self, place: Held) {
        let mut held = self.held.subscribe();
        // The sender lives as long as we do.
        let _ = held.wait_for(|held| *held != place).await;
    }

    async fn refresh(&self, seen: &Seen) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.pass(Held::Asked).await;
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::time::sleep(pause).await;
        let answer = self.back.answer(seen).await;
        self.judged.fetch_add(1, Ordering::SeqCst);
        self.pass(Held::Judged).await;
        answer
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let seen = wire::read(&mut stream).await?;
        let refresh = is_renewal(&seen.text());
        let answer = match refresh {
            true => self.refresh(&seen).await?,
            false => self.back.answer(&seen).await?,
        };
        let written = stream.write_all(&answer).await;
        if refresh {
            self.told.fetch_add(1, Ordering::SeqCst);
        }
        written.ok()?;
        stream.shutdown().await.ok()
    }
}

/// Whether this asks for a token without a person; a login does not count.
fn is_renewal(form: &str) -> bool {
    ["refresh_token", "client_credentials"]
        .iter()
        .any(|grant| form.contains(&format!("grant_type={grant}")))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { shared.serve(stream).await });
    }
}
