use std::io;
use std::time::Duration;

use gatepass_http::{PersonError, is_loopback_host};
use gatepass_proto::jose::jarm;
use gatepass_proto::message::known::KnownSecrets;
use gatepass_proto::message::said::clean;
use gatepass_proto::{Params, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::{Host, Url};

use crate::Error;
use crate::page::Page;

/// The largest request head, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// How long one request may take.
const MAX_TIME: Duration = Duration::from_secs(10);
/// The most connections served at once.
const MAX_CONNECTIONS: usize = 32;
/// How often a port is sought that is free for both 127.0.0.1 and ::1.
const TRIES: usize = 16;

/// Waits on this machine for the browser to come back from the login page (RFC 8252 §7.3).
///
/// Only a GET of the exact path with this login's `state` ends the wait; everything else, such as a request for
/// `/favicon.ico` or the callback of an older login, is answered and forgotten.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: String,
    path: String,
}

impl Loopback {
    /// Whether a redirect URI is of the kind that can be listened on: http to this machine.
    pub fn can_serve(redirect_uri: &str) -> bool {
        Url::parse(redirect_uri).is_ok_and(|url| {
            url.scheme() == "http"
                && url.fragment().is_none()
                && url.host().is_some_and(|host| is_loopback_host(&host))
        })
    }

    /// Listens where the redirect URI points: 127.0.0.1, ::1, or both for `localhost`. Without a port, or with port
    /// 0, any free one is taken.
    ///
    /// # Errors
    ///
    /// It is not http to this machine, or the port is taken.
    pub async fn bind(redirect_uri: &str) -> Result<Self, Error> {
        if !Self::can_serve(redirect_uri) {
            let text = format!(
                "redirect_uri {redirect_uri:?} cannot be listened on; expected something like {}",
                crate::Grant::LOOPBACK
            );
            return Err(Error::Setup(text));
        }
        let mut url: Url = redirect_uri
            .parse()
            .map_err(|_| Error::Setup("redirect_uri is not a URL".into()))?;
        let hosts: &[&str] = match url.host() {
            Some(Host::Ipv6(_)) => &["::1"],
            Some(Host::Domain(_)) => &["127.0.0.1", "::1"],
            _ => &["127.0.0.1"],
        };
        let wished = explicit_port(redirect_uri, &url);
        let (listeners, port) = listen(hosts, wished).await.map_err(|error| {
            let port =
                wished.map_or_else(|| "a free port".to_owned(), |port| format!("port {port}"));
            Error::Setup(format!(
                "cannot listen on {port} of this machine for the login to come back: {error}"
            ))
        })?;
        let path = url.path().to_owned();
        let redirect_uri = if wished.is_some() {
            redirect_uri.to_owned()
        } else {
            url.set_port(Some(port))
                .map_err(|()| Error::Setup("redirect_uri takes no port".into()))?;
            url.to_string()
        };
        Ok(Self {
            listeners,
            redirect_uri,
            path,
        })
    }

    /// The redirect URI with the port that was taken.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The parameters the browser comes back with. With a `state`, only a callback that carries it counts.
    ///
    /// # Errors
    ///
    /// [`PersonError::TimedOut`] when nobody comes before `patience` ends.
    pub async fn wait(
        &self,
        state: Option<&str>,
        patience: Duration,
    ) -> Result<Params, PersonError> {
        let mut connections = JoinSet::new();
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                () = &mut deadline => return Err(PersonError::TimedOut),
                served = connections.join_next(), if !connections.is_empty() => {
                    if let Some(Ok(Some(params))) = served {
                        return Ok(params);
                    }
                }
                stream = self.accept(), if connections.len() < MAX_CONNECTIONS => match stream {
                    Ok(stream) => {
                        let expected = Expected { path: self.path.clone(), state: state.map(Secret::new) };
                        connections.spawn(async move {
                            tokio::time::timeout(MAX_TIME, expected.serve(stream)).await.ok()?.ok()?
                        });
                    }
                    // Out of descriptors, perhaps: not a reason to spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let accepting = self
            .listeners
            .iter()
            .map(|listener| Box::pin(listener.accept()));
        let (accepted, _, _) = futures_util::future::select_all(accepting).await;
        accepted.map(|(stream, _)| stream)
    }
}

struct Expected {
    path: String,
    state: Option<Secret>,
}

impl Expected {
    /// Answers one request; its parameters, if it is what is waited for.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<Option<Params>> {
        let (page, params) = match read_head(&mut stream).await? {
            Some(head) => self.judge(&head),
            None => (Page::Malformed, None),
        };
        stream.write_all(page.response().as_bytes()).await?;
        stream.shutdown().await?;
        Ok(params)
    }

    fn judge(&self, head: &str) -> (Page, Option<Params>) {
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next())
        else {
            return (Page::Malformed, None);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return (Page::NotFound, None);
        }
        if method != "GET" {
            return (Page::MethodNotAllowed, None);
        }
        let Ok(params) = Params::parse_form(query.as_bytes()) else {
            return (Page::Malformed, None);
        };
        // A signed answer has it all inside (JARM). Whether it is believed, the login says.
        let said = match params.get("response") {
            Some(response) => jarm::peek(response),
            None => Some(params.clone()),
        };
        let Some(said) = said else {
            return (Page::Malformed, None);
        };
        let ours = self
            .state
            .as_ref()
            .is_none_or(|state| said.get("state").is_some_and(|given| state.ct_eq(given)));
        if !ours {
            return (Page::NotThisLogin, None);
        }
        match (said.get("code"), said.get("error")) {
            (Some(_), None) => (Page::Done, Some(params)),
            (None, Some("access_denied")) => (Page::Denied(reason(&said)), Some(params)),
            (None, Some(_)) => (Page::Failed(reason(&said)), Some(params)),
            _ => (Page::Malformed, None),
        }
    }
}

/// The server's error and what it says of it, fit to be shown: this is the only page that the person sees of it.
fn reason(said: &Params) -> String {
    let state = said.get("state").map(Secret::new);
    let known: KnownSecrets = state.iter().collect();
    let part = |name: &str| said.get(name).map(|text| clean(text, &known));
    let parts = [part("error"), part("error_description")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(": ")
}

/// The head of a request; `None` when it is too large or no text.
async fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut chunk).await?;
        head.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if count == 0 || head.len() > MAX_HEAD {
            return Ok(None);
        }
    }
    Ok(String::from_utf8(head).ok())
}

/// The port that the text names; a URL forgets the one that is its scheme's own.
fn explicit_port(text: &str, url: &Url) -> Option<u16> {
    let authority = text.split('/').nth(2).unwrap_or_default();
    let named = url
        .port()
        .or_else(|| authority.ends_with(":80").then_some(80));
    named.filter(|port| *port != 0)
}

async fn listen(hosts: &[&str], wished: Option<u16>) -> io::Result<(Vec<TcpListener>, u16)> {
    let mut tries = 0;
    loop {
        tries += 1;
        match listen_once(hosts, wished.unwrap_or(0)).await {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && wished.is_none()
                    && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

/// One port on every host. A machine without IPv6 listens on the rest.
async fn listen_once(hosts: &[&str], mut port: u16) -> io::Result<(Vec<TcpListener>, u16)> {
    let mut listeners = Vec::new();
    for host in hosts {
        match TcpListener::bind((*host, port)).await {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error)
                if error.kind() == io::ErrorKind::AddrNotAvailable && !listeners.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok((listeners, port))
}

#[cfg(test)]
#[path = "loopback_tests.rs"]
mod tests;
