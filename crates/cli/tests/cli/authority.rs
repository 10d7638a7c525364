//! An authorization server that answers as a test says, and remembers what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use gatepass_http::OsEntropy;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Cx, Timestamp};
use serde_json::{Value, json};

/// A running server.
pub(crate) struct Authority {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
    /// How many came before it for the same path.
    pub(crate) before: usize,
}

impl Asked {
    /// A parameter of its form.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let mut params = url::form_urlencoded::parse(self.body.as_bytes());
        params
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl Authority {
    /// Answers with a status and a JSON body; the origin of the server is told too.
    pub(crate) fn start(
        answer: impl Fn(&Asked, &str) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (own, log, answer) = (origin.clone(), asked.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, log, answer) = (own.clone(), log.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &log, |asked| answer(asked, &own)));
            }
        });
        Self { origin, asked }
    }

    /// What it was asked at this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().expect("whole");
        asked
            .iter()
            .filter(|own| own.is_for(path))
            .cloned()
            .collect()
    }

    /// Every path that was asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("whole");
        asked.iter().map(|own| own.path.clone()).collect()
    }
}

impl Asked {
    pub(crate) fn is_for(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }
}

/// What a server of these endpoints says of itself.
pub(crate) fn metadata(origin: &str, more: &Value) -> (u16, Value) {
    let mut document = json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "code_challenge_methods_supported": ["S256"],
    });
    let own = document.as_object_mut().expect("an object");
    own.extend(more.as_object().expect("an object").clone());
    (200, document)
}

/// Nothing there.
pub(crate) fn nothing() -> (u16, Value) {
    (404, json!({}))
}

/// A key to sign with.
pub(crate) fn key() -> SigningKey {
    let mut entropy = OsEntropy;
    let cx = &mut Cx::new(Timestamp::from_secs(0), &mut entropy);
    SigningKey::generate("ES256", cx).expect("a key")
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    answer: impl Fn(&Asked) -> (u16, Value),
) -> Option<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let asked = {
        let mut log = log.lock().expect("whole");
        let bare = path.split('?').next().unwrap_or_default().to_owned();
        let before = log.iter().filter(|own| own.is_for(&bare)).count();
        let asked = Asked {
            method,
            path,
            head,
            body,
            before,
        };
        log.push(asked.clone());
        asked
    };
    let (status, body) = answer(&asked);
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).ok()
}
