//! A server that answers each path with what it was told, and remembers how it was asked.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running server.
pub(crate) struct Canned {
    pub(crate) origin: String,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    answers: BTreeMap<String, String>,
    heads: Vec<String>,
}

impl Canned {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let desk = Arc::new(Mutex::new(Desk::default()));
        let own = desk.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = own.clone();
                std::thread::spawn(move || serve(stream, &desk));
            }
        });
        Self { origin, desk }
    }

    /// From now on the path answers so: a status line without its version, more headers, and a body.
    pub(crate) fn answer(&self, path: &str, status: &str, headers: &str, body: &str) {
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut desk = self.desk.lock().expect("whole");
        desk.answers.insert(path.to_owned(), answer);
    }

    /// The heads of the requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.desk.lock().expect("whole").heads.clone()
    }
}

fn serve(mut stream: TcpStream, desk: &Mutex<Desk>) -> Option<()> {
    let mut asked = Vec::new();
    let mut chunk = [0; 2048];
    let head = loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        asked.extend_from_slice(chunk.get(..count)?);
        let text = String::from_utf8_lossy(&asked);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let small = head.to_ascii_lowercase();
        let mut lengths = small
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        // A connection that is closed with a body unread may lose the answer.
        if body.len()
            >= lengths
                .next()
                .map_or(0, |length| length.parse().unwrap_or(0))
        {
            break head.to_owned();
        }
    };
    let path = head.split(' ').nth(1)?.to_owned();
    let answer = {
        let mut desk = desk.lock().expect("whole");
        desk.heads.push(head);
        desk.answers.get(&path).cloned()
    };
    let none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = answer.unwrap_or_else(|| none.to_owned());
    stream.write_all(answer.as_bytes()).ok()
}
