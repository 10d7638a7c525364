//! What is sent and what comes back: forms, files, headers, time limits, streams.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use gatepass_client::{Advice, Content, Credential, Error, Form, Part, SecretRef, Session};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::authority::Authority;
use crate::server::{self, Seen, Server, answer};

fn session(server: &Server) -> Session {
    Session::builder(Credential::bearer(SecretRef::given("s")))
        .api(&server.url)
        .build()
        .unwrap()
}

fn length(seen: &Seen) -> Option<usize> {
    seen.header("content-length")
        .map(|own| own.parse().unwrap())
}

#[tokio::test]
async fn a_form_with_files_has_its_exact_length_however_long() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    let session = session(&server);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sea.png");
    for size in [3, 9 * 1024 * 1024] {
        std::fs::write(&path, vec![b'x'; size]).unwrap();
        let form = Form::new()
            .text("title", "Sea")
            .file("photo", &path)
            .await
            .unwrap();
        session
            .post(&server.url)
            .multipart(form)
            .send()
            .await
            .unwrap();
        let seen = server.last();
        assert_eq!(length(&seen), Some(seen.body.len()), "{size}");
        assert_eq!(seen.header("transfer-encoding"), None);
        let kind = seen.header("content-type").unwrap();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert!(
            seen.body
                .ends_with(format!("\r\n--{boundary}--\r\n").as_bytes())
        );
        let content = seen.body.iter().filter(|byte| **byte == b'x').count();
        assert!(content >= size && seen.body.len() < size + 1000);
    }
    let open = Part::from(Content::reader(&b"as it comes"[..]));
    session
        .post(&server.url)
        .multipart(Form::new().part("a", open))
        .send()
        .await
        .unwrap();
    let seen = server.last();
    assert_eq!(
        (length(&seen), seen.header("transfer-encoding")),
        (None, Some("chunked"))
    );
    assert!(seen.text().contains("as it comes"));
}

#[tokio::test]
async fn a_small_file_is_sent_again_after_a_refusal() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    authority.desk().generation += 1;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "text").unwrap();
    let content = Content::file(file.path()).await.unwrap();
    let answer = session
        .post(authority.url("/api"))
        .content(content)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello text");
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn headers_replace_those_of_their_name() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    let mut headers = HeaderMap::new();
    headers.append("x-a", HeaderValue::from_static("1"));
    headers.append("x-a", HeaderValue::from_static("2"));
    headers.append("authorization", HeaderValue::from_static("Bearer mine"));
    let request = session(&server)
        .get(&server.url)
        .header("x-a", "0")
        .header("x-b", "3");
    request.headers(headers).send().await.unwrap();
    let seen = server.last();
    let of = |name: &str| -> Vec<&str> {
        let own = seen.headers.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!((of("x-a"), of("x-b")), (vec!["1", "2"], vec!["3"]));
    assert_eq!(of("authorization"), ["Bearer s"], "the session's own");
}

/// A server that says nothing at `/silent`, half of an answer at `/half`, and all of it elsewhere.
async fn slow_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let seen = server::read(&mut stream).await.unwrap();
                let said = match seen.target.as_str() {
                    "/silent" => "",
                    "/half" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun",
                    _ => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall",
                };
                stream.write_all(said.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
    });
    url
}

#[tokio::test]
async fn a_time_limit_is_for_the_head_and_for_the_body() {
    let url = slow_server().await;
    let session = Session::builder(Credential::bearer(SecretRef::given("s")));
    let session = session.api(&url).build().unwrap();
    let limit = Duration::from_millis(300);
    let silent = session.get(format!("{url}/silent")).timeout(limit);
    let error = silent.send().await.unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().ends_with("timed out"),
        "{error}"
    );

    let answer = session
        .get(format!("{url}/half"))
        .timeout(limit)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.content_length(), answer.version()),
        (Some(100), Version::HTTP_11)
    );
    let error = answer.bytes().await.unwrap_err();
    assert!(error.to_string().contains("in time"), "{error}");

    let whole = session
        .get(&url)
        .timeout(Duration::MAX)
        .send()
        .await
        .unwrap();
    assert_eq!(whole.text().await.unwrap(), "all");
}

#[tokio::test]
async fn an_answer_is_read_as_one_likes() {
    let server = Server::start(|_| answer(200, &[], r#"{"a":1}"#)).await;
    let session = session(&server);
    let get = async || session.get(&server.url).send().await.unwrap();
    assert_eq!(get().await.content_length(), Some(7));
    assert_eq!(
        get().await.json::<serde_json::Value>().await.unwrap()["a"],
        1
    );
    assert_eq!(get().await.bytes().await.unwrap(), r#"{"a":1}"#);
    let chunks: Vec<Bytes> = get().await.stream().try_collect().await.unwrap();
    assert_eq!(chunks.concat(), br#"{"a":1}"#);
    let mut copy = Vec::new();
    assert_eq!(get().await.copy_to(&mut copy).await.unwrap(), 7);
    assert_eq!(copy, br#"{"a":1}"#);
    let error = get().await.json::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(error, Error::Answer(_)), "{error}");
}

#[tokio::test]
async fn a_status_becomes_an_error_where_that_is_asked_for() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let post = async || {
        session
            .post(authority.url("/api?key=hunter2"))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        post().await.error_for_status().unwrap().status(),
        StatusCode::OK
    );
    let wanted = r#"Bearer error="insufficient_scope", scope="admin""#;
    for (status, challenge, temporary) in [
        (403, wanted, false),
        (404, "", false),
        (429, "", true),
        (500, "", true),
    ] {
        authority.desk().api = Some((status, challenge));
        let error = post().await.error_for_status().unwrap_err();
        assert_eq!(
            (error.is_temporary(), error.is_refusal()),
            (temporary, !temporary)
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!("answered {status}")) && !text.contains("hunter2"),
            "{text}"
        );
        if let Error::Status { advice, .. } = error {
            let scope = (status == 403).then(|| Advice::Scope(Some("admin".parse().unwrap())));
            assert_eq!(advice, scope);
        }
    }
}
