use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

/// One piece of work at a time, however many ask for it; all get its outcome.
///
/// It runs as a task of its own: a waiter that is dropped cancels nothing, or a refresh token could be spent and
/// its successor lost.
pub(crate) struct Flight<T: Clone> {
    running: Arc<Mutex<Option<Landing<T>>>>,
}

type Landing<T> = Shared<BoxFuture<'static, Option<T>>>;

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Nothing under way.
    pub(crate) fn new() -> Self {
        Self {
            running: Arc::default(),
        }
    }

    /// Waits for the work under way, or for `work`, begun now. Also says whether it was begun now; the outcome is
    /// `None` only when the work panicked.
    pub(crate) async fn join(
        &self,
        work: impl FnOnce() -> BoxFuture<'static, T>,
    ) -> (Option<T>, bool) {
        let (landing, begun) = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            match running.as_ref() {
                Some(landing) => (landing.clone(), false),
                None => {
                    let work = work();
                    let clear = Clear(self.running.clone());
                    let task = tokio::spawn(async move {
                        let outcome = work.await;
                        drop(clear);
                        outcome
                    });
                    let landing = task.map(Result::ok).boxed().shared();
                    *running = Some(landing.clone());
                    (landing, true)
                }
            }
        };
        (landing.await, begun)
    }
}

/// Takes the landed flight away, also when it crashed.
struct Clear<T: Clone>(Arc<Mutex<Option<Landing<T>>>>);

impl<T: Clone> Drop for Clear<T> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::Flight;

    #[tokio::test]
    async fn many_ask_and_one_works() {
        let flight = Arc::new(Flight::new());
        let runs = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (flight, runs) = (flight.clone(), runs.clone());
            tasks.spawn(async move {
                let work = || {
                    async move {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        runs.fetch_add(1, Ordering::SeqCst)
                    }
                    .boxed()
                };
                flight.join(work).await
            });
        }
        let outcomes = tasks.join_all().await;
        assert!(outcomes.iter().all(|(outcome, _)| *outcome == Some(0)));
        assert_eq!(outcomes.iter().filter(|(_, begun)| *begun).count(), 1);
        assert_eq!(
            flight.join(|| async { 7 }.boxed()).await,
            (Some(7), true),
            "the next one is a new flight"
        );
    }

    #[tokio::test]
    async fn a_dropped_waiter_cancels_nothing() {
        let flight = Flight::new();
        let done = Arc::new(AtomicUsize::new(0));
        let own = done.clone();
        let work = || {
            async move {
                tokio::time::sleep(Duration::from_millis(30)).await;
                own.fetch_add(1, Ordering::SeqCst);
            }
            .boxed()
        };
        let waited = tokio::time::timeout(Duration::from_millis(5), flight.join(work)).await;
        assert!(waited.is_err());
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
        assert!(
            flight.join(|| async {}.boxed()).await.1,
            "nobody gets yesterday's outcome"
        );
    }

    #[tokio::test]
    async fn a_crash_is_told_and_leaves_the_way_free() {
        let flight: Flight<u8> = Flight::new();
        assert_eq!(
            flight.join(|| async { panic!("on purpose") }.boxed()).await,
            (None, true)
        );
        assert_eq!(flight.join(|| async { 1 }.boxed()).await, (Some(1), true));
    }
}
