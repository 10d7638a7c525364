//! The same for threads.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use gatepass_client::blocking::Session;
use gatepass_client::tokens::MemoryTokens;
use gatepass_client::{Content, Form, LogoutReport, Part, TokenState};

use crate::agent::{Agent, Reader};
use crate::authority::{Authority, key};
use crate::provider::Provider;

/// Runs the servers, while the thread of the test waits for them.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn threads_share_one_renewal() {
    let runtime = runtime();
    let authority = runtime.block_on(Authority::start());
    let session = runtime.block_on(authority.session_with_token(-5)).0;
    let session = Session::from(session);
    let threads: Vec<_> = (0..20)
        .map(|_| {
            let (session, url) = (session.clone(), authority.url("/api"));
            std::thread::spawn(move || session.post(url).body("x").send().unwrap().text().unwrap())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "hello x");
    }
    assert_eq!(authority.counts(), (1, 1));
    let token = session.token(Duration::ZERO).unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    assert_eq!(session.refresh().unwrap().access_token.expose(), "access-3");
}

#[test]
fn a_person_logs_in_and_out() {
    let runtime = runtime();
    let provider = runtime.block_on(Provider::start());
    let own = provider.session(provider.browser_client());
    let session: Session = own
        .tokens(Arc::new(MemoryTokens::new()), key())
        .build()
        .unwrap()
        .into();
    assert_eq!(session.status().unwrap().state, TokenState::LoginNeeded);
    assert!(
        session
            .get(provider.url("/api"))
            .send()
            .unwrap_err()
            .is_login_needed()
    );
    let (agent, options) = Agent::options();
    let status = session.login(Arc::new(Reader), options).unwrap();
    assert_eq!((status.state, agent.opened()), (TokenState::Valid, 1));
    let url = provider.url("/api").parse().unwrap();
    let headers = session.headers_for(&http::Method::GET, &url).unwrap();
    assert_eq!(headers.len(), 1);
    assert!(matches!(session.logout().unwrap(), LogoutReport::Revoked));
    assert!(
        session
            .attachment_for(&http::Method::GET, &url)
            .unwrap_err()
            .is_login_needed()
    );
}

#[test]
fn an_answer_is_read_piece_by_piece_or_as_a_whole() {
    let runtime = runtime();
    let authority = runtime.block_on(Authority::start());
    let session = Session::from(runtime.block_on(authority.session_with_token(3000)).0);
    let send = || {
        session
            .post(authority.url("/api"))
            .body("0123456789")
            .send()
            .unwrap()
    };

    let mut answer = send();
    assert_eq!(
        (answer.status().as_u16(), answer.content_length()),
        (200, Some(16))
    );
    let mut begin = [0; 5];
    answer.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"hello");
    assert_eq!(answer.text().unwrap(), " 0123456789");

    let mut copy = Vec::new();
    assert_eq!(send().copy_to(&mut copy).unwrap(), 16);
    assert_eq!(copy, b"hello 0123456789");
    assert!(send().json::<u8>().is_err());

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let content = Content::open(file.path()).unwrap();
    let answer = session
        .put(authority.url("/api"))
        .content(content)
        .timeout(Duration::from_secs(60))
        .send();
    assert_eq!(answer.unwrap().text().unwrap(), "hello from a file");
    let form = Form::new()
        .text("a", "b")
        .part("f", Part::open(file.path()).unwrap());
    session
        .post(authority.url("/api"))
        .multipart(form)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap();
    assert!(authority.server.last().text().contains("from a file"));

    authority.desk().api = Some((403, r#"Bearer error="insufficient_scope""#));
    let refused = send();
    assert!(refused.advice().is_some());
    assert!(refused.error_for_status().is_err());
}

#[tokio::test]
async fn a_task_is_told_to_use_the_other_one() {
    let authority = Authority::start().await;
    let (own, _) = authority.session_with_token(3000).await;
    let session = Session::from(own.clone());
    let url = authority.url("/api");
    let error = session.get(&url).send().unwrap_err();
    assert!(error.to_string().contains("async runtime"), "{error}");
    assert!(session.status().is_err() && session.token(Duration::ZERO).is_err());
    assert!(authority.server.seen().is_empty());

    let elsewhere = tokio::task::spawn_blocking(move || session.get(url).send());
    let mut answer = elsewhere.await.unwrap().unwrap();
    assert!(
        answer.read(&mut [0; 4]).is_err(),
        "refused here, and nothing is lost"
    );
    let text = tokio::task::spawn_blocking(move || answer.text().unwrap());
    assert_eq!(text.await.unwrap(), "hello ");
    assert_eq!(
        own.get(authority.url("/api"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
}
