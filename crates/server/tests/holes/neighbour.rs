//! A server on this machine, which nobody should ask.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, ToSocketAddrs};

/// It gives everybody the same answer, and remembers what they said first.
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Neighbour {
    pub(crate) async fn answering(answer: impl Into<String>) -> Self {
        Self::at("127.0.0.1:0", answer).await
    }

    pub(crate) async fn at(place: impl ToSocketAddrs, answer: impl Into<String>) -> Self {
        let listener = TcpListener::bind(place).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answer, notes) = (answer.into(), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut seen = [0; 4096];
                let read = stream.read(&mut seen).await.unwrap_or_default();
                let said = String::from_utf8_lossy(seen.get(..read).unwrap_or_default());
                let first = said.lines().next().unwrap_or_default().to_owned();
                notes
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(first);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, heard }
    }

    /// The first line of each connection; empty where nothing was said in clear.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A good answer.
pub(crate) fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
