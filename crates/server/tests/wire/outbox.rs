//! Notices to clients: sent at least once and hardly ever twice, never where they may not go, and not kept for ever.

use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::ClientId;
use gatepass_proto::decide::notice::{News, Notice};
use gatepass_server::Server;

use crate::receiver::{Receiver, SILENCE, until, uri};
use crate::wire::Call;
use crate::world::World;

/// A client that wants to be told at this address.
async fn told_at(world: &World, id: &str, uri: &str) {
    let uri = Some(uri.to_owned());
    world
        .detailed(id, |details| details.backchannel_logout_uri = uri)
        .await;
}

fn sid(token: &str) -> String {
    let claims = crate::id_tokens::part(token, 1);
    let sid = claims.get("sid").and_then(serde_json::Value::as_str);
    sid.expect("a sid").to_owned()
}

fn sids(receiver: &Receiver) -> Vec<String> {
    let mut sids: Vec<String> = receiver
        .heard()
        .iter()
        .map(|heard| sid(heard.form().get("logout_token").expect("a token")))
        .collect();
    sids.sort_unstable();
    sids
}

#[tokio::test]
async fn one_that_another_process_left_is_found() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    told_at(&world, "c", &receiver.uri()).await;
    world.leave_notice("c", "s1").await;
    receiver.hears(1).await;
    until(|| async { world.waiting().await.is_empty() }).await;
    assert_eq!(sids(&receiver), ["s1"]);
}

/// Operators see what arrives and what does not.
#[tokio::test]
async fn outcomes_are_counted() {
    let operations = std::net::SocketAddr::from(([127, 0, 0, 1], crate::world::free_port()));
    let world = World::dev_with(|config| config.operations = Some(operations)).await;
    let receiver = Receiver::new().await;
    receiver.answer(500);
    told_at(&world, "c", &receiver.uri()).await;
    world.leave_notice("c", "s1").await;
    receiver.hears(1).await;
    receiver.answer(200);
    receiver.hears(2).await;
    until(|| async { world.waiting().await.is_empty() }).await;
    let counted = |outcome: &'static str| async move {
        let metrics = Call::get("/metrics").send(operations).await.body;
        let line = format!("gatepass_notices_total{{kind=\"logout\",outcome=\"{outcome}\"}} 1");
        metrics.contains(&line)
    };
    for outcome in ["failed", "delivered"] {
        until(|| counted(outcome)).await;
    }
}

/// It is sent again until it is taken, whatever the client says meanwhile, and nowhere else.
#[tokio::test]
async fn what_is_not_taken_is_sent_again() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    receiver.answer(503);
    told_at(&world, "c", &receiver.uri()).await;
    world.leave_notice("c", "s1").await;
    receiver.hears(1).await;
    receiver.answer(302);
    receiver.hears(2).await;
    receiver.answer(204);
    receiver.hears(3).await;
    until(|| async { world.waiting().await.is_empty() }).await;
    assert_eq!(world.audited("notice.given_up").await, 0);
    assert_eq!(sids(&receiver), ["s1", "s1", "s1"]);
}

#[tokio::test]
async fn a_client_that_was_down_hears_it_when_it_is_up() {
    let world = World::dev().await;
    let address = Receiver::nowhere();
    told_at(&world, "c", &uri(address)).await;
    world.leave_notice("c", "s1").await;
    let failed = || async {
        let waiting = world.waiting().await;
        waiting.iter().any(|notice| notice.failures > 0)
    };
    until(failed).await;
    let receiver = Receiver::at(address).await;
    receiver.hears(1).await;
    until(|| async { world.waiting().await.is_empty() }).await;
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let world = World::dev().await;
    let address = Receiver::nowhere();
    told_at(&world, "c", &uri(address)).await;
    for n in 0..5 {
        world.leave_notice("c", &format!("s{n}")).await;
    }
    let (folder, config) = world.stop().await;
    let receiver = Receiver::at(address).await;
    let world = World::start(folder, config).await.expect("starts again");
    until(|| async { world.waiting().await.is_empty() }).await;
    let mut heard = sids(&receiver);
    heard.dedup();
    assert_eq!(heard, ["s0", "s1", "s2", "s3", "s4"]);
}

