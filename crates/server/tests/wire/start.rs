//! What a server refuses to start with, and the files that it makes.

use std::os::unix::fs::PermissionsExt as _;

use gatepass_server::{Config, Server, StartError};

use crate::world::{World, config};

async fn refused(change: impl FnOnce(&mut Config)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    change(&mut config);
    match Server::bind(&config).await {
        Err(error @ StartError::Config(_)) => {
            let left = std::fs::read_dir(folder.path()).expect("the folder");
            assert_eq!(
                left.count(),
                0,
                "nothing is made before it is known to be right"
            );
            error.to_string()
        }
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("must be refused"),
    }
}

#[tokio::test]
async fn dev_stays_on_this_machine() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:0.0.0.0]:0"] {
        let text = refused(|config| {
            config.dev = true;
            config.listen = address.parse().expect("an address");
        })
        .await;
        assert!(text.contains("loopback"), "{text}");
    }
}

#[tokio::test]
async fn what_dev_has_used_is_refused_without_it() {
    let (folder, mut config) = World::dev().await.stop().await;
    config.dev = false;
    let refused = Server::bind(&config).await.err().expect("must be refused");
    assert!(refused.to_string().contains("--dev"), "{refused}");
    config.dev = true;
    Server::bind(&config).await.expect("with it all is well");
    drop(folder);
}

#[tokio::test]
async fn the_issuer_is_https_or_on_this_machine() {
    for issuer in [
        "http://as.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://192.0.2.1",
        "http://0.0.0.0",
        "ftp://localhost",
        "file:///etc",
        "as.example",
        "",
        "https://as.example?x=1",
        "https://as.example#x",
        "https://user@as.example",
        "https://:secret@as.example",
        "https://as.example/:tenant",
        "https://as.example/*tenant",
    ] {
        let text = refused(|config| config.issuer = Some(issuer.to_owned())).await;
        assert!(!text.contains("secret"), "{text}");
    }
    let text = refused(|config| config.listen.set_ip([0, 0, 0, 0].into())).await;
    assert!(text.contains("--issuer"), "{text}");
    for issuer in [
        "http://localhost:1",
        "http://[::1]:1",
        "https://as.example/t",
    ] {
        World::with(|config| config.issuer = Some(issuer.to_owned())).await;
    }
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    let world = World::dev().await;
    world.tokens().await;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(world.folder()).expect("the folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("a file").permissions().mode();
        let name = entry.file_name().into_string().expect("UTF-8");
        assert_eq!(mode & 0o777, 0o600, "{name}");
        names.push(name);
    }
    for name in ["gatepass.db", "gatepass.db.key", "gatepass.db.dev.json"] {
        assert!(names.iter().any(|own| own == name), "{names:?}");
    }
}

/// `sqlite:`, `sqlite://` and a plain path name the same file, and what belongs to it lies beside it.
#[tokio::test]
async fn the_master_key_lies_beside_the_database_however_it_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("named.db");
    for scheme in ["sqlite:", "sqlite://", ""] {
        let mut config = config(folder.path());
        config.database = format!("{scheme}{}", path.display());
        Server::bind(&config).await.expect("it starts");
    }
    assert!(folder.path().join("named.db.key").exists());
}
