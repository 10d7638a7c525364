//! As much of an HTTP/1.1 client as a load needs: one request at a time on a connection that stays open. It is
//! small so that the load's core is not the bottleneck.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// A connection that stays open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer with a `Content-Length`.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a str,
    pub(crate) body: &'a str,
}

impl<'a> Answer<'a> {
    /// The values of a header, in their order.
    pub(crate) fn headers(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        headers(self.head, name)
    }

    /// Its first line of text, for a message.
    pub(crate) fn told(&self) -> String {
        let start: String = self.body.chars().take(200).collect();
        format!("{} {start:?}", self.status)
    }

    /// Where it sends a browser.
    pub(crate) fn location(&self) -> Option<&'a str> {
        self.headers("location").next()
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(MAX_ANSWER),
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let read = async {
            loop {
                let read = self.stream.read_buf(&mut self.buffer).await?;
                ensure!(read > 0, "the server closed the connection");
                ensure!(self.buffer.len() <= MAX_ANSWER, "the answer is too long");
                if let Some(head) = Head::parse(&self.buffer)? {
                    let whole = head.length + head.content_length;
                    ensure!(self.buffer.len() <= whole, "there is more than one answer");
                    if self.buffer.len() == whole {
                        return Ok(head);
                    }
                }
            }
        };
        let head = timeout(PATIENCE, read)
            .await
            .context("no answer in time")??;
        let (text, body) = self.buffer.split_at(head.length);
        Ok(Answer {
            status: head.status,
            head: std::str::from_utf8(text)?,
            body: std::str::from_utf8(body)?,
        })
    }
}

struct Head {
    status: u16,
    /// With the empty line.
    length: usize,
    content_length: usize,
}

impl Head {
    /// `None` while it is not complete.
    fn parse(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
        let status = text.strip_prefix("HTTP/1.1 ");
        let status = status
            .and_then(|line| line.get(..3))
            .context("not HTTP/1.1")?;
        let content_length = headers(text, "content-length")
            .next()
            .context("the answer has no Content-Length")?;
        Ok(Some(Self {
            status: status.parse()?,
            length: end + 4,
            content_length: content_length.parse()?,
        }))
    }
}

fn headers<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    head.split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn heads() {
        let text = b"HTTP/1.1 200 OK\r\nCONTENT-length: 12\r\n\r\nabc";
        let head = Head::parse(text).unwrap().unwrap();
        assert_eq!(
            (head.status, head.length, head.content_length),
            (200, 39, 12)
        );
        assert!(Head::parse(&text[..30]).unwrap().is_none());
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Head::parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
