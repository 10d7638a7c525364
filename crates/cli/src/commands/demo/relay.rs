//! A relay before the token endpoint that counts what really arrives there. It takes its time and changes
//! nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How far away the server seems: long enough that everybody meets the expired token while it is being renewed.
const DISTANCE: Duration = Duration::from_millis(100);

/// Listens on loopback and passes everything on to the server behind it, for as long as it lives.
pub(super) struct Relay {
    address: SocketAddr,
    refreshes: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Relay {
    /// A relay before `server`.
    pub(super) async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let refreshes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&refreshes);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move { pass_on(client, server, &counter).await });
            }
        });
        Ok(Self {
            address,
            refreshes,
            task,
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many refresh requests have passed, whole ones.
    pub(super) fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, counter: &AtomicUsize) -> io::Result<()> {
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let (from_client, mut to_client) = client.into_split();
    let mut from_server = from_server;
    tokio::select! {
        done = there(from_client, to_server, counter) => done,
        done = tokio::io::copy(&mut from_server, &mut to_client) => done.map(drop),
    }
}

async fn there(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    counter: &AtomicUsize,
) -> io::Result<()> {
    let mut requests = Requests::default();
    let mut chunk = [0; 4096];
    loop {
        let count = from.read(&mut chunk).await?;
        let bytes = chunk.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        // Counted before it goes on: no answer can be there before its request is counted.
        let refreshes = requests.refreshes_in(bytes);
        counter.fetch_add(refreshes, Ordering::SeqCst);
        if refreshes > 0 {
            tokio::time::sleep(DISTANCE).await;
        }
        to.write_all(bytes).await?;
    }
}

/// The requests of one connection, of HTTP/1.1 with `Content-Length`, which is what the client sends.
#[derive(Default)]
struct Requests {
    begun: Vec<u8>,
}

impl Requests {
    /// How many refresh requests `bytes` complete.
    fn refreshes_in(&mut self, bytes: &[u8]) -> usize {
        self.begun.extend_from_slice(bytes);
        std::iter::from_fn(|| self.whole())
            .filter(|request| is_refresh(request))
            .count()
    }

    /// The first request, when all of it is there.
    fn whole(&mut self) -> Option<Vec<u8>> {
        let head = self.begun.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
        let lines = String::from_utf8_lossy(self.begun.get(..head)?).to_ascii_lowercase();
        let length = lines
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let body: usize = length
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
        let end = head
            .checked_add(body)
            .filter(|end| *end <= self.begun.len())?;
        Some(self.begun.drain(..end).collect())
    }
}

fn is_refresh(request: &[u8]) -> bool {
    let wanted = b"grant_type=refresh_token";
    request.windows(wanted.len()).any(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::Requests;

    const REFRESH: &[u8] = b"POST /oauth/token HTTP/1.1\r\nContent-Length: 40\r\n\r\n\
        grant_type=refresh_token&refresh_token=x";

    #[test]
    fn requests_are_counted_once_however_they_are_cut() {
        let other = b"GET /x HTTP/1.1\r\n\r\n";
        let stream = [REFRESH, other, REFRESH, REFRESH].concat();
        for size in [1, 7, 60, stream.len()] {
            let mut requests = Requests::default();
            let count: usize = stream
                .chunks(size)
                .map(|part| requests.refreshes_in(part))
                .sum();
            assert_eq!(count, 3, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_not_whole_does_not_count() {
        let cut = REFRESH.len() - 1;
        assert_eq!(Requests::default().refreshes_in(&REFRESH[..cut]), 0);
    }
}
