use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;

use crate::Seeded;

/// Lets concurrent requests touch the store one at a time, in an order that a seed decides.
#[derive(Debug, Default)]
pub struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Turns {
    /// Waits for a turn; at once while nothing runs in turns.
    pub async fn take(&self) {
        let turn = {
            let mut state = self.state();
            if !state.running {
                return;
            }
            let (give, turn) = oneshot::channel();
            state.waiting.push(give);
            turn
        };
        // A sender that is dropped means that the run is over.
        let _ = turn.await;
    }

    /// Runs all of `tasks`. Each goes on until it wants the store; when all of those that are left want it, one is
    /// picked.
    pub async fn run<F: Future>(&self, order: &mut Seeded, tasks: Vec<F>) -> Vec<F::Output> {
        self.state().running = true;
        let mut tasks: Vec<Pin<Box<F>>> = tasks.into_iter().map(Box::pin).collect();
        let mut outputs: Vec<Option<F::Output>> = tasks.iter().map(|_| None).collect();
        poll_fn(|cx| {
            loop {
                let mut left = 0;
                for (task, output) in tasks
                    .iter_mut()
                    .zip(&mut outputs)
                    .filter(|(_, output)| output.is_none())
                {
                    match task.as_mut().poll(cx) {
                        Poll::Ready(value) => *output = Some(value),
                        Poll::Pending => left += 1,
                    }
                }
                let mut state = self.state();
                if left == 0 {
                    return Poll::Ready(());
                }
                if state.waiting.len() < left {
                    // Somebody's turn is not over yet.
                    return Poll::Pending;
                }
                let next = order.below(state.waiting.len());
                let _ = state.waiting.swap_remove(next).send(());
            }
        })
        .await;
        let mut state = self.state();
        state.running = false;
        state.waiting.clear();
        outputs.into_iter().flatten().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
