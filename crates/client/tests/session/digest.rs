//! HTTP Digest against a server that checks the answers by itself (RFC 7616 §3.4).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use gatepass_client::{Credential, SecretRef, Session};

use crate::server::{Act, Seen, Server, answer};

/// SHA-256 as Digest has it.
fn hash(text: &str) -> String {
    let bytes = gatepass_proto::Digest::of(text).to_base64url();
    let bytes =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The parameters of the answer.
fn params(header: &str) -> HashMap<String, String> {
    let list = header.split(", ");
    let pairs = list.map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

/// Whether the answer is that of `me` with the password `p w`.
fn is_right(seen: &Seen, nonce: &str) -> bool {
    let header = seen.header("authorization").unwrap_or_default();
    let Some(own) = header.strip_prefix("Digest ").map(params) else {
        return false;
    };
    let a1 = hash("me:a realm:p w");
    let a2 = hash(&format!("{}:{}", seen.method, seen.target));
    let expected = hash(&format!(
        "{a1}:{nonce}:{}:{}:auth:{a2}",
        own["nc"], own["cnonce"]
    ));
    own["response"] == expected && own["nonce"] == nonce && own["uri"] == seen.target
}

/// Challenges by the best and the worst, with a nonce that is good for two requests.
async fn server() -> Server {
    let uses = AtomicU32::new(0);
    Server::start(move |seen| -> Act {
        let nonce = format!("nonce-{}", uses.load(Ordering::SeqCst) / 2);
        if is_right(seen, &nonce) {
            uses.fetch_add(1, Ordering::SeqCst);
            return answer(200, &[], seen.text());
        }
        let challenges = format!(
            "Basic realm=\"b\", Digest realm=\"a realm\", nonce=\"x\", algorithm=MD5, qop=\"auth\", \
             Digest realm=\"a realm\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\", stale=true"
        );
        answer(401, &[("WWW-Authenticate", &challenges)], "")
    })
    .await
}

fn session(server: &Server, password: &str) -> Session {
    let credential = Credential::Digest {
        username: "me".into(),
        password: SecretRef::given(password),
    };
    Session::builder(credential)
        .api(&server.url)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_best_challenge_is_answered_and_remembered() {
    let server = server().await;
    let session = session(&server, "p w");
    let say = async |path: &str| {
        let sent = session
            .put(format!("{}{path}", server.url))
            .body("x")
            .send()
            .await
            .unwrap();
        (sent.status().as_u16(), sent.text().await.unwrap())
    };
    for (path, requests) in [("/a?b=c", 2), ("/d", 3), ("/e%20f?g", 5), ("/", 6)] {
        assert_eq!(say(path).await, (200, "x".to_owned()), "{path}");
        assert_eq!(
            server.seen().len(),
            requests,
            "{path}: a stale nonce costs one request more"
        );
    }
    let counts = server.seen();
    let header = counts.last().unwrap().header("authorization").unwrap();
    let header = header.strip_prefix("Digest ").unwrap();
    assert_eq!(params(header)["nc"], "00000002", "each nonce is counted");
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| !format!("{seen:?}").contains("p w"))
    );
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_never_sent() {
    let server = server().await;
    let session = session(&server, "hunter2");
    let answer = session.get(&server.url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), server.seen().len()), (401, 2));
    assert!(!format!("{:?}{session:?}", server.seen()).contains("hunter2"));
}

#[tokio::test]
async fn a_challenge_without_a_known_algorithm_is_said_to_be_one() {
    let challenge = r#"Digest realm="r", nonce="n", algorithm=SHA-1024"#;
    let server = Server::start(|_| answer(401, &[("WWW-Authenticate", challenge)], "")).await;
    let error = session(&server, "p")
        .get(&server.url)
        .send()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("algorithm"), "{error}");
}
