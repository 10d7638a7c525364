//! What others change and this node remembers: other nodes, and `gatepass admin`.
//!
//! Clients are the store's own concern ([`gatepass_store::Remembering`]); here are the server's keys. Whatever else can be
//! withdrawn is looked up each time, so that a revocation is seen at once by every node.

use std::time::{Duration, Instant};

use gatepass_store::News;

use crate::app::App;

/// How often the keys are asked for while the database does not tell of changes: never, as SQLite, or not now.
const OFTEN: Duration = Duration::from_millis(500);
/// How often otherwise.
const SELDOM: Duration = Duration::from_secs(30);

/// Takes over new keys within a second, until it is aborted. While the database is away the known ones go on.
pub(crate) async fn follow(app: App) {
    let mut news = app.store().news();
    let (mut asked_at, mut failed) = (Instant::now(), false);
    loop {
        tokio::select! {
            () = keys_changed(news.as_mut()) => {}
            () = tokio::time::sleep(OFTEN) => {
                let current = news.as_ref().is_some_and(News::is_current);
                if current && !failed && asked_at.elapsed() < SELDOM {
                    continue;
                }
            }
        }
        asked_at = Instant::now();
        match app.reload_keys().await {
            Ok(()) => failed = false,
            Err(error) => {
                // Once, not twice a second.
                if !failed {
                    tracing::error!(%error, "the keys cannot be read again; those that are known are used on");
                }
                failed = true;
            }
        }
    }
}

async fn keys_changed(news: Option<&mut News>) {
    match news {
        Some(news) => news.keys_changed().await,
        None => std::future::pending().await,
    }
}
