//! A renewal that failed is known to everybody who shares the token.

use std::path::Path;
use std::time::Duration;

use gatepass_client::{Error, Session};

use crate::authority::{Authority, Mood, files, key, seed};

/// A session such as every process has: its own memory, the same files.
fn process(authority: &Authority, folder: &Path) -> Session {
    authority
        .session(authority.person_client())
        .tokens(files(folder), key())
        .build()
        .unwrap()
}

async fn token(session: &Session) -> Result<String, Error> {
    let token = session.token(Duration::ZERO).await?;
    Ok(token.access_token.expose().to_owned())
}

#[tokio::test]
async fn a_failing_server_is_left_alone_by_the_next_process_too() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start().await;
    let first = process(&authority, folder.path());
    seed(&first, &*files(folder.path()), 30).await;
    authority.desk().mood = Mood::Answers(503);
    for _ in 0..5 {
        let next = process(&authority, folder.path());
        assert_eq!(token(&next).await.unwrap(), "access-1", "it lives");
    }
    assert_eq!(authority.desk().requests, 1);

    let stored = files(folder.path()).load(&key()).await.unwrap().unwrap();
    let failed = stored.failed.expect("the failure is kept");
    assert!(failed.temporary && failed.times == 1, "{failed:?}");
    assert_eq!(failed.reason, "invalid_grant", "what the server said");

    authority.desk().mood = Mood::Well;
    let asked = process(&authority, folder.path()).refresh().await.unwrap();
    assert_eq!(asked.access_token.expose(), "access-2", "a demand is tried");
    let stored = files(folder.path()).load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.failed, None, "what went well is no failure any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_waited_for_it_do_not_try_it_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start().await;
    let first = process(&authority, folder.path());
    seed(&first, &*files(folder.path()), -5).await;
    authority.desk().mood = Mood::Drowned(Duration::from_secs(1));
    let all = (0..10).map(|_| process(&authority, folder.path()));
    let asking = all.map(|own| tokio::spawn(async move { token(&own).await }));
    let asking: Vec<_> = asking.collect();
    for asked in asking {
        let error = asked.await.unwrap().unwrap_err();
        assert!(error.is_temporary() && !error.is_login_needed(), "{error}");
        assert!(error.to_string().contains("503"), "{error}");
    }
    assert_eq!(authority.desk().requests, 1);

    authority.desk().mood = Mood::Well;
    let later = process(&authority, folder.path());
    assert_eq!(
        token(&later).await.unwrap(),
        "access-2",
        "who comes later tries"
    );
}
