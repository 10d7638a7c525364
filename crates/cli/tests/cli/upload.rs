//! `gatepass request @-`: a long standard input is sent while it is read, and its length is nobody's guess.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::home::{Home, Told, piped};

/// Longer than what is kept to be sent again, in bytes.
const LONG: usize = 9 * 1024 * 1024;

/// The head of a request, and the body that came in chunks (RFC 9112 §7.1).
fn received(stream: TcpStream) -> (String, Vec<u8>) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut body) = (String::new(), Vec::new());
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).expect("a line"), 0);
    }
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).expect("a chunk");
        if size == 0 {
            break;
        }
        body.extend_from_slice(&chunk[..size]);
    }
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.get_mut().write_all(answer).expect("answered");
    (head.to_ascii_lowercase(), body)
}

#[test]
fn a_long_standard_input_is_sent_as_it_comes() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add up --api {origin} --key-env KEY"))
        .done();
    for (words, frame) in [("@-", 0), ("--form file@-;filename=x", 100)] {
        let mut command = home.command(&format!("request {origin}/x {words}"));
        let mut child = piped(command.env("KEY", "k1"));
        let mut stdin = child.stdin.take().expect("a pipe");
        let writing = std::thread::spawn(move || stdin.write_all(&vec![b'x'; LONG]));
        let (head, body) = received(listener.accept().expect("a connection").0);
        writing.join().expect("ended").expect("written");
        Told::from(child.wait_with_output().expect("ended")).done();
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        assert!(body.len() >= LONG + frame, "{words}: {}", body.len());
        let longest = body.split(|byte| *byte != b'x').map(<[u8]>::len).max();
        assert_eq!(longest, Some(LONG), "{words}");
    }
}
