//! What an operator decides of the server's keys.

use std::time::Duration;

use gatepass_server::{KeyRotation, StartError};
use serde_json::{Value, json};

use crate::id_tokens::part;
use crate::wire::Call;
use crate::world::{Tokens, World, config};

impl World {
    async fn access_token(&self) -> String {
        let answer = self.token(&[("grant_type", "client_credentials")]).await;
        answer.good().text("access_token")
    }

    async fn kids(&self, alg: &str) -> Vec<String> {
        let published = self.send(Call::get("/jwks.json")).await.json();
        let keys = published.get("keys").and_then(Value::as_array);
        let keys = keys.expect("keys").iter();
        let own = keys.filter(|key| key.get("alg").is_some_and(|own| own == alg));
        own.map(named).collect()
    }

    /// Waits until the running server has seen what the operator did.
    async fn sees(&self, alg: &str, enough: impl Fn(&[String]) -> bool) {
        let seen = async {
            while !enough(&self.kids(alg).await) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(60), seen).await;
        seen.expect("the server sees it");
    }
}

fn kid(token: &str) -> String {
    named(&part(token, 0))
}

fn named(value: &Value) -> String {
    let kid = value.get("kid").and_then(Value::as_str);
    kid.expect("a kid").to_owned()
}

#[tokio::test]
async fn access_tokens_are_signed_as_the_operator_says() {
    for alg in ["EdDSA", "RS256", "PS256"] {
        let world =
            World::dev_with(|config| config.access_token_signing_alg = alg.to_owned()).await;
        let token = world.access_token().await;
        assert_eq!(part(&token, 0)["alg"], alg);
        assert_eq!(world.kids(alg).await, [kid(&token)]);
        world.lives(&token).await;
    }
}

/// Whoever checks tokens has to know the key of the new algorithm first. The one before goes on until then.
#[tokio::test]
async fn another_algorithm_is_published_before_it_is_used() {
    let world = World::dev().await;
    let before = kid(&world.access_token().await);
    let (folder, mut config) = world.stop().await;
    make_older(&config.database).await;
    config.access_token_signing_alg = "PS256".to_owned();
    let world = World::start(folder, config).await.expect("starts again");
    world.sees("PS256", |kids| kids.len() == 1).await;
    let token = world.access_token().await;
    assert_eq!(
        (kid(&token), &part(&token, 0)["alg"]),
        (before, &"ES256".into())
    );
    let keys = world.admin().await.server_keys().await.expect("the keys");
    let coming = keys.iter().find(|key| key.alg == "PS256").expect("its key");
    assert!(coming.activates_at >= coming.created_at + KeyRotation::default().publish_before);
}

/// As if the keys had been made an hour ago.
async fn make_older(database: &str) {
    use gatepass_proto::decide::change::Change;
    use gatepass_proto::decide::record::{Key, Kind, Record};
    let store = gatepass_store::open(database).await.expect("opens");
    let keys = store.list(Kind::SealedKey).await.expect("the keys");
    let changes = keys.into_iter().flat_map(|record| {
        let Record::SealedKey(mut key) = record else {
            unreachable!("sealed keys were asked for")
        };
        let delete = Change::Delete(Key::SealedKey(key.key_id.clone()));
        key.created_at = key.created_at - Duration::from_secs(3600);
        key.activates_at = key.created_at;
        [delete, Change::Insert(Record::SealedKey(key))]
    });
    store.commit(changes.collect()).await.expect("committed");
    store.close().await;
}

/// Before there is anything to check by it.
#[tokio::test]
async fn who_registers_an_algorithm_finds_its_key() {
    let world = World::dev().await;
    assert!(world.kids("PS256").await.is_empty());
    let metadata = json!({
        "redirect_uris": ["https://app.example/cb"],
        "id_token_signed_response_alg": "PS256",
    });
    let call = Call::post("/oauth/register").json(&metadata.to_string());
    let answer = world.send(call).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    world.sees("PS256", |kids| kids.len() == 1).await;
}

