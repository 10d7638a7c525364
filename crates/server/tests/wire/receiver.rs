//! A client's server: it hears what the server under test tells it, and answers as it is told to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::notice::{News, Notice};
use gatepass_proto::decide::record::Record;
use gatepass_proto::{ClientId, Digest, UserId};
use gatepass_store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::pairs::Pairs;
use crate::world::{World, free_port};

/// How long anything is waited for; far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// A status by which it says nothing at all.
pub(crate) const SILENCE: u16 = 0;

/// One request that came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A running server of a client.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<AtomicU16>,
    running: JoinHandle<()>,
}

impl Heard {
    pub(crate) fn form(&self) -> Pairs {
        Pairs::parse(&self.body)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.split("\r\n").skip(1);
        lines.find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// At an address that was free a moment ago.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(AtomicU16::new(200));
        let (kept, answer) = (Arc::clone(&heard), Arc::clone(&status));
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self {
            address,
            heard,
            status,
            running,
        }
    }

    /// An address at which nobody listens yet.
    pub(crate) fn nowhere() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], free_port()))
    }

    pub(crate) fn uri(&self) -> String {
        uri(self.address)
    }

    /// Answers with this from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no panic").clone()
    }

    /// Waits until it has heard as many.
    pub(crate) async fn hears(&self, many: usize) -> Vec<Heard> {
        until(|| async { self.heard().len() >= many }).await;
        self.heard()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.running.abort();
    }
}

pub(crate) fn uri(address: SocketAddr) -> String {
    format!("http://{address}/told")
}

/// Waits until `done`.
pub(crate) async fn until<F: Future<Output = bool>>(done: impl Fn() -> F) {
    let waited = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    waited.expect("it happens");
}

async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, status: Arc<AtomicU16>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    heard.lock().expect("no panic").push(request);
    let status = status.load(Ordering::SeqCst);
    if status == SILENCE {
        return std::future::pending().await;
    }
    let location = match status {
        300..400 => format!("Location: {}\r\n", uri(Receiver::nowhere())),
        _ => String::new(),
    };
    let answer =
        format!("HTTP/1.1 {status} x\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(part.get(..n)?);
        let text = String::from_utf8(bytes.clone()).ok()?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let request = Heard {
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let length = request.header("content-length").unwrap_or("0");
        if length.parse() == Ok(body.len()) {
            return Some(request);
        }
    }
}

impl World {
    pub(crate) async fn database(&self) -> std::sync::Arc<dyn Store> {
        let opened = gatepass_store::open(&self.config.database).await;
        opened.expect("the database")
    }

    /// Leaves a notice of somebody's logout for this client, as another node would.
    pub(crate) async fn leave_notice(&self, client_id: &str, sid: &str) {
        let news = News::Logout {
            user_id: UserId::new("us_somebody"),
            sid: sid.to_owned(),
        };
        let now = SystemClock.now();
        let notice = Notice::new(ClientId::new(client_id), news, now);
        self.leave(notice, sid).await;
    }

    pub(crate) async fn leave(&self, notice: Notice, name: &str) {
        let change = notice.enqueue(Digest::of(name), SystemClock.now());
        let database = self.database().await;
        database.commit(vec![change]).await.expect("left");
    }

    /// The notices that wait.
    pub(crate) async fn waiting(&self) -> Vec<Notice> {
        let listed = self.database().await.list(Notice::listed()).await;
        let listed = listed.expect("listed");
        let notice = |record: Record| match record {
            Record::Item(item) => item.read(),
            _ => None,
        };
        listed.into_iter().filter_map(notice).collect()
    }

    /// How often the audit log says this.
    pub(crate) async fn audited(&self, event: &str) -> usize {
        let lines = self.database().await.audit_log(None, 1000).await;
        let lines = lines.expect("the audit log");
        lines.iter().filter(|line| line.event == event).count()
    }

    /// Deletes a client, as an operator would.
    pub(crate) async fn delete_client(&self, id: &str) {
        use gatepass_proto::decide::record::Key;
        let gone = Change::Delete(Key::Client(ClientId::new(id)));
        let database = self.database().await;
        database.commit(vec![gone]).await.expect("deleted");
    }
}
