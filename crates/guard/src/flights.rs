use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::remembered::Tag;

/// Lets requests with the same credentials check them one after the other. When the first was right, the others
/// find that remembered; when it was wrong, each is a guess of its own.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    lanes: Mutex<HashMap<Tag, Lane>>,
}

#[derive(Debug, Default)]
struct Lane {
    /// How many wait or fly here; the last one takes the lane away.
    places: usize,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A request's turn. The next one comes when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _turn: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

#[derive(Debug)]
struct Place<'a> {
    flights: &'a Flights,
    tag: Tag,
}

impl Flights {
    /// Waits until nobody else checks these credentials.
    pub(crate) async fn turn(&self, tag: Tag) -> Turn<'_> {
        let (place, turn) = self.queue(tag);
        Turn {
            _turn: turn.lock_owned().await,
            _place: place,
        }
    }

    fn queue(&self, tag: Tag) -> (Place<'_>, Arc<tokio::sync::Mutex<()>>) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(tag).or_default();
        lane.places += 1;
        (Place { flights: self, tag }, lane.turn.clone())
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.is_empty()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lanes = self
            .flights
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get_mut(&self.tag) {
            lane.places -= 1;
            if lane.places == 0 {
                lanes.remove(&self.tag);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Flights;

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_nothing_is_left() {
        let flights = Flights::default();
        let first = flights.turn([1; 32]).await;
        let soon = Duration::from_millis(20);
        assert!(
            tokio::time::timeout(soon, flights.turn([1; 32]))
                .await
                .is_err()
        );
        let other = flights.turn([2; 32]).await;
        drop(first);
        let second = flights.turn([1; 32]).await;
        drop((second, other));
        assert!(flights.is_empty(), "even after a wait that was given up");
    }
}
