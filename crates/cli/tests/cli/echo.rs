//! An API that answers with what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Listens until the test program ends; answers `/status/NNN` with that status and everything else with the request
/// itself, as text.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    origin
}

fn answer(mut stream: TcpStream) -> Option<()> {
    let mut asked = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).ok()?;
        asked.extend_from_slice(chunk.get(..count)?);
        let text = String::from_utf8_lossy(&asked).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
    }
    let text = String::from_utf8_lossy(&asked).into_owned();
    let status = text
        .split_once("/status/")
        .and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or("200");
    let head = format!(
        "HTTP/1.1 {status} As asked\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(text.as_bytes()).ok()
}
