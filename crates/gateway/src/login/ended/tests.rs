use std::fs;
use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::jose::access_token::Audience;
use gatepass_proto::jose::logout_token::{Events, LogoutToken};
use serde_json::Map;

use super::{Ended, FORGOTTEN, Heard, MOST, Mark, Marks, Of};
use crate::login::session::Session;

const ISSUER: &str = "https://as.example";
const HOUR: Duration = Duration::from_secs(3600);
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn session(sid: Option<&str>) -> Session {
    Session {
        id: "one".to_owned(),
        sub: "ann".to_owned(),
        sid: sid.map(str::to_owned),
        began: NOW,
        until: NOW + HOUR,
        checked: NOW,
        auth_time: None,
        acr: None,
        claims: Map::new(),
    }
}

fn token(jti: &str, sub: Option<&str>, sid: Option<&str>) -> LogoutToken {
    LogoutToken {
        iss: ISSUER.to_owned(),
        aud: Audience::One("guard".to_owned()),
        iat: NOW.as_secs(),
        exp: NOW.as_secs() + 120,
        jti: jti.to_owned(),
        sub: sub.map(str::to_owned),
        sid: sid.map(str::to_owned),
        events: Events,
    }
}

async fn hear(ended: &Ended, token: &LogoutToken) -> Heard {
    ended.hear(token, HOUR, NOW).await.expect("written")
}

#[tokio::test]
async fn a_logout_ends_the_session_that_it_names() {
    for (sub, sid, named, other, unnamed) in [
        (None, Some("s"), true, false, false),
        (Some("ann"), Some("s"), true, false, true),
        (Some("ann"), None, true, true, true),
        (Some("ben"), None, false, false, false),
        (Some("ben"), Some("t"), false, false, false),
    ] {
        let ended = Ended::in_memory();
        assert_eq!(hear(&ended, &token("1", sub, sid)).await, Heard::Taken);
        let over = |sid: Option<&str>| ended.is_over(ISSUER, &session(sid));
        assert_eq!(over(Some("s")), named, "{sub:?} {sid:?}");
        assert_eq!(over(Some("other")), other, "{sub:?} {sid:?}");
        assert_eq!(over(None), unnamed, "{sub:?} {sid:?}");
        assert!(!ended.is_over("https://other.example", &session(Some("s"))));
    }
}

#[tokio::test]
async fn a_person_may_log_in_again_but_a_session_of_the_provider_is_over() {
    let ended = Ended::in_memory();
    hear(&ended, &token("1", Some("ann"), None)).await;
    hear(&ended, &token("2", None, Some("s"))).await;
    let later = |sid: Option<&str>| Session {
        checked: NOW + Duration::from_secs(1),
        ..session(sid)
    };
    assert!(!ended.is_over(ISSUER, &later(Some("new"))));
    assert!(!ended.is_over(ISSUER, &later(None)));
    assert!(ended.is_over(ISSUER, &later(Some("s"))));
}

#[tokio::test]
async fn a_token_counts_once() {
    let ended = Ended::in_memory();
    assert_eq!(
        hear(&ended, &token("1", Some("ann"), None)).await,
        Heard::Taken
    );
    assert_eq!(
        hear(&ended, &token("1", Some("ben"), None)).await,
        Heard::Again
    );
    let ben = Session {
        sub: "ben".to_owned(),
        ..session(None)
    };
    assert!(!ended.is_over(ISSUER, &ben));
}

