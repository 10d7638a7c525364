//! Several processes on one store: this test program runs itself again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatepass_client::Session;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::authority::{Authority, Mood, files, key, seed};

/// The test that every child runs; it finds [`FOLDER`] and is a [`child`].
const EIGHT: &str = "processes::eight_processes_on_one_expired_token_make_one_refresh";
/// Where a child has its tokens; only a child has it.
const FOLDER: &str = "GATEPASS_TEST_FOLDER";
const URL: &str = "GATEPASS_TEST_URL";

/// What a child does.
async fn child(folder: &str) {
    let url = std::env::var(URL).unwrap();
    let store = files(Path::new(folder));
    if url.is_empty() {
        let _lock = store.lock(&key(), Duration::from_secs(5)).await.unwrap();
        println!("\nchild: locked");
        tokio::time::sleep(Duration::from_secs(60)).await;
        return;
    }
    let session = session(&url, Path::new(folder));
    let token = session.token(Duration::ZERO).await.unwrap();
    println!("\nchild: {}", token.access_token.expose());
}

fn session(url: &str, folder: &Path) -> Session {
    let mut oauth = gatepass_client::OAuth::authorization_code("unused", "cl");
    oauth.issuer = None;
    oauth.endpoints.token = Some(format!("{url}/token"));
    Session::builder(gatepass_client::Credential::from(oauth))
        .api(url)
        .tokens(files(folder), key())
        .build()
        .unwrap()
}

fn command(folder: &Path, url: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", EIGHT, "--nocapture"]);
    command
        .env(FOLDER, folder)
        .env(URL, url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn output(command: Command) -> String {
    let output = tokio::process::Command::from(command)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix("child: "))
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_on_one_expired_token_make_one_refresh() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return child(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start().await;
    authority.desk().mood = Mood::Slow(Duration::from_millis(300));
    let url = &authority.server.url;
    seed(&session(url, folder.path()), &*files(folder.path()), -5).await;
    let all =
        futures_util::future::join_all((0..8).map(|_| output(command(folder.path(), url)))).await;
    assert!(all.iter().all(|token| token == "access-2"), "{all:?}");
    assert_eq!(authority.counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_holder_frees_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = tokio::process::Command::from(command(folder.path(), ""))
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next_line().await.unwrap().unwrap() != "child: locked" {}
    let store = files(folder.path());
    assert!(
        store.lock(&key(), Duration::from_millis(50)).await.is_err(),
        "another process holds it"
    );
    child.kill().await.unwrap();
    store.lock(&key(), Duration::from_secs(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_asking_and_saving_costs_nothing_within_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start().await;
    authority.desk().mood = Mood::Slow(Duration::from_secs(20));
    let url = &authority.server.url;
    let own = session(url, folder.path());
    seed(&own, &*files(folder.path()), -5).await;
    let mut child: Child = command(folder.path(), url).spawn().unwrap();
    while authority.desk().requests == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    authority.desk().mood = Mood::Well;
    assert_eq!(
        own.token(Duration::ZERO)
            .await
            .unwrap()
            .access_token
            .expose(),
        "access-2",
        "the same successor"
    );
    assert_eq!(authority.desk().refreshes, 1);
}
