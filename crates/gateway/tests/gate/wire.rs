//! A client that writes what no library would.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Said {
    /// The one header of this name; more than one fails the test.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} comes twice: {self:?}");
        value
    }

    /// All headers of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `error` of a refusal, which nobody may keep.
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let error = self.json()["error"].as_str().map(str::to_owned);
        error.unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}

/// Sends these lines, without a body, and reads the answer.
pub(crate) async fn send(to: SocketAddr, line: &str, headers: &[&str]) -> Said {
    let stream = TcpStream::connect(to).await.expect("connected");
    over(stream, line, headers).await
}

/// The same on this connection.
pub(crate) async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    line: &str,
    headers: &[&str],
) -> Said {
    let mut text = format!("{line} HTTP/1.1\r\nHost: api.example.com\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    exchange(stream, &format!("{text}Connection: close\r\n\r\n")).await
}

/// Sends these bytes, and reads all that comes back.
pub(crate) async fn raw(to: SocketAddr, text: &str) -> Said {
    let stream = TcpStream::connect(to).await.expect("connected");
    exchange(stream, text).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> Said {
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("answered");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    Said {
        status: status.expect("a status"),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
