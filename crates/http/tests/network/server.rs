//! A tiny server on a real socket: one answer to each request, written by hand, byte for byte.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What to do with a request.
pub(crate) enum Act {
    /// Write these bytes and close.
    Write(Vec<u8>),
    /// Write nothing and close.
    Hang(std::time::Duration),
    /// Wait, then write.
    Later(std::time::Duration, Vec<u8>),
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Answer = dyn Fn(&Seen) -> Act + Send + Sync;

impl Server {
    /// Answers every request by `answer`.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen("http", None, Arc::new(answer)).await
    }

    /// The same with TLS.
    pub(crate) async fn start_tls(
        tls: tokio_rustls::TlsAcceptor,
        answer: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::listen("https", Some(tls), Arc::new(answer)).await
    }

    async fn listen(
        scheme: &str,
        tls: Option<tokio_rustls::TlsAcceptor>,
        answer: Arc<Answer>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "{scheme}://localhost:{}",
            listener.local_addr().expect("an address").port()
        );
        let server = Self {
            url,
            seen: Arc::default(),
        };
        let seen = server.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, seen, tls) = (answer.clone(), seen.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*answer, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &*answer, &seen).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        server
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request has come")
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &Answer,
    log: &Mutex<Vec<Seen>>,
) -> Option<()> {
    let seen = read(&mut stream).await?;
    log.lock().expect("not poisoned").push(seen.clone());
    match answer(&seen) {
        Act::Write(bytes) => stream.write_all(&bytes).await.ok()?,
        Act::Hang(time) => tokio::time::sleep(time).await,
        Act::Later(time, bytes) => {
            tokio::time::sleep(time).await;
            stream.write_all(&bytes).await.ok()?;
        }
    }
    stream.shutdown().await.ok()
}

/// Reads one request.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at;
        }
        fill(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let mut seen = Seen {
        method: words.next()?.into(),
        target: words.next()?.into(),
        ..Seen::default()
    };
    seen.headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    let mut body = bytes.split_off(end + 4);
    if let Some(length) = seen
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok())
    {
        while body.len() < length {
            fill(stream, &mut body).await?;
        }
    } else if seen.header("transfer-encoding").is_some() {
        while !body.ends_with(b"0\r\n\r\n") {
            fill(stream, &mut body).await?;
        }
    }
    seen.body = body;
    Some(seen)
}

async fn fill(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4096];
    let count = stream
        .read(&mut chunk)
        .await
        .ok()
        .filter(|count| *count > 0)?;
    bytes.extend_from_slice(chunk.get(..count)?);
    Some(())
}

/// An answer with these headers and this body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let mut bytes = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    )
    .into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Act::Write(bytes)
}

/// A redirect.
pub(crate) fn redirect(status: u16, to: &str) -> Act {
    answer(status, &[("Location", to)], "")
}
