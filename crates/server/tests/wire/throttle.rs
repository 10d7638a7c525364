//! Guessing passwords: ten wrong ones, by whatever doors, then nobody gets an answer for a while.

use gatepass_proto::Secret;

use crate::browser::Form;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

fn guess<'a>(user: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("grant_type", "password"),
        ("username", user),
        ("password", password),
    ]
}

/// Asserts a 429 that says in whole seconds how long to wait.
fn throttled(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let wait: u64 = answer
        .header("retry-after")
        .expect("Retry-After")
        .parse()
        .expect("whole seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    answer.is_private();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_forty_guesses_at_once_ten_are_looked_at() {
    let world = World::dev().await;
    let admin = world.admin().await;
    let password = Secret::new("correct horse battery");
    admin
        .add_user("other", &password)
        .await
        .expect("another user");
    let address = world.address;
    let racers: Vec<_> = (0..40)
        .map(|n| {
            let call = world.token_call(&guess("dev", &format!("wrong {n}")));
            tokio::spawn(async move { call.send(address).await })
        })
        .collect();
    let mut looked_at = 0;
    for racer in racers {
        let answer = racer.await.expect("no panic");
        if answer.status == 400 {
            answer.refused(400, "invalid_grant");
            looked_at += 1;
        } else {
            throttled(&answer);
            assert_eq!(answer.text("error"), "temporarily_unavailable");
        }
    }
    assert_eq!(looked_at, 10);
    throttled(&world.token(&guess("dev", &world.set().password)).await);
    world.token(&guess("other", password.expose())).await.good();
    world
        .token(&guess("other", "wrong"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn all_doors_count_together() {
    let world = World::dev().await;
    let set = world.set();
    let mut browser = world.browser();
    let page = browser.get(&authorize(&world.request())).await;
    let form = Form::of(&page.body);
    let direct = |password: &str| {
        let form = Pairs::of(&[("username", &set.user), ("password", password)]);
        let json = serde_json::json!({ "username": set.user, "password": password });
        [
            Call::post("/auth/token").form(&form),
            Call::post("/api/auth").basic(&set.user, password),
            Call::post("/api/auth/jwt").json(&json.to_string()),
            Call::get("/protected-resource").basic(&set.user, password),
        ]
    };
    for round in 0..2 {
        for call in direct("wrong") {
            assert_eq!(world.send(call).await.status, 401, "{round}");
        }
    }
    let typed = |password| [("username", set.user.as_str()), ("password", password)];
    let answer = browser.submit(&form, &typed("wrong")).await;
    assert_eq!(answer.status, 403);
    world
        .token(&guess(&set.user, "wrong"))
        .await
        .refused(400, "invalid_grant");
    for call in direct(&set.password) {
        throttled(&world.send(call).await);
    }
    throttled(&world.token(&guess(&set.user, &set.password)).await);
    let page = browser.submit(&form, &typed(&set.password)).await;
    throttled(&page);
    assert!(Form::of(&page.body).action.starts_with("/oauth/login?"));
}

#[tokio::test]
async fn a_right_one_starts_the_count_again() {
    let world = World::dev().await;
    let set = world.set();
    for _ in 0..2 {
        for _ in 0..9 {
            world
                .token(&guess(&set.user, "wrong"))
                .await
                .refused(400, "invalid_grant");
        }
        world.token(&guess(&set.user, &set.password)).await.good();
    }
}

/// What cannot be a guess is not counted as one.
#[tokio::test]
async fn what_is_no_guess_is_not_charged() {
    let world = World::dev().await;
    let set = world.set();
    for _ in 0..11 {
        let [grant, user, password] = guess(&set.user, "wrong");
        world
            .token(&[grant, user])
            .await
            .refused(400, "invalid_request");
        let scope = ("scope", "admin");
        world
            .token(&[grant, user, password, scope])
            .await
            .refused(400, "invalid_scope");
        let form = Pairs::of(&[grant, user, password]);
        world
            .send(Call::post("/oauth/token").form(&form))
            .await
            .refused(401, "invalid_client");
        let basic = Call::post("/api/auth").header("Authorization", "Basic !");
        world.send(basic).await.refused(400, "invalid_request");
    }
    world.token(&guess(&set.user, &set.password)).await.good();
}

/// The account that nobody has is throttled alike, or a 429 would tell who has one.
#[tokio::test]
async fn nobody_is_throttled_like_somebody() {
    let world = World::dev().await;
    for _ in 0..10 {
        world
            .token(&guess("nobody", "wrong"))
            .await
            .refused(400, "invalid_grant");
    }
    throttled(&world.token(&guess("nobody", "wrong")).await);
}

/// Twenty programs that know the password and start at the same moment have guessed nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn right_ones_at_once_are_no_guesses() {
    let world = World::dev().await;
    let set = world.set();
    let call = world.token_call(&guess(&set.user, &set.password));
    let address = world.address;
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move { call.send(address).await })
        })
        .collect();
    for racer in racers {
        racer.await.expect("no panic").good();
    }
}
