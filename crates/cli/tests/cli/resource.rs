//! An API that names the server whose tokens it takes (RFC 9728).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::home::Home;
use crate::server::Server;

/// Where its metadata is.
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

/// A running API.
pub(crate) struct Resource {
    pub(crate) origin: String,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    origin: String,
    issuer: String,
    /// The paths below which there is another resource each.
    parts: Vec<&'static str>,
    /// What paths answer that are not as the others.
    answers: BTreeMap<String, Answer>,
    asked: Vec<Asked>,
}

/// Answers a request, head and all.
type Answer = Box<dyn Fn(&Asked) -> String + Send>;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The credentials that came along.
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

impl Resource {
    /// One that takes the tokens of this issuer.
    pub(crate) fn of(issuer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let desk = Arc::new(Mutex::new(Desk {
            origin: origin.clone(),
            ..Desk::default()
        }));
        let own = desk.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = own.clone();
                std::thread::spawn(move || serve(stream, &desk));
            }
        });
        let resource = Self { origin, desk };
        resource.trusts(issuer);
        resource
    }

    /// One beside a server of its own, which knows it by its origin.
    pub(crate) fn served(home: &Home) -> (Self, Server) {
        Self::served_in_parts(home, &[])
    }

    /// The same with other resources below these paths.
    pub(crate) fn served_in_parts(home: &Home, parts: &[&'static str]) -> (Self, Server) {
        let resource = Self::of("");
        resource.desk.lock().expect("whole").parts = parts.to_vec();
        let mut command = home.command("serve --dev --listen 127.0.0.1:0 --output json");
        for part in parts.iter().chain([&""]) {
            command.args(["--resource", &resource.url(part)]);
        }
        let server = Server::with(&mut command);
        resource.trusts(server.issuer());
        for part in parts {
            let mut document = resource.document();
            document["resource"] = json!(resource.url(part));
            resource.publishes(&format!("{METADATA}{part}"), &document);
        }
        (resource, server)
    }

    /// From now on it takes the tokens of this issuer, and says so.
    pub(crate) fn trusts(&self, issuer: &str) {
        self.desk.lock().expect("whole").issuer = issuer.to_owned();
        self.publishes(METADATA, &self.document());
    }

    /// What it says of itself.
    pub(crate) fn document(&self) -> Value {
        json!({
            "resource": self.origin,
            "authorization_servers": [self.desk.lock().expect("whole").issuer],
            "scopes_supported": ["read", "write"],
            "bearer_methods_supported": ["header"],
        })
    }

    /// From now on this document is there.
    pub(crate) fn publishes(&self, path: &str, document: &Value) {
        let kind = "Content-Type: application/json\r\n";
        self.answers(path, "200 OK", kind, &document.to_string());
    }

    /// From now on the path answers so: a status line without its version, more headers, and a body.
    pub(crate) fn answers(&self, path: &str, status: &str, headers: &str, body: &str) {
        let answer = written(status, headers, body);
        self.decides(path, move |_| answer.clone());
    }

    /// From now on the path answers as this says; see [`written`].
    pub(crate) fn decides(&self, path: &str, answer: impl Fn(&Asked) -> String + Send + 'static) {
        let mut desk = self.desk.lock().expect("whole");
        desk.answers.insert(path.to_owned(), Box::new(answer));
    }

    /// The same for a 401 with these challenges.
    pub(crate) fn challenges(&self, path: &str, challenge: &str) {
        let headers = format!("WWW-Authenticate: {challenge}\r\n");
        self.answers(path, "401 Unauthorized", &headers, "no");
    }

    /// What it was asked at this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let desk = self.desk.lock().expect("whole");
        let for_it = desk.asked.iter().filter(|own| own.path == path);
        for_it.cloned().collect()
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl Asked {
    /// The token that came along.
    pub(crate) fn token(&self) -> Option<&str> {
        self.authorization.as_deref()?.strip_prefix("Bearer ")
    }
}

impl Desk {
    /// Tells who asked what, if they may.
    fn answer(&self, asked: &Asked) -> String {
        if let Some(answer) = self.answers.get(&asked.path) {
            return answer(asked);
        }
        let wanted = match asked.path.starts_with("/write") {
            true => "write",
            false => "read",
        };
        let part = self.parts.iter().find(|part| asked.path.starts_with(*part));
        let part = part.copied().unwrap_or_default();
        let place = format!("{}{METADATA}{part}", self.origin);
        let claims = |token| self.claims(token, &format!("{}{part}", self.origin));
        let Some(claims) = asked.token().and_then(claims) else {
            let challenge = format!(
                "WWW-Authenticate: Bearer resource_metadata=\"{place}\", scope=\"{wanted}\"\r\n"
            );
            return written("401 Unauthorized", &challenge, "no token");
        };
        let scope = claims["scope"].as_str().unwrap_or_default();
        if !scope.split(' ').any(|own| own == wanted) {
            let challenge = format!(
                "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"{wanted}\", \
                 resource_metadata=\"{place}\"\r\n"
            );
            return written("403 Forbidden", &challenge, "not enough");
        }
        let told = json!({
            "method": asked.method,
            "path": asked.path,
            "body": asked.body,
            "scope": scope,
            "client_id": claims["client_id"],
        });
        let kind = "Content-Type: application/json\r\n";
        written("200 OK", kind, &told.to_string())
    }

    /// What a token says that is for this resource, and of its issuer. Its signature is the issuer's own matter here.
    fn claims(&self, token: &str, resource: &str) -> Option<Value> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let audience = &claims["aud"];
        let ours = *audience == json!(resource) || *audience == json!([resource]);
        (ours && claims["iss"] == json!(self.issuer)).then_some(claims)
    }
}

/// An answer on the wire.
pub(crate) fn written(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn serve(mut stream: TcpStream, desk: &Mutex<Desk>) -> Option<()> {
    let asked = read(&mut stream)?;
    let answer = {
        let mut desk = desk.lock().expect("whole");
        desk.asked.push(asked.clone());
        desk.answer(&asked)
    };
    stream.write_all(answer.as_bytes()).ok()
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader
            .read_line(&mut head)
            .ok()
            .filter(|count| *count > 0)?;
    }
    let header = |wanted: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_owned())
    };
    let mut body = Vec::new();
    match header("transfer-encoding") {
        Some(_) => read_chunks(&mut reader, &mut body)?,
        None => {
            let length = header("content-length").map_or(0, |length| length.parse().unwrap_or(0));
            reader.take(length).read_to_end(&mut body).ok()?;
        }
    }
    let mut words = head.split(' ');
    Some(Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// A body that comes in chunks (RFC 9112 §7.1).
fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = u64::from_str_radix(line.trim_end(), 16).ok()?;
        reader.take(length).read_to_end(body).ok()?;
        reader.read_line(&mut String::new()).ok()?;
        if length == 0 {
            return Some(());
        }
    }
}
