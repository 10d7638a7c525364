//! Requests by hand, for what no command of ours would send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Sends a request with these header lines and this body to an origin, and reads the answer to its end.
#[track_caller]
pub(crate) fn send(origin: &str, request: &str, headers: &[&str], body: &str) -> Answer {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    let head: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    Answer::of(&answer)
}

/// The same without a body.
#[track_caller]
pub(crate) fn get(origin: &str, path: &str, headers: &[&str]) -> Answer {
    send(origin, &format!("GET {path}"), headers, "")
}

/// Sends a form.
#[track_caller]
pub(crate) fn post_form(origin: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(form).finish();
    let kind = "Content-Type: application/x-www-form-urlencoded";
    send(origin, &format!("POST {path}"), &[kind], &body)
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.and_then(|text| text.parse().ok()).expect("a status"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// It has this status.
    #[track_caller]
    pub(crate) fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Every value of a header, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let own = self.headers.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
