//! How `gatepass guard` ends while events are streamed through it and a WebSocket is open.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::home::Home;
use crate::server::Server;
use crate::wire::get;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An API with a stream of events, each sent when it is told to and over when nobody tells it any more, and a WebSocket
/// that repeats what it hears.
fn api() -> (String, Sender<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let (say, said) = channel();
    let said = Arc::new(Mutex::new(said));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let said = Arc::clone(&said);
            thread::spawn(move || answer(stream, &said));
        }
    });
    (origin, say)
}

fn answer(mut stream: TcpStream, said: &Mutex<Receiver<&'static str>>) -> Option<()> {
    let asked = until(&mut stream, "\r\n\r\n");
    if asked.starts_with("GET /socket ") {
        let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        let mut from = stream.try_clone().ok()?;
        std::io::copy(&mut from, &mut stream).ok()?;
        return Some(());
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let said = said.lock().expect("whole");
    while let Ok(event) = said.recv() {
        let event = format!("data: {event}\n\n");
        stream.write_all(event.as_bytes()).ok()?;
    }
    Some(())
}

/// Reads until this has come; the empty text is the end.
#[track_caller]
fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut heard = String::new();
    let mut piece = [0; 1024];
    while wanted.is_empty() || !heard.contains(wanted) {
        let count = match stream.read(&mut piece) {
            Ok(count) => count,
            // What was on its way to a socket that is closed.
            Err(error) if wanted.is_empty() => return format!("{heard}{error}"),
            Err(error) => panic!("{error}: {heard}"),
        };
        assert!(count > 0 || wanted.is_empty(), "it ended: {heard}");
        if count == 0 {
            break;
        }
        heard.push_str(str::from_utf8(&piece[..count]).expect("text"));
    }
    heard
}

/// A guard that lets everybody pass, with a stream and a WebSocket open through it.
struct World {
    _home: Home,
    guard: Server,
    log: PathBuf,
    say: Sender<&'static str>,
    events: TcpStream,
    socket: TcpStream,
}

impl World {
    fn new(drain_timeout: &str) -> Self {
        let home = Home::new();
        let (api, say) = api();
        let (file, log) = (home.path().join("guard.toml"), home.path().join("log"));
        let settings = format!(
            "listen = \"127.0.0.1:0\"\noperations_listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n\
             limits = {{ drain_timeout = \"{drain_timeout}\" }}\notherwise = {{ access = \"open\" }}\n"
        );
        fs::write(&file, settings).expect("written");
        let words = format!("guard --config {} --output json", file.display());
        let log_file = fs::File::create(&log).expect("a log");
        let guard = Server::with_log(&mut home.command(&words), log_file);
        let mut events = ask(&guard, "/events", "");
        say.send("one").expect("told");
        until(&mut events, "data: one\n\n");
        let mut socket = ask(
            &guard,
            "/socket",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        );
        until(&mut socket, "\r\n\r\n");
        let counted = get(guard.get("operations"), "/metrics", &[]).body;
        for line in [
            "gatepass_guard_answers_open 1",
            "gatepass_guard_websockets_open 1",
        ] {
            assert!(counted.lines().any(|own| own == line), "{line}: {counted}");
        }
        Self {
            _home: home,
            guard,
            log,
            say,
            events,
            socket,
        }
    }

    /// Tells the guard to end, and waits until it has heard it.
    fn end(&self) {
        self.guard.signal(Signal::TERM);
        let operators = self.guard.get("operations");
        let begin = Instant::now();
        loop {
            let ready = get(operators, "/ready", &[]);
            if ready.status == 503 {
                assert_eq!(ready.body, "the guard is ending\n");
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{ready:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }
}

fn ask(guard: &Server, path: &str, headers: &str) -> TcpStream {
    let address = guard.get("listen").trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
    stream.write_all(text.as_bytes()).expect("sent");
    stream
}

#[test]
fn what_is_under_way_may_end_by_itself() {
    let mut world = World::new("10m");
    world.end();
    let address = world.guard.get("listen").trim_start_matches("http://");
    let begin = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "nobody new is let in");
        thread::sleep(Duration::from_millis(20));
    }
    world.say.send("two").expect("told");
    until(&mut world.events, "data: two\n\n");
    world.socket.write_all(b"hello").expect("sent");
    until(&mut world.socket, "hello");
    drop(world.say);
    // The whole of it, to its last chunk.
    assert!(until(&mut world.events, "").ends_with("0\r\n\r\n"));
    drop(world.socket);
    world.guard.wait().done();
    let said = fs::read_to_string(&world.log).expect("a log");
    assert!(said.contains("ending") && !said.contains("cut"), "{said}");
}

#[test]
fn what_does_not_end_in_its_time_is_cut() {
    for patience in ["1s", "0s"] {
        let mut world = World::new(patience);
        world.guard.signal(Signal::TERM);
        let heard = until(&mut world.events, "");
        assert!(!heard.ends_with("0\r\n\r\n"), "{heard}");
        until(&mut world.socket, "");
        let log = world.log.clone();
        world.guard.wait().done();
        let said = fs::read_to_string(log).expect("a log");
        let line = said.lines().find(|line| line.contains("cut what had not"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains("websockets=1"), "{line}");
        assert!(line.contains("connections=1"), "{line}");
    }
}

#[test]
fn whoever_asks_twice_does_not_wait() {
    let world = World::new("10m");
    world.end();
    assert!(world.said().contains("ending"), "{}", world.said());
    world.guard.signal(Signal::TERM);
    world.guard.wait().code(130);
}
