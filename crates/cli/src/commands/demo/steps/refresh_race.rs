//! Fifty tasks and eight processes meet one expired token: one refresh leaves the machine.

use std::collections::BTreeSet;
use std::time::Duration;

use gatepass_client::Session;
use gatepass_client::tokens::TokenStore as _;
use gatepass_http::{Clock as _, SystemClock};
use tokio::task::JoinSet;
use url::Url;

use super::Step;
use crate::commands::demo::check::{Checked, holds, same, there};
use crate::commands::demo::racer::{Race, Racer};
use crate::commands::demo::relay::Relay;
use crate::commands::demo::seen::Seen;
use crate::commands::demo::user_agent::Decision;
use crate::commands::demo::visitor::log_in;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "refresh-race",
    run: |world, seen| Box::pin(run(world, seen)),
};

const TASKS: usize = 50;
const PROCESSES: usize = 8;

async fn run(world: &World, seen: &mut Seen) -> Checked {
    seen.sent(format!(
        "{TASKS} tasks, {PROCESSES} processes: 1 expired token"
    ));
    let server = Url::parse(&world.issuer)?.socket_addrs(|| None)?;
    let relay = Relay::before(*there("the server's address", server.first())?).await?;
    let race = Race {
        issuer: world.issuer.clone(),
        token_endpoint: format!("http://{}/oauth/token", relay.address()),
        client_id: world.set.public_client_id.clone(),
        tokens: world.folder.join("race"),
    };
    let expired = store_expired_token(world, &race).await?;

    let mut racers = at_the_line().await?;
    for racer in &mut racers {
        racer.start(&race).await?;
    }
    let mut digests = run_tasks(&race.session()?).await?;
    for racer in racers {
        digests.push(racer.finish().await?);
    }

    let refreshes = relay.refreshes();
    same("refreshes that the token endpoint saw", refreshes, 1)?;
    seen.got("1 refresh seen by the token endpoint");
    same(
        "tasks and processes with a token",
        digests.len(),
        TASKS + PROCESSES,
    )?;
    let distinct: BTreeSet<String> = digests.into_iter().collect();
    same("different tokens among them", distinct.len(), 1)?;
    holds(
        "another token than the expired one",
        !distinct.contains(&expired),
    )?;
    seen.got(format!("one new token for all {}", TASKS + PROCESSES));
    let entered = world.enter(&race.session()?, "/api/data", seen).await?;
    same("subject", &entered.subject, &world.user_id)
}

/// Logs in, and leaves a token in the store whose time is over; its digest.
async fn store_expired_token(world: &World, race: &Race) -> Checked<String> {
    log_in(&race.session()?, &world.agent, Decision::Allow)
        .await?
        .outcome?;
    let (store, key) = (race.store(), Race::key()?);
    let mut token = there("a stored token", store.load(&key).await?)?;
    let now = SystemClock.now();
    token.obtained_at = now - Duration::from_secs(3600);
    token.expires_at = Some(now - Duration::from_secs(60));
    store.save(&key, &token).await?;
    Ok(token.access_token.digest().to_base64url())
}

async fn at_the_line() -> Checked<Vec<Racer>> {
    let program = std::env::current_exe()?;
    let mut starting = JoinSet::new();
    for _ in 0..PROCESSES {
        let program = program.clone();
        starting.spawn(async move { Racer::at_the_line(&program).await });
    }
    starting.join_all().await.into_iter().collect()
}

async fn run_tasks(session: &Session) -> Checked<Vec<String>> {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let session = session.clone();
        tasks.spawn(async move { Race::token_digest(&session).await });
    }
    tasks.join_all().await.into_iter().collect()
}
