//! A small HTTP/1.1 client that sends exactly the bytes it is told to.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::pairs::Pairs;

/// A request in the making.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn new(method: &str, target: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: impl Into<Vec<u8>>) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut call = self.header("Content-Type", content_type);
        call.body = body.into();
        call
    }

    pub(crate) fn form(self, pairs: &Pairs) -> Self {
        self.body("application/x-www-form-urlencoded", pairs.form())
    }

    pub(crate) fn json(self, text: &str) -> Self {
        self.body("application/json", text)
    }

    /// HTTP Basic as Python's requests writes it: nothing is form-encoded.
    pub(crate) fn basic(self, name: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{name}:{secret}"));
        self.header("Authorization", format!("Basic {pair}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// The bytes; the connection ends after the answer.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&self.target);
        out.extend_from_slice(b" HTTP/1.1\r\nHost: server\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() || self.method == "POST" {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }

    pub(crate) async fn send(&self, to: SocketAddr) -> Answer {
        Answer::read(&exchange(to, &self.bytes()).await)
    }
}

/// Sends `bytes` and reads until the other end closes. A peer that has heard enough may reset the connection while
/// we still talk; what it said before counts.
pub(crate) async fn exchange(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let stream = TcpStream::connect(to).await.expect("the server listens");
    let (mut read, mut write) = stream.into_split();
    let bytes = bytes.to_owned();
    let writing = tokio::spawn(async move {
        let _ = write.write_all(&bytes).await;
        write
    });
    let heard = hear(&mut read).await;
    let _ = writing.await;
    heard
}

/// Everything up to the end of the connection.
pub(crate) async fn hear(read: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    while let Ok(n @ 1..) = read.read(&mut part).await {
        heard.extend_from_slice(part.get(..n).unwrap_or_default());
    }
    heard
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_owned()).expect("answers are UTF-8");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("not an HTTP answer: {text:?}"));
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .expect("a status line");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    /// The values of a header, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a header that must not come twice.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} comes more than once: {self:?}");
        all.first().copied()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// A text member of the JSON body.
    pub(crate) fn text(&self, member: &str) -> String {
        let value = self.json();
        let text = value.get(member).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {member}: {self:?}"))
            .to_owned()
    }

    /// Where the browser is sent, taken apart.
    pub(crate) fn location(&self) -> Pairs {
        assert_eq!(self.status, 303, "{self:?}");
        let location = self.header("location").expect("a Location");
        let (_, query) = location.split_once('?').unwrap_or((location, ""));
        Pairs::parse(query)
    }

    /// Asserts that nobody may keep this answer.
    pub(crate) fn is_private(&self) -> &Self {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        self
    }

    /// Asserts a success that nobody may keep.
    pub(crate) fn good(&self) -> &Self {
        assert_eq!(self.status, 200, "{self:?}");
        self.is_private()
    }

    /// Asserts a refusal in the standard's words (RFC 6749 §5.2).
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        let said = (self.status, self.text("error"));
        assert_eq!(said, (status, code.to_owned()), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(self.text("error_description").bytes().all(allowed));
        self.is_private()
    }

    /// Asserts a page that says what is wrong and leads nowhere.
    pub(crate) fn error_page(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("location"), None, "{self:?}");
        assert_eq!(self.header("set-cookie"), None, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{self:?}"
        );
        assert!(!self.body.contains("<form"), "{self:?}");
        self.is_private()
    }
}
