//! The client's side of the redirect: a web server that remembers how it was called.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The heading of the page that the browser ends at.
pub(crate) const GREETING: &str = "Back at the client";

const PATH: &str = "/callback";
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_REQUEST: usize = 16 * 1024;

type Parameters = HashMap<String, String>;

/// A listener on a free port of loopback.
pub(crate) struct Callback {
    redirect_uri: String,
    arrivals: UnboundedReceiver<Parameters>,
    listening: JoinHandle<()>,
}

impl Callback {
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let redirect_uri = format!("http://{}{PATH}", listener.local_addr()?);
        let (sender, arrivals) = unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, sender.clone()));
            }
        });
        Ok(Self {
            redirect_uri,
            arrivals,
            listening,
        })
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The parameters of the next call.
    pub(crate) async fn arrival(&mut self) -> Result<Parameters> {
        let arrived = timeout(PATIENCE, self.arrivals.recv()).await;
        arrived
            .context("the browser did not come to the callback")?
            .context("the callback's listener is gone")
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A browser opens connections ahead of need and asks for icons; none of that matters.
async fn answer(mut stream: TcpStream, arrivals: UnboundedSender<Parameters>) -> Result<()> {
    let address = read_request(&mut stream).await?;
    let (status, body) = if address.path() == PATH {
        arrivals.send(address.query_pairs().into_owned().collect())?;
        let title = format!("<title>{GREETING}</title>");
        (
            "200 OK",
            format!("<!doctype html><html lang=en>{title}<h1>{GREETING}</h1>"),
        )
    } else {
        ("204 No Content", String::new())
    };
    let length = body.len();
    let head = format!("content-type: text/html\r\ncontent-length: {length}\r\nconnection: close");
    stream
        .write_all(format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}").as_bytes())
        .await?;
    Ok(stream.shutdown().await?)
}

async fn read_request(stream: &mut TcpStream) -> Result<url::Url> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 || request.len() > LONGEST_REQUEST {
            bail!("no whole request came");
        }
    }
    let text = String::from_utf8(request)?;
    let target = text
        .split(' ')
        .nth(1)
        .context("a request without a target")?;
    Ok(url::Url::parse("http://callback.invalid/")?.join(target)?)
}
