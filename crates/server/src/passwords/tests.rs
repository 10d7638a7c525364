use gatepass_guard::passwords::Busy;
use gatepass_proto::Secret;

use super::{NewPasswordError, Passwords, hash_new_password, passwords};

#[tokio::test]
async fn what_is_hashed_was_looked_at() {
    let passwords = Passwords::default();
    let right = Secret::new("correct horse: bättery");
    let hash = hash_new_password("ann", &right).await.expect("hashed");
    let hash = hash.to_string();
    assert_eq!(verify(&passwords, Some(&hash), &right).await, Ok(true));
    let wrong = Secret::new("correct horse: battery");
    assert_eq!(verify(&passwords, Some(&hash), &wrong).await, Ok(false));
    let weak = hash_new_password("annabella", &Secret::new("annabella1")).await;
    assert!(matches!(weak, Err(NewPasswordError::Weak(_))), "{weak:?}");
}

#[tokio::test]
async fn a_damaged_hash_is_nobodys() {
    let passwords = Passwords::default();
    let given = Secret::new("correct horse");
    assert_eq!(verify(&passwords, None, &given).await, Ok(false));
    for damaged in ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1", "$md5$x$y"] {
        let right = verify(&passwords, Some(damaged), &given).await;
        assert_eq!(right, Ok(false), "{damaged}");
    }
}

#[tokio::test]
async fn a_full_queue_admits_no_password() {
    let passwords = Passwords(passwords::Passwords::with_limits(1, 0));
    let place = passwords.place().expect("a place");
    let given = Secret::new("correct horse");
    let admitted = passwords.admit(&given, &[]).await;
    assert_eq!(admitted.expect_err("full"), NewPasswordError::Busy(Busy));
    drop(place);
    passwords.admit(&given, &[]).await.expect("admitted");
}

async fn verify(passwords: &Passwords, phc: Option<&str>, given: &Secret) -> Result<bool, Busy> {
    passwords.verify(passwords.place()?, phc, given).await
}
