//! What server-sent events cost that stay open and say nothing.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::service::EVENT;
use crate::process::Process;

/// How many are aimed at.
const AIM: u64 = 10_000;
/// How many files a proxy needs besides two of each stream.
const BESIDES: u64 = 200;
/// How many are opened at once.
const AT_ONCE: usize = 50;
/// How long the first event may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a program is left alone before it is looked at.
const REST: Duration = Duration::from_secs(2);

/// One proxy's memory.
#[derive(Serialize)]
pub(super) struct Streams {
    name: &'static str,
    streams: u64,
    idle: u64,
    open: u64,
}

impl Streams {
    /// Opens as many as the limit of open files lets a proxy have, up to ten thousand, and looks.
    pub(super) async fn hold(
        name: &'static str,
        process: &Process,
        address: SocketAddr,
        request: &[u8],
    ) -> anyhow::Result<Self> {
        let streams = AIM.min(open_files().saturating_sub(BESIDES) / 2);
        let idle = process.resident()?;
        let mut open = Vec::new();
        let mut left = streams;
        while left > 0 {
            let mut opening = JoinSet::new();
            for _ in 0..AT_ONCE.min(usize::try_from(left)?) {
                opening.spawn(one(address, request.to_owned()));
                left -= 1;
            }
            while let Some(stream) = opening.join_next().await {
                open.push(stream?.context(name)?);
            }
        }
        sleep(REST).await;
        let full = process.resident()?;
        drop(open);
        Ok(Self {
            name,
            streams,
            idle,
            open: full,
        })
    }
}

/// One that has brought its first event.
async fn one(address: SocketAddr, request: Vec<u8>) -> anyhow::Result<TcpStream> {
    let mut stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
    stream.write_all(&request).await?;
    let mut said = Vec::new();
    let first = async {
        while !said.windows(EVENT.len()).any(|own| own == EVENT.as_bytes()) {
            let read = stream.read_buf(&mut said).await?;
            ensure!(
                read > 0,
                "the stream ended: {}",
                String::from_utf8_lossy(&said)
            );
        }
        Ok(())
    };
    timeout(PATIENCE, first)
        .await
        .context("no event in time")??;
    Ok(stream)
}

/// How many files a process may have open.
#[cfg(target_os = "linux")]
fn open_files() -> u64 {
    use rustix::process::{Resource, getrlimit};

    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> u64 {
    256
}

impl fmt::Display for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        let each = (self.open.saturating_sub(self.idle)) / self.streams.max(1);
        let each = format!("{}.{}", each / 1000, each / 100 % 10);
        writeln!(
            f,
            "  {:<34}{:>9}{:>9}{:>9}{each:>9}",
            self.name,
            self.streams,
            mb(self.idle),
            mb(self.open)
        )
    }
}