/// Whoever takes a notice has it for itself: of several nodes one sends it.
#[tokio::test]
async fn several_nodes_send_each_once() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    told_at(&world, "c", &receiver.uri()).await;
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let server = Server::bind(&world.config).await.expect("another node");
        nodes.push(tokio::spawn(server.run(std::future::pending())));
    }
    let mut expected = Vec::new();
    for n in 0..30 {
        let sid = format!("s{n:02}");
        world.leave_notice("c", &sid).await;
        expected.push(sid);
    }
    until(|| async { world.waiting().await.is_empty() }).await;
    let mut heard = sids(&receiver);
    // A node that stands still for half a minute loses its claim; nothing else is sent twice.
    assert!(heard.len() < expected.len() + 5, "{heard:?}");
    heard.dedup();
    assert_eq!(heard, expected);
    nodes.iter().for_each(tokio::task::JoinHandle::abort);
}

/// A client that does not answer costs the others nothing.
#[tokio::test]
async fn a_silent_client_holds_nobody_up() {
    let world = World::dev().await;
    let (silent, other) = (Receiver::new().await, Receiver::new().await);
    silent.answer(SILENCE);
    told_at(&world, "silent", &silent.uri()).await;
    told_at(&world, "other", &other.uri()).await;
    for n in 0..20 {
        world.leave_notice("silent", &format!("a{n}")).await;
    }
    silent.hears(1).await;
    world.leave_notice("other", "b").await;
    other.hears(1).await;
    assert!(silent.heard().len() < 20, "it is not asked all at once");
}

/// Server-side request forgery: a client must not send the server to this machine or its neighbours.
#[tokio::test]
async fn a_client_cannot_send_notices_home() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    let port = receiver.address.port();
    let uris = [
        receiver.uri(),
        format!("http://localhost:{port}/told"),
        format!("https://127.0.0.1:{port}/told"),
        format!("https://[::ffff:127.0.0.1]:{port}/told"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/told".to_owned(),
    ];
    for (n, uri) in uris.iter().enumerate() {
        told_at(&world, &format!("c{n}"), uri).await;
    }
    let (folder, config) = world.stop().await;
    let config = gatepass_server::Config {
        dev: false,
        ..config
    };
    std::fs::remove_file(folder.path().join("gatepass.db.dev.json")).expect("no dev set");
    let world = World::start(folder, config)
        .await
        .expect("starts for others");
    for n in 0..uris.len() {
        world.leave_notice(&format!("c{n}"), "s").await;
    }
    let all_failed = || async {
        let waiting = world.waiting().await;
        waiting.len() == uris.len() && waiting.iter().all(|notice| notice.failures > 0)
    };
    until(all_failed).await;
    assert_eq!(receiver.heard().len(), 0);
}

#[tokio::test]
async fn what_cannot_be_delivered_is_given_up_and_audited() {
    let world = World::dev().await;
    told_at(&world, "c", &uri(Receiver::nowhere())).await;
    let news = News::Logout {
        user_id: gatepass_proto::UserId::new("us_somebody"),
        sid: "s".to_owned(),
    };
    let now = SystemClock.now();
    let notice = Notice::new(ClientId::new("c"), news, now);
    let brief = notice.no_later_than(now + Duration::from_secs(2));
    world.leave(brief, "n").await;
    until(|| async { world.audited("notice.given_up").await == 1 }).await;
    assert!(world.waiting().await.is_empty());
}

/// A client that is gone, or wants to hear nothing any more, is not told, and that is nobody's failure.
#[tokio::test]
async fn a_client_that_is_gone_is_not_told() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    told_at(&world, "gone", &receiver.uri()).await;
    world.delete_client("gone").await;
    world.detailed("deaf", |_| ()).await;
    for id in ["gone", "deaf", "never there"] {
        world.leave_notice(id, id).await;
    }
    until(|| async { world.waiting().await.is_empty() }).await;
    assert_eq!(receiver.heard().len(), 0);
    assert_eq!(world.audited("notice.given_up").await, 0);
}

/// A dead client must not fill the database.
#[tokio::test]
async fn no_more_than_so_many_wait_for_a_client_that_does_not_answer() {
    let world = World::dev().await;
    told_at(&world, "c", &uri(Receiver::nowhere())).await;
    let now = SystemClock.now();
    let mut changes = Vec::new();
    for n in 0..150 {
        let news = News::Logout {
            user_id: gatepass_proto::UserId::new("us_somebody"),
            sid: format!("s{n}"),
        };
        let notice = Notice::new(ClientId::new("c"), news, now);
        changes.push(notice.enqueue(gatepass_proto::Digest::of(n.to_string()), now));
    }
    let database = world.database().await;
    database.commit(changes).await.expect("left");
    until(|| async { world.waiting().await.len() <= 100 }).await;
    assert!(world.audited("notice.given_up").await >= 50);
}
