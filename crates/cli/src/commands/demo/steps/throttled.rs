//! Guesses at a password, all at once, on an account of its own: ten are looked at and no more, and then even the right
//! one has to wait.

use std::time::Duration;

use gatepass_client::{Credential, Error, SecretRef};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::{Cx, Secret};
use http::Method;
use tokio::task::JoinSet;

use super::Step;
use crate::commands::demo::check::{Checked, Fault, holds, same, there};
use crate::commands::demo::plain::Answer;
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "throttled",
    run: |world, seen| Box::pin(run(world, seen)),
};

const ACCOUNT: &str = "demo-throttled";
const GUESSES: usize = 14;
/// How many wrong guesses in a row are looked at.
const LOOKED_AT: usize = 10;

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let password = opaque::mint("", &mut Cx::new(SystemClock.now(), &mut OsEntropy));
    world.admin.add_user(ACCOUNT, &password).await?;
    seen.sent(format!("{GUESSES} wrong guesses at once, one account"));
    let answers = guess(world).await?;
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    let (wrong, held) = (count(401), count(429));
    let waits = answers
        .iter()
        .find_map(|answer| answer.retry_after.as_deref());
    let wait = waits.unwrap_or("nothing");
    seen.got(format!("{wrong} × 401, {held} × 429"));
    seen.got(format!("Retry-After: {wait}"));
    same("guesses that were looked at", wrong, LOOKED_AT)?;
    same("guesses that were held off", held, GUESSES - LOOKED_AT)?;
    for answer in answers.iter().filter(|answer| answer.status == 429) {
        let wait = there("Retry-After", answer.retry_after.as_deref())?;
        let seconds: u64 = wait.parse()?;
        holds("Retry-After in whole seconds, not zero", seconds > 0)?;
    }
    then_the_right_one(world, &password, seen).await
}

async fn guess(world: &World) -> Checked<Vec<Answer>> {
    let mut guesses = JoinSet::new();
    for number in 0..GUESSES {
        let guess = format!("guess number {number}");
        let form = [("username", ACCOUNT), ("password", guess.as_str())];
        let request = world.plain(Method::POST, "/auth/token").form(&form);
        guesses.spawn(request.send());
    }
    guesses.join_all().await.into_iter().collect()
}

async fn then_the_right_one(world: &World, password: &Secret, seen: &mut Seen) -> Checked {
    let right = SecretRef::given(password.expose());
    let session = world.session(Credential::login(world.url("/auth/token"), ACCOUNT, right))?;
    seen.sent("then the right password");
    match session.token(Duration::ZERO).await {
        Err(error @ Error::LoginRefused { status, .. }) => {
            same("the status for the right password", status.as_u16(), 429)?;
            holds("it to be worth trying again later", error.is_temporary())?;
            seen.got(format!("429, {}", wait(&error)));
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Fault::new(
            "the right password was looked at though the account is held off",
        )),
    }
}

fn wait(error: &Error) -> String {
    match error.retry_after() {
        Some(seconds) => format!("try again in {seconds} s"),
        None => "try again later".to_owned(),
    }
}
