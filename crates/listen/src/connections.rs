//! Bounds on a connection, before there is a request.

use std::io;
use std::time::Duration;

use axum_server::accept::Accept;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustix::net::sockopt;
use std::future::{Ready, ready};
use tokio::net::TcpStream;

use crate::patience::{Patience, Patient};

/// The time a peer has for its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// The time between two things that a peer sends or takes, while nothing waits for us.
const SILENCE: Duration = Duration::from_secs(60);
/// The most bytes of one connection's header buffer.
const HEADER_BYTES: usize = 32 * 1024;
/// After how long the system asks whether a quiet peer is still there.
const ALIVE: Duration = Duration::from_secs(60);
/// How long it waits for an answer before it asks again.
const AGAIN: Duration = Duration::from_secs(15);
/// How often it asks before it gives up.
const PROBES: u32 = 4;

/// Ends a connection whose peer is silent.
pub(crate) fn patient<A>(acceptor: A) -> Patient<A> {
    let patience = Patience {
        greeting: HEADERS,
        silence: SILENCE,
    };
    Patient::new(acceptor, patience)
}

/// Bounds what may come.
pub(crate) fn bound(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .max_concurrent_streams(128)
        .max_header_list_size(16 * 1024);
}

/// Sees to it that small answers leave at once, and that a peer that has gone without a word is noticed in the middle of a
/// quiet stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuned;

impl<S> Accept<TcpStream, S> for Tuned {
    type Stream = TcpStream;
    type Service = S;
    type Future = Ready<io::Result<(TcpStream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(tune(&stream).map(|()| (stream, service)))
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, ALIVE)?;
    sockopt::set_tcp_keepintvl(stream, AGAIN)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    Ok(())
}
