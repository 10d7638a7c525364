//! Many who wait for one login.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use gatepass_client::tokens::TokenStore;
use gatepass_client::{LoginOptions, OAuth, Session};

use crate::agent::{Agent, Reader};
use crate::authority::{files, key};
use crate::provider::Provider;

fn session(provider: &Provider, store: &Arc<dyn TokenStore>, options: &LoginOptions) -> Session {
    let oauth = OAuth {
        par: Some(false),
        ..provider.browser_client()
    };
    provider
        .session(oauth)
        .tokens(store.clone(), key())
        .person(Arc::new(Reader), options.clone())
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_tasks_open_one_browser() {
    let provider = Provider::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (agent, options) = Agent::options();
    // Two sessions of one store, as two programs have them.
    let sessions = [(); 2].map(|()| session(&provider, &files(folder.path()), &options));
    let tasks = (0..50).map(|n| {
        let (session, url) = (sessions[n % 2].clone(), provider.url("/api"));
        tokio::spawn(async move { session.get(url).send().await.unwrap().status().as_u16() })
    });
    let statuses = join_all(tasks).await;
    assert!(statuses.into_iter().all(|status| status.unwrap() == 200));
    assert_eq!((agent.opened(), provider.visits("/token")), (1, 1));
}

#[tokio::test]
async fn they_share_its_failure_too_and_the_next_one_asks_again() {
    let provider = Provider::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (agent, options) = Agent::options();
    let impatient = LoginOptions {
        patience: Duration::from_millis(500),
        ..options
    };
    let session = session(&provider, &files(folder.path()), &impatient);
    // The browser is sent to the page, which is broken; nothing is pushed before.
    provider.desk().breaks = Some((500, String::new()));
    let url = provider.url("/api");
    let all = join_all((0..10).map(|_| session.get(&url).send())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(agent.opened(), 1);
    provider.desk().breaks = None;
    let answer = session.get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), agent.opened()), (200, 2));
}
