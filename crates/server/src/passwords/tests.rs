use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use gatepass_proto::Secret;

use super::{Busy, NOBODY, NewPasswordError, Passwords};

#[tokio::test]
async fn a_hash_accepts_its_password_only() {
    let passwords = Passwords::new();
    let right = Secret::new("correct horse: bättery");
    let hash = hash(&passwords, &right).await;
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    assert!(verify(&passwords, Some(&hash), &right).await.unwrap());
    for wrong in ["", "correct horse: battery", "correct horse: bättery "] {
        let wrong = Secret::new(wrong);
        assert!(!verify(&passwords, Some(&hash), &wrong).await.unwrap());
    }
    assert_ne!(hash, self::hash(&passwords, &right).await);
}

#[tokio::test]
async fn nobody_is_never_let_in() {
    let passwords = Passwords::new();
    let given = Secret::new("correct horse");
    assert!(!verify(&passwords, None, &given).await.unwrap());
    for damaged in ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1", "$md5$x$y"] {
        assert!(!verify(&passwords, Some(damaged), &given).await.unwrap());
    }
}

#[tokio::test]
async fn nobody_costs_what_somebody_costs() {
    let real = hash(&Passwords::new(), &Secret::new("correct horse")).await;
    let (real, nobody) = (
        PasswordHash::new(&real).unwrap(),
        PasswordHash::new(NOBODY).unwrap(),
    );
    assert_eq!(real.algorithm, nobody.algorithm);
    assert_eq!(real.version, nobody.version);
    assert_eq!(real.params.to_string(), nobody.params.to_string());
    assert_eq!(
        real.salt.unwrap().as_ref().len(),
        nobody.salt.unwrap().as_ref().len()
    );
    assert_eq!(
        real.hash.unwrap().as_bytes().len(),
        nobody.hash.unwrap().as_bytes().len()
    );
}

#[tokio::test]
async fn an_endless_password_is_wrong_without_work() {
    let passwords = Passwords::with_limits(0, 1);
    let endless = Secret::new("x".repeat(1025));
    assert_eq!(verify(&passwords, Some(NOBODY), &endless).await, Ok(false));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let passwords = Passwords::with_limits(1, 2);
    let running = passwords.cores.clone().acquire_owned().await.unwrap();
    let place = passwords.places.clone().acquire_owned().await.unwrap();
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
    let admitted = passwords.admit(&given, &[]).await;
    assert_eq!(admitted.unwrap_err(), NewPasswordError::Busy(Busy));

    drop((running, place));
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(false));
    }
    assert_eq!(passwords.places.available_permits(), 3);
    assert_eq!(passwords.cores.available_permits(), 1);
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_the_queue() {
    let passwords = Passwords::with_limits(1, 1);
    let running = passwords.cores.clone().acquire_owned().await.unwrap();
    let given = Secret::new("correct horse");
    let waits = tokio::time::timeout(Duration::from_millis(10), verify(&passwords, None, &given));
    assert!(waits.await.is_err());
    assert_eq!(passwords.places.available_permits(), 2);
    drop(running);
    assert_eq!(verify(&passwords, None, &given).await, Ok(false));
}

async fn verify(passwords: &Passwords, phc: Option<&str>, given: &Secret) -> Result<bool, Busy> {
    passwords.verify(passwords.place()?, phc, given).await
}

async fn hash(passwords: &Passwords, password: &Secret) -> String {
    let admitted = passwords.admit(password, &[]).await.unwrap();
    passwords.hash(&admitted).await.unwrap()
}
