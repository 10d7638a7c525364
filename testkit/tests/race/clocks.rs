//! A clock that is ten minutes wrong, as the server's `Date` shows.

use std::time::Instant;

use gatepass_client::Profile;
use gatepass_client::tokens::StoredToken;
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::dpop::Dpop;
use serde_json::Value;

use crate::authority::{Authority, First};
use crate::desk::{Desk, Proof};
use crate::figures;
use crate::home::Home;
use crate::running::Told;

/// By how many seconds the server is ahead of us.
const AHEAD: [i64; 2] = [600, -600];
const WRONG: &str = "this machine's clock differs from the server's";

/// An authority whose clock is ahead by so much.
fn authority(ahead: i64, wants: Proof) -> (Desk, Authority) {
    let desk = Desk::new();
    let mut state = desk.state();
    (state.ahead, state.wants) = (ahead, wants);
    drop(state);
    let authority = Authority::small(&desk);
    (desk, authority)
}

/// The person is told, and once.
#[track_caller]
fn told_once(told: &Told) {
    assert_eq!(told.stderr.matches(WRONG).count(), 1, "{told:?}");
}

/// A token of an hour has most of it before it, by our own clock.
async fn lives_an_hour(home: &Home) {
    let told = home.run("token work --output json").await.code(0);
    assert!(told.stderr.is_empty(), "nothing new is learnt: {told:?}");
    let said: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let left = said.get("expires_in").and_then(Value::as_u64);
    assert!(
        left.is_some_and(|left| (3000..=3600).contains(&left)),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lifetime_counts_by_our_own_clock() {
    for ahead in AHEAD {
        for says_when in [false, true] {
            let (home, began) = (Home::new(), Instant::now());
            let (desk, authority) = authority(ahead, Proof::None);
            desk.state().says_when = says_when;
            authority.seed(&home, "work", -5).await;
            let told = home.run("token work").await.code(0);
            assert_eq!(told.line(), "access-2");
            told_once(&told);
            lives_an_hour(&home).await;
            assert_eq!(authority.front.refreshes(), 1);
            let how = if says_when {
                "expires_at"
            } else {
                "expires_in"
            };
            figures::line(
                &format!("a server {ahead} s ahead, {how}"),
                2,
                authority.front.refreshes(),
                began,
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_assertion_is_dated_by_the_server() {
    for ahead in AHEAD {
        let (home, began) = (Home::new(), Instant::now());
        let (desk, authority) = authority(ahead, Proof::Assertion);
        let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        let path = home.path().join("key.pem");
        std::fs::write(&path, key).expect("written");
        let lines = format!(
            "grant = \"client_credentials\"\nclient_key = {{ file = \"{}\" }}\nclient_auth = \"private_key_jwt\"\n",
            path.display()
        );
        authority.profile(&home, "work", &lines);
        let told = home.run("token work").await.code(0);
        assert_eq!((told.line(), desk.state().misdated), ("access-2", 1));
        told_once(&told);
        lives_an_hour(&home).await;
        figures::line(
            &format!("private_key_jwt, {ahead} s ahead"),
            2,
            authority.front.refreshes(),
            began,
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_of_possession_is_dated_by_the_server() {
    for ahead in AHEAD {
        let (home, began) = (Home::new(), Instant::now());
        let (desk, authority) = authority(ahead, Proof::Dpop);
        let profile = authority.profile(&home, "work", "dpop = true\n");
        home.keep("work", &bound(&profile)).await;
        let told = home.run("token work").await.code(0);
        assert_eq!((told.line(), desk.state().misdated), ("access-2", 1));
        told_once(&told);
        lives_an_hour(&home).await;
        assert_eq!(
            authority.front.refreshes(),
            2,
            "the second by the server's clock"
        );

        // At the API too, by a process that has never asked for a token.
        let words = format!("request {}/api", authority.front.origin);
        let told = home.run(&words).await.code(0);
        assert_eq!((told.stdout.as_str(), desk.state().misdated), ("hello", 2));
        assert_eq!(authority.front.refreshes(), 2);
        figures::line(
            &format!("DPoP, {ahead} s ahead"),
            3,
            authority.front.refreshes(),
            began,
        );
    }
}

/// A token that has expired, and is bound to a key.
fn bound(profile: &Profile) -> StoredToken {
    let mut token = First::of_desk().token(profile, -5);
    token.token_type = "DPoP".to_owned();
    let key = Dpop::generate(&mut Cx::new(SystemClock.now(), &mut OsEntropy)).expect("a key");
    token.dpop_key = Some(key.to_private_jwk().clone());
    token
}
