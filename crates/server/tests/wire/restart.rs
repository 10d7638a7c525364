//! Stopping in good order, and starting again on the same database.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::{Answer, Call, hear};
use crate::world::{Tokens, World, free_port};

#[tokio::test]
async fn everything_given_away_is_still_good() {
    let port = free_port();
    let world = World::dev_with(|config| config.listen.set_port(port)).await;
    let set = serde_json::to_value(world.set()).expect("serialises");
    let jwks = world.send(Call::get("/jwks.json")).await.body;
    let tokens = world.tokens().await;
    let code = world.code(&world.request()).await;
    let spent = world.tokens().await;
    let browser = world.logged_in().await;
    Tokens::of(&world.refresh(&spent.refresh).await);
    let issuer = world.issuer.clone();
    let (folder, config) = world.stop().await;

    let world = World::start(folder, config).await.expect("starts again");
    assert_eq!(world.issuer, issuer);
    assert_eq!(serde_json::to_value(world.set()).expect("serialises"), set);
    assert_eq!(world.send(Call::get("/jwks.json")).await.body, jwks);
    world.lives(&tokens.access).await;
    let next = Tokens::of(&world.refresh(&tokens.refresh).await);
    world.lives(&next.access).await;
    // Inside the grace, on the other side of the restart.
    Tokens::of(&world.refresh(&spent.refresh).await);
    world.redeem(&code).await.good();
    let page = browser
        .clone()
        .get(&crate::world::authorize(&world.request()))
        .await;
    assert!(page.body.contains("decision"), "the session goes on");
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let world = World::dev().await;
    let bytes = world
        .token_call(&[("grant_type", "client_credentials")])
        .bytes();
    let (first, rest) = bytes.split_at(bytes.len() - 5);
    let address = world.address;
    let mut busy = TcpStream::connect(address).await.expect("connects");
    busy.write_all(first).await.expect("writes");
    let mut idle = TcpStream::connect(address).await.expect("connects");
    let silent = TcpStream::connect(address).await.expect("connects");
    idle.write_all(b"GET /jwks.json HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("writes");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (mut running, folder, _) = world.tell_to_stop();
    let early = tokio::time::timeout(Duration::from_millis(300), &mut running).await;
    assert!(early.is_err(), "it waits for the request");
    assert!(TcpStream::connect(address).await.is_err(), "nobody new");
    busy.write_all(rest).await.expect("writes");
    let heard = hear(&mut busy).await;
    Answer::read(&heard).good();
    let ended = tokio::time::timeout(Duration::from_secs(5), running).await;
    ended
        .expect("idle connections do not hold it up")
        .expect("no panic")
        .expect("no error");
    let heard = hear(&mut idle).await;
    assert_eq!(Answer::read(&heard).status, 200);
    drop((silent, folder));
}
