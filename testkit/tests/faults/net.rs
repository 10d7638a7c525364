//! Requests to a server that may end at any moment.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use crate::wire::{Answer, Call, hear};

/// Beyond this something hangs that should not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a request from one of this machine's own addresses (127.0.0.1, 127.0.0.2 …), for a server counts by address.
/// `None` where no whole answer came: whether anything was done is then unknown.
pub(crate) async fn send(from: IpAddr, to: SocketAddr, call: &Call) -> Option<Answer> {
    let exchanging = exchange(from, to, call);
    let heard = tokio::time::timeout(PATIENCE, exchanging).await;
    whole(&heard.expect("an answer or an end in time")?)
}

async fn exchange(from: IpAddr, to: SocketAddr, call: &Call) -> Option<Vec<u8>> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((from, 0).into()).ok()?;
    let mut stream = socket.connect(to).await.ok()?;
    stream.write_all(&call.bytes()).await.ok()?;
    Some(hear(&mut stream).await)
}

/// An answer with all of the body that it announces.
fn whole(heard: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(heard).ok()?;
    text.split_once("\r\n\r\n")?;
    let answer = Answer::read(heard);
    let announced = answer.header("content-length")?.parse().ok();
    (announced == Some(answer.body.len())).then_some(answer)
}
