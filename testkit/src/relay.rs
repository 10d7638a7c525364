use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They are passed on.
    Open,
    /// They are ended, and new ones as they come.
    Closed,
    /// They stay, but nothing comes through: what is on its way waits until the way is open again.
    Silent,
}

/// A port of this machine, behind which is a Unix socket, and a way between them that can be cut. It ends when it is
/// dropped.
pub struct Relay {
    address: SocketAddr,
    way: watch::Sender<Way>,
    accepting: AbortHandle,
}

impl Relay {
    /// Opens a way to this socket, inside a runtime.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let way = watch::Sender::new(Way::Open);
        let accepting = tokio::spawn(accept(listener, socket, way.subscribe()));
        Self {
            address,
            way,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections fare so, those that there are as well.
    pub fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.turn(Way::Closed);
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, way: watch::Receiver<Way>) {
    while let Ok((near, _)) = listener.accept().await {
        let (socket, way) = (socket.clone(), way.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = pass(near, &socket, way.clone()) => {}
                () = until(Way::Closed, way) => {}
            }
        });
    }
}

/// Passes everything on in both directions, until one of them ends.
async fn pass(near: TcpStream, socket: &Path, way: watch::Receiver<Way>) -> std::io::Result<()> {
    until(Way::Open, way.clone()).await;
    let far = UnixStream::connect(socket).await?;
    let (near_out, near_in) = near.into_split();
    let (far_out, far_in) = far.into_split();
    tokio::select! {
        ended = pump(near_out, far_in, way.clone()) => ended,
        ended = pump(far_out, near_in, way) => ended,
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: watch::Receiver<Way>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        until(Way::Open, way.clone()).await;
        match buffer.get(..read) {
            None | Some([]) => return Ok(()),
            Some(bytes) => to.write_all(bytes).await?,
        }
    }
}

async fn until(wanted: Way, mut way: watch::Receiver<Way>) {
    // Whoever turns it is gone only when the relay is closed.
    let _ = way.wait_for(|now| *now == wanted).await;
}
