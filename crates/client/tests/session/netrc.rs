//! Passwords from a netrc file, for the host that a request really goes to.

use std::path::{Path, PathBuf};

use gatepass_client::{Config, Credential, Error, LoginOptions, Nobody, Paths, Session};

use crate::server::{Server, answer, redirect};

/// `me:hunter2`
const BASIC: &str = "Basic bWU6aHVudGVyMg==";

fn file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("netrc");
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

fn session(file: PathBuf, api: &[&str]) -> Session {
    let builder = Session::builder(Credential::Netrc { file: Some(file) });
    api.iter()
        .fold(builder, |builder, origin| builder.api(origin))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_hosts_own_entry_is_sent_and_follows_no_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::start(|_| answer(200, &[], "")).await;
    let to = other.url.replace("localhost", "127.0.0.1");
    let own = to.clone();
    let server = Server::start(move |_| redirect(307, &own)).await;
    // Both have an entry, and both are of the profile.
    let path = file(
        folder.path(),
        "machine 127.0.0.1 login other password secret\nmachine localhost login me password hunter2",
    );
    let session = session(path, &[&server.url, &to]);
    let answer = session.get(&server.url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(server.last().header("authorization"), Some(BASIC));
    assert_eq!(
        other.last().header("authorization"),
        None,
        "neither this password nor its own"
    );
    session.get(&to).send().await.unwrap();
    assert!(other.last().header("authorization").is_some());
}

#[tokio::test]
async fn urls_that_look_like_another_host_get_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| answer(200, &[], "")).await;
    let path = file(
        folder.path(),
        "machine localhost login me password hunter2 default login x password hunter2",
    );
    let session = session(path, &[&server.url]);
    let port = server.url.rsplit_once(':').unwrap().1;
    for url in [
        format!("http://localhost:@127.0.0.1:{port}/"),
        format!("http://localhost:{port}@127.0.0.1:{port}/"),
        format!("http://localhost:@localhost:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        "https://localhost:@evil.example/".to_owned(),
        "https://evil.example/".to_owned(),
    ] {
        let error = session.get(&url).send().await.unwrap_err();
        assert!(
            matches!(error, Error::WrongOrigin { .. } | Error::Setup(_)),
            "{url}: {error}"
        );
        assert!(!format!("{error}{error:?}").contains("hunter2"));
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_entry_that_is_missing_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| answer(200, &[], "")).await;
    let path = file(
        folder.path(),
        "machine elsewhere.example login me password hunter2",
    );
    let session = session(path.clone(), &[&server.url]);
    let sent = session.get(&server.url).send().await.map(drop);
    let logged_in = session
        .login(&Nobody, &LoginOptions::default())
        .await
        .map(drop);
    for outcome in [sent, logged_in, session.attachment().await.map(drop)] {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("has no entry for localhost"), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_profile_names_the_method() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        "machine api.example login me password hunter2",
    );
    let paths = Paths::under(folder.path());
    std::fs::create_dir_all(&paths.config).unwrap();
    let text = format!(
        "[profile.work]\nmethod = \"netrc\"\napi = [\"https://api.example\"]\nfile = {:?}\n",
        path.display().to_string()
    );
    std::fs::write(paths.config_file(), text).unwrap();
    let config = Config::load(&paths).unwrap();
    let profile = config.profile(Some("work")).unwrap();
    let session = Session::open(profile, &paths).unwrap();
    let attachment = session.attachment().await.unwrap();
    assert_eq!(
        (attachment.value.expose(), attachment.secret.expose()),
        (BASIC, "hunter2")
    );
    assert_eq!(session.status().await.unwrap().method, "netrc");
    let mut copy = profile.clone();
    copy.name = "copy".parse().unwrap();
    Config::add(&paths, &copy).unwrap();
    assert_eq!(
        Config::load(&paths).unwrap().profile(Some("copy")).unwrap(),
        &copy
    );
}
