//! Logins and consents.

use futures_util::future::join_all;

use crate::browser::Form;
use crate::wire::Answer;
use crate::world::{World, authorize};

fn asks_for_a_password(page: &Answer) -> bool {
    page.body.contains("type=\"password\"")
}

/// A thief begins a login, plants its cookie in another's browser and lets them go on: over a wrong password, from the
/// beginning again, and once more when they are in.
#[tokio::test]
async fn session_fixation_through_login_restart() {
    let world = World::dev().await;
    let target = authorize(&world.request());
    let again = authorize(&world.request().with("prompt", "login"));
    let mut thief = world.browser();
    thief.get(&target).await;
    let mut victim = world.browser();
    victim.cookies = thief.cookies.clone();
    assert_eq!(victim.cookies.len(), 1);

    for target in [&target, &again] {
        let before = victim.clone();
        let page = victim.get(target).await;
        assert!(asks_for_a_password(&page), "{page:?}");
        let wrong = [("username", "dev"), ("password", "wrong")];
        let page = victim.submit(&Form::of(&page.body), &wrong).await;
        assert_eq!(page.status, 403);
        let set = world.set();
        let right = [("username", set.user.as_str()), ("password", &set.password)];
        let answer = victim.submit(&Form::of(&page.body), &right).await;
        let next = answer.header("location").expect("a Location").to_owned();
        assert!(!asks_for_a_password(&victim.get(&next).await));
        // Whoever knew the cookie from before has nothing, and not with the mark of the login either.
        for mut other in [thief.clone(), before] {
            for target in [target, &next] {
                assert!(asks_for_a_password(&other.get(target).await));
            }
        }
    }
}

/// All at once, by two doors, and with the right one among the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_beating_the_lockout() {
    let world = World::dev().await;
    let set = world.set();
    let mut browser = world.browser();
    let page = browser.get(&authorize(&world.request())).await;
    let form = Form::of(&page.body);
    let guesses = (0..40).map(|n| {
        let wrong = format!("wrong {n}");
        let (mut browser, form, world) = (browser.clone(), form.clone(), &world);
        async move {
            if n % 2 == 0 {
                let typed = [("username", set.user.as_str()), ("password", &wrong)];
                browser.submit(&form, &typed).await.status
            } else {
                let guess = [
                    ("grant_type", "password"),
                    ("username", &set.user),
                    ("password", &wrong),
                ];
                world.token(&guess).await.status
            }
        }
    });
    let statuses = join_all(guesses).await;
    let looked_at = statuses.iter().filter(|status| **status != 429).count();
    assert_eq!(looked_at, 10, "{statuses:?}");
    assert!(
        statuses
            .iter()
            .all(|status| [400, 403, 429].contains(status)),
        "{statuses:?}"
    );
    let right = [("username", set.user.as_str()), ("password", &set.password)];
    assert_eq!(browser.submit(&form, &right).await.status, 429);
}

/// Anybody can say that they are this client, so a consent that is remembered would be theirs (RFC 8252 §8.6).
#[tokio::test]
async fn silent_consent_for_public_clients() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let request = world.public_request().with("scope", "openid");
    let first = browser.decide(&authorize(&request), "allow").await;
    assert!(first.location().get("code").is_some());
    let page = browser.get(&authorize(&request)).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("value=\"allow\""), "{page:?}");
    let silent = authorize(&request.with("prompt", "none"));
    let back = browser.get(&silent).await.location();
    assert_eq!(back.get("error"), Some("consent_required"));
    assert_eq!(back.get("code"), None);
}
