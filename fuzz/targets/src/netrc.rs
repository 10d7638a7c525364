//! `.netrc`: what is found there is sent to its host and shown nowhere; what is wrong is said without any of it.

use std::fs;
use std::path::PathBuf;

use gatepass_client::{Credential, Session};
use http::Method;
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::world;

const API: &str = "https://h.example";

thread_local! {
    static HOME: Home = Home::new();
}

pub(crate) fn run(data: &[u8]) {
    HOME.with(|home| home.read(data));
}

struct Home {
    _folder: TempDir,
    file: PathBuf,
    session: Session,
    runtime: Runtime,
    url: Url,
}

impl Home {
    fn new() -> Self {
        let folder = world::folder();
        let file = folder.path().join("netrc");
        let empty = NamedTempFile::new_in(folder.path()).expect("a file of ours alone");
        empty.persist(&file).expect("renamed");
        let credential = Credential::Netrc {
            file: Some(file.clone()),
        };
        let session = Session::builder(credential).api(API).build();
        let mut runtime = Builder::new_current_thread();
        Self {
            _folder: folder,
            file,
            session: session.expect("a session"),
            runtime: runtime.max_blocking_threads(1).build().expect("a runtime"),
            url: API.parse().expect("a URL"),
        }
    }

    fn read(&self, data: &[u8]) {
        fs::write(&self.file, data).expect("written");
        let made = self.session.attachment_for(&Method::GET, &self.url);
        match self.runtime.block_on(made) {
            Ok(attachment) => {
                assert!(attachment.value.expose().starts_with("Basic "));
                let password = attachment.secret.expose();
                let shown = format!("{attachment:?}");
                assert!(password.len() < 16 || !shown.contains(password), "{shown}");
                let headers = attachment.headers().expect("headers");
                assert!(headers.values().all(|value| value.is_sensitive()));
            }
            Err(error) => {
                let said = error.to_string();
                let text = String::from_utf8_lossy(data);
                // Shorter ones may be words of the message.
                let mut long = text.split_whitespace().filter(|word| word.len() >= 16);
                assert!(long.all(|word| !said.contains(word)), "{said}");
            }
        }
    }
}
