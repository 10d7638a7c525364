//! What lasts: events and WebSockets.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{accept_hdr_async, connect_async};

use crate::api;
use crate::world::World;

#[tokio::test]
async fn events_arrive_as_they_happen() {
    let (events, say) = api::events().await;
    let world = World::before_api(events).await;
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    let bearer = world.bearer("read");
    let text = format!("GET /things/1 HTTP/1.1\r\nHost: a\r\n{bearer}\r\n\r\n");
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut seen = String::new();
    for word in ["one", "two", "three"] {
        assert!(!seen.contains(word));
        say.send(word).await.expect("said");
        while !seen.contains(&format!("data: {word}\n\n")) {
            let mut piece = [0; 1024];
            let read = api::soon(stream.read(&mut piece)).await.expect("read");
            assert_ne!(read, 0, "it ended: {seen}");
            seen.push_str(std::str::from_utf8(&piece[..read]).expect("UTF-8"));
        }
    }
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
}

/// One that says who came, and then repeats what it hears.
async fn sockets() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut who = String::new();
                #[expect(
                    clippy::result_large_err,
                    reason = "the library's callback has this signature"
                )]
                let look =
                    |request: &Request, answer: Response| -> Result<Response, ErrorResponse> {
                        let headers = request.headers();
                        assert!(
                            !headers.contains_key("authorization"),
                            "a token has come through"
                        );
                        let subject = headers.get("x-gatepass-subject");
                        let subject = subject.and_then(|own| own.to_str().ok());
                        who = subject.unwrap_or("nobody").to_owned();
                        Ok(answer)
                    };
                let mut socket = accept_hdr_async(stream, look).await.expect("a WebSocket");
                socket.send(Message::text(who)).await.expect("said");
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text() && socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_websocket_passes_with_a_token_and_not_without() {
    let world = World::before_api(sockets().await).await;
    let url = format!("ws://{}/things/1", world.address);
    let refused = connect_async(url.as_str())
        .await
        .expect_err("nobody is let in");
    match refused {
        Error::Http(answer) => assert_eq!(answer.status(), 401),
        other => panic!("{other}"),
    }
    let mut request = url.as_str().into_client_request().expect("a request");
    let bearer = world.bearer("read");
    let token = bearer.strip_prefix("Authorization: ").expect("a header");
    let headers = request.headers_mut();
    headers.insert("authorization", token.parse().expect("a value"));
    headers.insert("x_gatepass_subject", "root".parse().expect("a value"));
    let (mut socket, _) = api::soon(connect_async(request)).await.expect("let in");
    for word in ["ann", "one", "two"] {
        if word != "ann" {
            socket.send(Message::text(word)).await.expect("said");
        }
        let heard = api::soon(socket.next())
            .await
            .expect("open")
            .expect("heard");
        assert_eq!(heard.to_text().expect("text"), word);
    }
}