#[tokio::test]
async fn what_was_logged_out_stays_so_through_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("login.key.logouts");
    let first = Ended::in_file(&path, NOW).expect("made");
    hear(&first, &token("1", None, Some("s"))).await;
    first
        .end(ISSUER, &session(None), NOW)
        .await
        .expect("written");
    drop(first);
    for _ in 0..2 {
        let again = Ended::in_file(&path, NOW).expect("read");
        assert!(again.is_over(ISSUER, &session(Some("s"))));
        assert!(again.is_over(ISSUER, &session(None)));
        assert_eq!(
            hear(&again, &token("1", None, Some("t"))).await,
            Heard::Again
        );
    }
    let much_later = Ended::in_file(&path, NOW + HOUR * 2).expect("read");
    assert!(!much_later.is_over(ISSUER, &session(Some("s"))));
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(text, "gatepass logouts 1\nfloor 0\n");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[tokio::test]
async fn a_torn_end_is_dropped_and_any_other_damage_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list");
    let ended = Ended::in_file(&path, NOW).expect("made");
    hear(&ended, &token("1", None, Some("s"))).await;
    drop(ended);
    let whole = fs::read_to_string(&path).expect("a file");
    for torn in [format!("{whole}abc"), format!("{whole}\u{0}\u{0}")] {
        fs::write(&path, torn).expect("written");
        let again = Ended::in_file(&path, NOW).expect("read");
        assert!(again.is_over(ISSUER, &session(Some("s"))));
    }
    for damaged in [
        String::new(),
        whole.replacen("logouts 1", "logouts 2", 1),
        whole.replacen("floor 0", "floor", 1),
        format!("{whole}abc\n"),
        format!("{whole}{} 1 2 3\n", "A".repeat(43)),
        format!("{whole}{} -1 2\n", "A".repeat(43)),
    ] {
        fs::write(&path, &damaged).expect("written");
        let refused = Ended::in_file(&path, NOW)
            .err()
            .expect("refused")
            .to_string();
        assert!(refused.contains("damaged"), "{refused}");
        assert_eq!(fs::read_to_string(&path).expect("still there"), damaged);
    }
}

#[tokio::test]
async fn a_logout_that_cannot_be_written_counts_and_may_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list");
    drop(Ended::in_file(&path, NOW).expect("made"));
    let mut ended = Ended::in_file(&path, NOW).expect("read");
    ended.log = Some(std::sync::Arc::new(super::Log::unwritable(&path)));
    let token = token("1", None, Some("s"));
    ended
        .hear(&token, HOUR, NOW)
        .await
        .expect_err("not written");
    assert!(ended.is_over(ISSUER, &session(Some("s"))));
    ended
        .hear(&token, HOUR, NOW)
        .await
        .expect_err("not written, and no replay");
}

#[test]
fn without_room_the_oldest_are_asked_about_again() {
    let mut marks = Marks::default();
    let at = |secs: u64| NOW + Duration::from_secs(secs);
    for index in 0..MOST as u64 {
        let (at, until) = (at(index), at(index) + HOUR * 1000);
        let name = Of::Id(&index.to_string()).digest(ISSUER);
        marks.insert(&[(name, Mark { at, until })], NOW);
    }
    assert_eq!(
        (marks.by_name.len(), marks.floor),
        (MOST, Timestamp::default())
    );
    let mark = Mark {
        at: NOW,
        until: NOW + HOUR,
    };
    marks.insert(&[(Of::Id("one more").digest(ISSUER), mark)], NOW);
    assert_eq!(marks.by_name.len(), MOST - FORGOTTEN);
    assert_eq!(marks.floor, at(FORGOTTEN as u64));
    assert!(!marks.by_name.contains_key(&Of::Id("0").digest(ISSUER)));
    assert!(marks.by_name.contains_key(&Of::Id("99999").digest(ISSUER)));
}

#[test]
fn what_is_over_makes_room_first() {
    let mut marks = Marks::default();
    for index in 0..MOST {
        let mark = Mark {
            at: NOW,
            until: NOW + HOUR,
        };
        marks.insert(&[(Of::Id(&index.to_string()).digest(ISSUER), mark)], NOW);
    }
    let later = NOW + HOUR;
    let mark = Mark {
        at: later,
        until: later + HOUR,
    };
    marks.insert(&[(Of::Id("one more").digest(ISSUER), mark)], later);
    assert_eq!(
        (marks.by_name.len(), marks.floor),
        (1, Timestamp::default())
    );
}

#[tokio::test]
async fn a_file_with_many_lines_is_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list");
    let ended = Ended::in_file(&path, NOW).expect("made");
    let log = ended.log.clone().expect("on disk");
    let mark = Mark {
        at: NOW,
        until: NOW + HOUR,
    };
    let many = vec![(Of::Id("one").digest(ISSUER), mark); 10_003];
    ended.marks().insert(&many[..1], NOW);
    log.append(&many, &ended.marks).expect("written");
    log.append(&many[..1], &ended.marks).expect("written");
    log.append(&many[..1], &ended.marks).expect("written");
    let lines = fs::read_to_string(&path).expect("a file").lines().count();
    assert!(lines < 10_003, "{lines}");
    drop((ended, log));
    let again = Ended::in_file(&path, NOW).expect("read");
    assert!(again.is_over(ISSUER, &session(None)));
}
