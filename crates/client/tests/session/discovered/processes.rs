//! Many programs that meet one URL at once: this test program runs itself again.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use gatepass_client::{Config, Credential, Paths, Session};
use tokio::process::Command;

use super::api::Api;
use super::profiles::home;
use crate::agent::{Agent, Reader};

/// The test that every child runs; it finds [`FOLDER`] and is a [`child`].
const OWN: &str = "discovered::processes::fifty_programs_open_one_browser";
const FOLDER: &str = "GATEPASS_TEST_HOME";
const URL: &str = "GATEPASS_TEST_RESOURCE";

/// What a program does that knows nothing but a URL.
async fn child(folder: &str) {
    let url = std::env::var(URL).unwrap();
    let paths = Paths::under(Path::new(folder));
    let (agent, options) = Agent::options();
    let discover = Config::load(&paths).unwrap().discover();
    let origin = url.strip_suffix("/api").unwrap();
    let session = Session::builder(Credential::from(discover)).api(origin);
    let session = session.profiles(&paths).person(Arc::new(Reader), options);
    let answer = session.build().unwrap().get(&url).send().await.unwrap();
    println!("\nchild: {} {}", answer.status().as_u16(), agent.opened());
}

async fn output(folder: &Path, url: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", OWN, "--nocapture"]);
    command.env(FOLDER, folder).env(URL, url);
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("child: "));
    let failed = || String::from_utf8_lossy(&output.stderr).into_owned();
    line.map_or_else(failed, str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_programs_open_one_browser() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return child(&folder).await;
    }
    let (folder, paths) = home().await;
    let api = Api::start().await;
    let url = api.url("/api");
    let programs = (0..50).map(|_| output(folder.path(), &url));
    let mut all = futures_util::future::join_all(programs).await;
    all.sort();
    assert_eq!(all.last().map(String::as_str), Some("200 1"), "{all:?}");
    assert!(
        all.iter().rev().skip(1).all(|own| own == "200 0"),
        "{all:?}"
    );
    let visits = ["/register", "/token"].map(|path| api.provider.visits(path));
    assert_eq!(
        (visits, Config::load(&paths).unwrap().profiles.len()),
        ([1, 1], 1)
    );
}
