//! HTTP Digest against a server that checks the answers by itself (RFC 7616 §3.4).

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use gatepass_client::{Advice, Credential, SecretRef, Session};

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

/// The parameters of the answer to a challenge, where the request has one.
fn shown(seen: &Seen) -> Option<HashMap<String, String>> {
    let header = seen.header("authorization")?;
    header.strip_prefix("Digest ").map(params)
}

/// Whether the answer is that of `me` with the password `p w`.
fn is_right(seen: &Seen, nonce: &str) -> bool {
    is_right_by(seen, nonce, &hash("me:a realm:p w"))
}

/// The same with the hash that stands for name and password.
fn is_right_by(seen: &Seen, nonce: &str, a1: &str) -> bool {
    let Some(own) = shown(seen) else {
        return false;
    };
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
        let was_right = shown(seen).is_some_and(|own| is_right(seen, &own["nonce"]));
        let challenges = format!(
            "Basic realm=\"b\", Digest realm=\"a realm\", nonce=\"x\", algorithm=MD5, qop=\"auth\", \
             Digest realm=\"a realm\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\", stale={was_right}"
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
    for requests in [2, 4] {
        let answer = session.get(&server.url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
        let seen = server.seen();
        assert_eq!(seen.len(), requests, "asked what it wants, and told once");
        assert_eq!(seen.iter().filter_map(shown).count(), requests / 2);
    }
    assert!(!format!("{:?}{session:?}", server.seen()).contains("hunter2"));
}

/// A server whose nonces are good for one answer, and whose first is too old when it comes back (RFC 7616 §3.3).
#[tokio::test]
async fn a_nonce_that_is_too_old_says_nothing_against_the_password() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |seen| {
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        if turn > 1 && is_right(seen, &format!("n{}", turn - 1)) {
            return answer(200, &[], "");
        }
        let stale = if turn == 0 { "" } else { ", stale=TRUE" };
        let challenge = format!(
            "Digest realm=\"a realm\", nonce=\"n{turn}\", algorithm=SHA-256, qop=\"auth\"{stale}"
        );
        answer(401, &[("WWW-Authenticate", &challenge)], "")
    })
    .await;
    let right = session(&server, "p w");
    let status = async |session: &Session| {
        let sent = session.get(&server.url).send().await.unwrap();
        sent.status().as_u16()
    };
    assert_eq!((status(&right).await, server.seen().len()), (200, 3));
    // Nobody is called stale for ever.
    let wrong = session(&server, "wrong");
    assert_eq!((status(&wrong).await, server.seen().len()), (401, 6));
}

/// Nonces for one use, the next one told with each answer (RFC 7616 §3.5).
#[tokio::test]
async fn the_next_nonce_that_an_answer_names_is_used() {
    let given = AtomicU32::new(0);
    let server = Server::start(move |seen| {
        let right = is_right(seen, &format!("n{}", given.load(Ordering::SeqCst)));
        let next = given.fetch_add(1, Ordering::SeqCst) + 1;
        if right && shown(seen).unwrap()["nc"] == "00000001" {
            let info = format!("qop=auth, nextnonce=\"n{next}\"");
            return answer(200, &[("Authentication-Info", &info)], "");
        }
        let challenge =
            format!("Digest realm=\"a realm\", nonce=\"n{next}\", algorithm=SHA-256, qop=\"auth\"");
        answer(401, &[("WWW-Authenticate", &challenge)], "")
    })
    .await;
    let session = session(&server, "p w");
    for requests in 2..6 {
        let sent = session.get(&server.url).send().await.unwrap();
        assert_eq!(
            (sent.status().as_u16(), server.seen().len()),
            (200, requests)
        );
    }
}

/// A server that keeps the key of the first answer (RFC 7616 §3.4.2), and whose realm is no ASCII.
#[tokio::test]
async fn a_session_is_kept_and_a_realm_may_have_any_letters() {
    let key = Mutex::new(None::<String>);
    let server = Server::start(move |seen| {
        let Some(own) = shown(seen) else {
            let challenge =
                "Digest realm=\"Café\", nonce=\"n\", algorithm=SHA-256-sess, qop=\"auth\"";
            return answer(401, &[("WWW-Authenticate", challenge)], "");
        };
        let mut key = key.lock().unwrap();
        let key = key
            .get_or_insert_with(|| hash(&format!("{}:n:{}", hash("me:Café:p w"), own["cnonce"])));
        let status = if is_right_by(seen, "n", key) {
            200
        } else {
            403
        };
        answer(status, &[], "")
    })
    .await;
    let session = session(&server, "p w");
    for requests in [2, 3, 4] {
        let sent = session.get(&server.url).send().await.unwrap();
        assert_eq!(
            (sent.status().as_u16(), server.seen().len()),
            (200, requests)
        );
    }
    let last = shown(&server.last()).unwrap();
    assert_eq!(
        (last["nc"].as_str(), last["realm"].as_str()),
        ("00000003", "Café")
    );
}

#[tokio::test]
async fn what_cannot_be_answered_is_said() {
    for (challenge, said) in [
        (
            r#"Digest realm="r", nonce="n", algorithm=SHA-1024"#,
            "SHA-1024",
        ),
        (r#"Digest realm="r", nonce="n", qop="auth-all""#, "auth-all"),
        (
            r#"Basic realm="b", Digest realm="r", qop="auth""#,
            "no nonce",
        ),
    ] {
        let server = Server::start(move |_| answer(401, &[("WWW-Authenticate", challenge)], ""));
        let server = server.await;
        let error = session(&server, "p").get(&server.url).send().await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_password_for_digest_is_not_sent_as_basic() {
    let challenges = [("WWW-Authenticate", "Basic realm=\"a realm\"")];
    let server = Server::start(move |_| answer(401, &challenges, "log in")).await;
    let session = session(&server, "hunter2");
    for _ in 0..2 {
        let answer = session.get(&server.url).send().await.unwrap();
        let advice = answer.advice().cloned();
        assert_eq!(advice, Some(Advice::Scheme(vec!["Basic".into()])));
        let advice = advice.unwrap().to_string();
        assert!(advice.contains("takes Basic and not Digest"), "{advice}");
        assert_eq!(
            (answer.status().as_u16(), &*answer.text().await.unwrap()),
            (401, "log in")
        );
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}
