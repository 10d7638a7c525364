//! public documents through the cache, over real sockets and among processes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::server::{Server, answer};
use gatepass_http::{AnswerCache, Caching, Egress, HttpTransport, Transport};
use http::Request;

const DOCUMENT: &str = r#"{"issuer":"https://as.example"}"#;

fn process(folder: &Path) -> Caching<HttpTransport> {
    let transport = HttpTransport::new(Egress::default()).unwrap();
    Caching::new(transport, Arc::new(AnswerCache::in_folder(folder)))
}

async fn get(transport: &dyn Transport, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = transport
        .send(request.body(Vec::new()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(response.into_body()).unwrap())
}

/// A server whose document never changes, and which can be closed for repairs.
async fn server(open: Arc<AtomicBool>) -> Server {
    Server::start(move |seen| {
        let headers = [("ETag", "\"v1\""), ("Cache-Control", "max-age=3600")];
        if !open.load(Ordering::SeqCst) {
            answer(503, &[], "closed")
        } else if seen.header("if-none-match") == Some("\"v1\"") {
            answer(304, &headers, "")
        } else {
            answer(200, &headers, DOCUMENT)
        }
    })
    .await
}

#[tokio::test]
async fn one_request_serves_every_process_that_follows() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(Arc::new(true.into())).await;
    let url = format!("{}/metadata", server.url);
    for _ in 0..3 {
        let answer = get(&process(folder.path()), &url, &[]).await;
        assert_eq!(answer, (200, DOCUMENT.to_owned()));
    }
    assert_eq!(server.seen().len(), 1);
    let bearer = [("authorization", "Bearer x")];
    get(&process(folder.path()), &url, &bearer).await;
    assert_eq!(server.last().header("authorization"), Some("Bearer x"));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_old_file_is_revalidated_or_serves_on() {
    let folder = tempfile::tempdir().unwrap();
    let open = Arc::new(AtomicBool::new(true));
    let server = server(open.clone()).await;
    let url = format!("{}/metadata", server.url);
    get(&process(folder.path()), &url, &[]).await;
    age(folder.path(), 2 * 3_600_000);
    let answer = get(&process(folder.path()), &url, &[]).await;
    assert_eq!(answer, (200, DOCUMENT.to_owned()));
    assert_eq!(server.last().header("if-none-match"), Some("\"v1\""));

    age(folder.path(), 2 * 3_600_000);
    open.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        let answer = get(&process(folder.path()), &url, &[]).await;
        assert_eq!(answer, (200, DOCUMENT.to_owned()));
    }
    assert_eq!(server.seen().len(), 3, "it is left alone");
    age(folder.path(), 24 * 3_600_000);
    let answer = get(&process(folder.path()), &url, &[]).await;
    assert_eq!(answer, (503, "closed".to_owned()));
}

/// The files of copies, without those that are being written.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_none()).collect()
}

/// Makes every file in the folder older by so many milliseconds.
fn age(folder: &Path, millis: u64) {
    for path in files(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        let mut rest = rest.to_owned();
        for name in ["\"fetched_at\":", "\"fresh_until\":", "\"failed_at\":"] {
            let from = rest.find(name).unwrap() + name.len();
            let digits = rest[from..].find(',').unwrap();
            if let Ok(moment) = rest[from..from + digits].parse::<u64>() {
                rest.replace_range(from..from + digits, &(moment - millis).to_string());
            }
        }
        let digest = gatepass_proto::Digest::of(&rest).to_base64url();
        std::fs::write(&path, format!("gatepass-answer 1 {digest}\n{rest}")).unwrap();
    }
}

const FOLDER: &str = "GATEPASS_TEST_FOLDER";
const URL: &str = "GATEPASS_TEST_URL";
const CHILD: &str = "caching::processes_write_one_file_at_once";

#[tokio::test]
async fn processes_write_one_file_at_once() {
    if let Ok(folder) = std::env::var(FOLDER) {
        let url = std::env::var(URL).unwrap();
        for _ in 0..50 {
            // Each is a process that has just started, as far as memory goes.
            let answer = get(&process(Path::new(&folder)), &url, &[]).await;
            assert_eq!(answer, (200, DOCUMENT.to_owned()));
            for path in files(Path::new(&folder)) {
                // Another may have been quicker; all write it again.
                let _ = std::fs::remove_file(path);
            }
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = server(Arc::new(true.into())).await;
    let url = format!("{}/metadata", server.url);
    get(&process(folder.path()), &url, &[]).await;
    let children = (0..4).map(|_| {
        tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD])
            .env(FOLDER, folder.path())
            .env(URL, &url)
            .stdin(Stdio::null())
            .output()
    });
    for output in futures_util::future::join_all(children).await {
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
    }
    get(&process(folder.path()), &url, &[]).await;
    let all = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!((all, files(folder.path()).len()), (1, 1), "nothing is left");
}
