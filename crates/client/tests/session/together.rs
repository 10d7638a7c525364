//! Many who wait for one login.

use std::sync::Arc;

use futures_util::future::join_all;
use gatepass_client::tokens::TokenStore;
use gatepass_client::{LoginOptions, Session};

use crate::agent::{Agent, Reader};
use crate::authority::{files, key};
use crate::provider::Provider;

fn session(provider: &Provider, store: &Arc<dyn TokenStore>, options: &LoginOptions) -> Session {
    provider
        .session(provider.browser_client())
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
