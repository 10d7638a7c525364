//! Many who wait for one login.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use gatepass_client::tokens::{MemoryTokens, TokenStore};
use gatepass_client::{Browser, LoginOptions, OAuth, Session};
use gatepass_proto::Params;
use url::Url;

use crate::agent::{Agent, Reader, fetch};
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

/// Somebody who says no at the login page until they have changed their mind.
#[derive(Default)]
struct Unwilling {
    refused: AtomicUsize,
    changed: AtomicBool,
    agent: Agent,
}

impl Browser for Unwilling {
    fn open(&self, page: &Url) -> Result<(), String> {
        if self.changed.load(Ordering::SeqCst) {
            return self.agent.open(page);
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        let asked = Params::parse_form(page.query().unwrap().as_bytes()).unwrap();
        let mut back = Params::new();
        back.push("error", "access_denied");
        back.push("state", asked.get("state").unwrap());
        back.push("iss", page.origin().ascii_serialization());
        let to = back.append_to(asked.get("redirect_uri").unwrap());
        std::thread::spawn(move || fetch(&to.parse().unwrap()));
        Ok(())
    }
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

/// On one thread, and with a store that nobody waits for, all ten wait for the login before it has asked the network
/// anything.
#[tokio::test]
async fn they_share_its_failure_too_and_the_next_one_asks_again() {
    let provider = Provider::start().await;
    let person = Arc::new(Unwilling::default());
    let options = LoginOptions {
        browser: person.clone(),
        ..LoginOptions::default()
    };
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let session = session(&provider, &store, &options);
    let url = provider.url("/api");
    let all = join_all((0..10).map(|_| session.get(&url).send())).await;
    for outcome in all {
        let error = outcome.unwrap_err();
        assert!(error.is_refusal(), "{error}");
        assert!(error.to_string().contains("access_denied"), "{error}");
    }
    assert_eq!(person.refused.load(Ordering::SeqCst), 1);
    assert_eq!((provider.visits("/token"), provider.visits("/api")), (0, 0));

    person.changed.store(true, Ordering::SeqCst);
    let answer = session.get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), person.agent.opened()), (200, 1));
    assert_eq!(person.refused.load(Ordering::SeqCst), 1);
}
