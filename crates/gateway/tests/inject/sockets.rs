//! A proxy at a socket in the file system.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::Router;
use gatepass_gateway::{InjectSettings, Injector, Reached, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::stage::Api;

async fn get(path: &Path, host: &str) -> String {
    let mut stream = UnixStream::connect(path).await.expect("connected");
    let asked = format!("GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn its_file_has_its_mode_and_goes_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let api = Api::start().await;
    let settings = InjectSettings::new(Reached::BySocket);
    let upstream = api.origin.parse().expect("a URL");
    let injector =
        Injector::new(api.session(&[&api.origin]), &upstream, settings).expect("a proxy");
    for mode in [0o600, 0o660] {
        let socket = Socket::bind(&path, mode).expect("a socket");
        let own = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(own, mode);
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("read").count(),
            1,
            "nothing else is left"
        );
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(socket.serve(injector.router(), async move {
            let _ = stopped.await;
        }));
        let answer = get(&path, "any.example").await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("GET /x 0"),
            "{answer}"
        );
        stop.send(()).expect("heard");
        serving.await.expect("ended").expect("in order");
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn what_is_left_over_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let first = Socket::bind(&path, 0o600).expect("a socket");
    let error = Socket::bind(&path, 0o600).expect_err("taken");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(
        error.to_string().contains("somebody listens there"),
        "{error}"
    );
    drop(first);
    // A socket whose program was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let second = Socket::bind(&path, 0o600).expect("replaced");
    drop(second);
    std::fs::write(&path, "mine").expect("written");
    let error = Socket::bind(&path, 0o600).expect_err("taken");
    assert!(
        error.to_string().contains("something other than a socket"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).expect("read"), b"mine");
    let error =
        Socket::bind(&folder.path().join("missing/api.sock"), 0o600).expect_err("no folder");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn another_socket_in_its_place_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let socket = Socket::bind(&path, 0o600).expect("a socket");
    std::fs::remove_file(&path).expect("removed");
    let other = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let serving = socket.serve(Router::new(), async {});
    serving.await.expect("in order");
    assert!(path.exists());
    drop(other);
}
