//! Passwords are not hashed on every request, and guesses are never free.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{House, basic, get, house, scope, send};

impl House {
    async fn try_password(&self, password: &str) -> String {
        let request = get().header("Authorization", basic("ada", password));
        let mut answer = send(&self.guard.layer(scope("read")), request).await;
        answer.truncate(3);
        answer
    }

    fn checks(&self) -> usize {
        self.people.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_right_password_is_checked_once_a_minute() {
    let house = house();
    for minute in 1..=3 {
        for _ in 0..60 {
            assert_eq!(house.try_password("right").await, "200");
            house.clock.move_on(Duration::from_secs(1));
        }
        assert_eq!(house.checks(), minute, "use does not make it last longer");
    }
}

#[tokio::test]
async fn every_wrong_guess_is_checked() {
    let house = house();
    assert_eq!(house.try_password("right").await, "200");
    for guess in 2..10 {
        assert_eq!(house.try_password("wrong").await, "401");
        assert_eq!(house.checks(), guess);
    }
    assert_eq!(house.try_password("right").await, "200");
    assert_eq!(
        house.checks(),
        9,
        "a wrong guess does not forget the right one"
    );
}

#[tokio::test]
async fn layers_of_one_guard_share_what_it_remembers() {
    let house = house();
    assert_eq!(house.try_password("right").await, "200");
    let request = get().header("Authorization", basic("ada", "right"));
    let answer = send(&house.guard.clone().layer(scope("write")), request).await;
    assert!(answer.starts_with("200"));
    assert_eq!(house.checks(), 1);
}

#[tokio::test]
async fn a_burst_of_the_same_right_password_is_one_check() {
    let house = house();
    let answers = burst(&house, "right").await;
    assert!(answers.iter().all(|answer| answer == "200"));
    assert_eq!(house.checks(), 1);
}

#[tokio::test]
async fn a_burst_of_the_same_wrong_password_is_as_many_guesses() {
    let house = house();
    let answers = burst(&house, "wrong").await;
    assert!(answers.iter().all(|answer| answer == "401"));
    assert_eq!(house.checks(), 20);
}

async fn burst(house: &House, password: &'static str) -> Vec<String> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let layer = house.guard.layer(scope("read"));
        let request = get().header("Authorization", basic("ada", password));
        tasks.spawn(async move { send(&layer, request).await[..3].to_owned() });
    }
    tasks.join_all().await
}
