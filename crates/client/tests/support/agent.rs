//! A browser whose person agrees to everything.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::{Browser, LoginOptions, Notice, Person, PersonError};
use gatepass_proto::Params;
use url::Url;

/// Opens the login page and goes where it sends it.
#[derive(Default)]
pub(crate) struct Agent {
    opened: AtomicUsize,
}

impl Agent {
    pub(crate) fn options() -> (Arc<Self>, LoginOptions) {
        let agent = Arc::new(Self::default());
        let options = LoginOptions {
            browser: agent.clone(),
            patience: Duration::from_secs(20),
            ..LoginOptions::default()
        };
        (agent, options)
    }

    /// How many login pages were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Browser for Agent {
    fn open(&self, url: &Url) -> Result<(), String> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let url = url.clone();
        std::thread::spawn(move || {
            if let Some(back) = location(&fetch(&url)) {
                fetch(&back);
            }
        });
        Ok(())
    }
}

/// The answer to a GET, head and all.
pub(crate) fn fetch(url: &Url) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page);
    page
}

fn location(page: &str) -> Option<Url> {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("Location: "))?;
    Some(line.trim().parse().unwrap())
}

/// Somebody who reads what is shown, and does nothing else.
pub(crate) struct Reader;

#[async_trait]
impl Person for Reader {
    async fn redirect(&self, _: Url) -> Result<Params, PersonError> {
        Err(PersonError::Nobody)
    }

    async fn show(&self, _: Notice) -> Result<(), PersonError> {
        Ok(())
    }
}
