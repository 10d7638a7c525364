use std::sync::OnceLock;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop::poll_proceed;

use crate::Error;

/// More steps than a runtime lets a task make before others have their turn (128 at the time of writing).
const MANY: usize = 10_000;

/// Runs `work` in the background and waits for its end.
///
/// # Errors
///
/// The caller is a task, or there is no thread for the runtime. The work is not begun then.
pub(super) fn wait<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Error> {
    may_wait()?;
    let (done, outcome) = sync_channel(1);
    runtime()?.spawn(async move {
        // Whoever waits for it is there until it comes.
        let _ = done.send(work.await);
    });
    let crashed = |_| Error::Setup("the request crashed; this is a bug".into());
    outcome.recv().map_err(crashed)
}

/// Whether the caller is on a thread that may wait.
///
/// # Errors
///
/// It is a task.
pub(super) fn may_wait() -> Result<(), Error> {
    if is_task() {
        return Err(Error::Setup(
            "a blocking call inside an async runtime would hold up its other tasks; use gatepass_client::Session, or tokio::task::spawn_blocking".into(),
        ));
    }
    Ok(())
}

/// Is never dropped: requests may be under way until the program ends.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("gatepass-blocking")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
    });
    started.as_ref().map_err(|reason| {
        Error::Setup(format!(
            "the background runtime cannot be started: {reason}"
        ))
    })
}

/// Whether a runtime is running the caller as a task. A thread of `spawn_blocking` belongs to a runtime too, and may
/// wait as long as it likes; what tells them apart is that a task has a budget of steps.
fn is_task() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let cx = &mut Context::from_waker(Waker::noop());
    (0..MANY).any(|_| match poll_proceed(cx) {
        Poll::Pending => true,
        Poll::Ready(step) => {
            step.made_progress();
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{is_task, wait};

    #[test]
    fn threads_may_wait() {
        assert_eq!(wait(async { 7 }).expect("done"), 7);
        let threads: Vec<_> = (0..20)
            .map(|n| std::thread::spawn(move || wait(async move { n }).expect("done")))
            .collect();
        let sum: i32 = threads
            .into_iter()
            .map(|own| own.join().expect("joined"))
            .sum();
        assert_eq!(sum, 190);
    }

    #[test]
    fn a_crash_is_told() {
        let error = wait(async { panic!("on purpose") })
            .map(|(): ()| ())
            .expect_err("crashed");
        assert!(error.to_string().contains("crashed"), "{error}");
        assert_eq!(wait(async { 1 }).expect("the runtime goes on"), 1);
    }

    fn refused() {
        let error = wait(async {}).expect_err("refused");
        assert!(error.to_string().contains("spawn_blocking"), "{error}");
    }

    #[tokio::test]
    async fn tasks_are_told_off_and_go_on() {
        refused();
        tokio::spawn(async { refused() }).await.expect("no panic");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn workers_too_but_not_the_threads_beside_them() {
        refused();
        tokio::spawn(async { refused() }).await.expect("no panic");
        let beside = tokio::task::spawn_blocking(|| wait(async { 3 }));
        assert_eq!(beside.await.expect("no panic").expect("done"), 3);
        let set_aside = tokio::task::block_in_place(|| wait(async { 4 }));
        assert_eq!(set_aside.expect("done"), 4);
        let handle = tokio::runtime::Handle::current();
        let entered = std::thread::spawn(move || {
            let _entered = handle.enter();
            (is_task(), wait(async { 5 }).expect("done"))
        });
        assert_eq!(entered.join().expect("no panic"), (false, 5));
    }
}