#[tokio::test]
async fn a_retired_key_is_good_for_nothing_any_more() {
    let world = World::dev().await;
    let old = world.access_token().await;
    world.lives(&old).await;
    let admin = world.admin().await;
    let next = admin.retire_server_key(&kid(&old)).await.expect("retired");
    let next = next.expect("it was in use").key_id;
    world.sees("ES256", |kids| kids == [next.clone()]).await;
    world.is_dead(&old).await;
    let new = world.access_token().await;
    assert_eq!(kid(&new), next);
    world.lives(&new).await;
    let again = admin.retire_server_key(&kid(&old)).await;
    assert!(again.is_err_and(|error| error.to_string().contains("does not exist")));
    let events = admin
        .audit(&gatepass_server::AuditFilter::default(), 50)
        .await;
    let events = events.expect("the log");
    assert!(events.iter().any(|line| line.event == "server_key.retired"));
}

#[tokio::test]
async fn a_retired_refresh_key_ends_its_logins() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    let admin = world.admin().await;
    let next = admin.retire_server_key("refresh-1").await.expect("retired");
    assert_eq!(next.expect("it was in use").key_id, "refresh-2");
    let ended = async {
        loop {
            let answer = world.refresh(&tokens.refresh).await;
            if answer.status != 200 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), ended).await;
    answer
        .expect("the server sees it")
        .refused(400, "invalid_grant");
    let new = world.tokens().await;
    Tokens::of(&world.refresh(&new.refresh).await);
}

/// The one that is published already is known to everybody: it is the one to change to in a hurry.
#[tokio::test]
async fn the_next_key_can_be_used_before_its_time() {
    let world = World::dev().await;
    let before = kid(&world.access_token().await);
    let admin = world.admin().await;
    let next = admin.rotate_server_key("ES256", false).await.expect("made");
    assert_eq!(next.state, "published");
    world.sees("ES256", |kids| kids.len() == 2).await;
    assert_eq!(kid(&world.access_token().await), before);
    let again = admin.rotate_server_key("ES256", false).await;
    let error = again.expect_err("one waits already").to_string();
    assert!(error.contains(&next.key_id), "{error}");

    let moved = admin.rotate_server_key("ES256", true).await.expect("moved");
    assert_eq!((&moved.key_id, moved.state), (&next.key_id, "active"));
    // Those that sign come first.
    world
        .sees("ES256", |kids| {
            kids == [next.key_id.clone(), before.clone()]
        })
        .await;
    assert_eq!(kid(&world.access_token().await), next.key_id);
    let unknown = admin.rotate_server_key("HS256", true).await;
    assert!(unknown.is_err_and(|error| error.to_string().contains("EdDSA")));
}

#[tokio::test]
async fn settings_that_cannot_be_kept_to_are_refused() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let rotation = |every, publish_before| KeyRotation {
        every,
        publish_before,
    };
    for (key_rotation, signing, access, expected) in [
        (
            rotation(hours(24), Duration::from_secs(60)),
            "ES256",
            "ES256",
            "at least 10m",
        ),
        (
            rotation(hours(1), hours(2)),
            "ES256",
            "ES256",
            "at least publish_before, 2h",
        ),
        (
            KeyRotation::default(),
            "HS256",
            "ES256",
            "signing_algorithms: \"HS256\"",
        ),
        (
            KeyRotation::default(),
            "ES256",
            "none",
            "access_token_signing_alg: \"none\"",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path());
        config.key_rotation = key_rotation;
        config.signing_algorithms = vec![signing.to_owned()];
        config.access_token_signing_alg = access.to_owned();
        let error = World::start(folder, config).await.err();
        let Some(StartError::Config(text)) = error else {
            panic!("{expected}: {error:?}");
        };
        assert!(text.contains(expected), "{text}");
    }
}
