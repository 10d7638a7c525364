use std::time::Duration;

use gatepass_proto::Secret;

use super::{Busy, HashedPassword, Passwords};

#[tokio::test]
async fn a_hash_accepts_its_password_only() {
    let passwords = Passwords::default();
    let right = Secret::new("correct horse: bättery");
    let hash = passwords.hash(&right).await.expect("hashed");
    let text = hash.to_string();
    assert!(
        text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{text}"
    );
    assert_eq!(text.parse().as_ref(), Ok(&hash));
    assert_ne!(Ok(&hash), passwords.hash(&right).await.as_ref());
    assert_eq!(hash.check_bounds(), Ok(()));
    assert_eq!(verify(&passwords, Some(&hash), &right).await, Ok(true));
    for wrong in ["", "correct horse: battery", "correct horse: bättery "] {
        let wrong = Secret::new(wrong);
        assert_eq!(verify(&passwords, Some(&hash), &wrong).await, Ok(false));
    }
}

/// Made by another program, of other cost.
#[tokio::test]
async fn a_hash_of_another_cost_is_checked_at_that() {
    let passwords = Passwords::default();
    let hash =
        "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHQxMjM0$1tgxQ0wLbhWTYb9Jdujp4ZZT0UCkmFsy04ATjf1yiU8";
    let hash: HashedPassword = hash.parse().expect("a hash");
    let given = Secret::new("correct horse");
    assert_eq!(verify(&passwords, Some(&hash), &given).await, Ok(true));
}

#[tokio::test]
async fn nobody_is_never_let_in() {
    let passwords = Passwords::default();
    let given = Secret::new("correct horse");
    assert_eq!(verify(&passwords, None, &given).await, Ok(false));
}

#[tokio::test]
async fn nobody_costs_what_somebody_costs() {
    let given = Secret::new("correct horse");
    let real = Passwords::default().hash(&given).await.expect("hashed");
    let nobody = HashedPassword::of_nobody().expect("a hash");
    let shape = |hash: &HashedPassword| {
        let text = hash.to_string();
        let parts = text.split('$').map(str::to_owned).collect::<Vec<_>>();
        let lengths: Vec<usize> = parts.iter().map(String::len).collect();
        (parts[..4].to_vec(), lengths)
    };
    assert_eq!(shape(&real), shape(&nobody));
}

#[tokio::test]
async fn an_endless_password_is_wrong_without_work() {
    let passwords = Passwords::with_limits(0, 1);
    let endless = Secret::new("x".repeat(1025));
    let nobody = HashedPassword::of_nobody();
    assert_eq!(
        verify(&passwords, nobody.as_ref(), &endless).await,
        Ok(false)
    );
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let passwords = Passwords::with_limits(1, 2);
    let running = passwords.cores.clone().acquire_owned().await.expect("open");
    let place = passwords.place().expect("a place");
    let given = Secret::new("correct horse");
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let (passwords, given) = (passwords.clone(), given.clone());
            tokio::spawn(async move { verify(&passwords, None, &given).await })
        })
        .collect();
    while passwords.places.available_permits() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(verify(&passwords, None, &given).await, Err(Busy));
    assert_eq!(passwords.hash(&given).await, Err(Busy));
    assert_eq!(passwords.work(&given, drop).await, Err(Busy));

    drop((running, place));
    for task in waiting {
        assert_eq!(task.await.expect("ended"), Ok(false));
    }
    assert_eq!(passwords.places.available_permits(), 3);
    assert_eq!(passwords.cores.available_permits(), 1);
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_the_queue() {
    let passwords = Passwords::with_limits(1, 1);
    let running = passwords.cores.clone().acquire_owned().await.expect("open");
    let given = Secret::new("correct horse");
    let waits = tokio::time::timeout(Duration::from_millis(10), verify(&passwords, None, &given));
    assert!(waits.await.is_err());
    assert_eq!(passwords.places.available_permits(), 2);
    drop(running);
    assert_eq!(verify(&passwords, None, &given).await, Ok(false));
}

async fn verify(
    passwords: &Passwords,
    hash: Option<&HashedPassword>,
    given: &Secret,
) -> Result<bool, Busy> {
    passwords.verify(passwords.place()?, hash, given).await
}
