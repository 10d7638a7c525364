//! `kill -9` of the process that renews, at the worst moment and at any.

use std::time::{Duration, Instant};

use gatepass_testkit::Seeded;

use crate::authority::Authority;
use crate::desk::Desk;
use crate::figures;
use crate::front::Held;
use crate::home::Home;
use crate::running::{Running, the_one_token, turn, until};

const GRACE: Duration = Duration::from_secs(30);
const PROCESSES: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_servers_commit_and_the_clients_write() {
    let authority = Authority::ours(GRACE).await;
    let _turn = turn().await;
    let home = Home::new();
    authority.seed(&home, "work", -5).await;
    let before = home.kept("work").await;
    let lock = home.lock_file("work");

    // The server has committed, and only we know.
    authority.front.hold(Held::Judged);
    let renewing = home.start("token work");
    until("the server has committed", || authority.front.judged() == 1).await;
    let mut others: Vec<Running> = (1..PROCESSES).map(|_| home.start("token work")).collect();
    until("the others wait", || {
        others.iter().all(|process| process.has_open(&lock))
    })
    .await;
    assert_eq!(
        (authority.front.refreshes(), authority.front.told()),
        (1, 0)
    );

    let began = Instant::now();
    assert!(renewing.kill().await, "it still waited for its answer");
    assert!(others.iter_mut().all(Running::runs));
    assert_eq!(home.kept("work").await, before, "nothing was written");
    authority.front.hold(Held::No);

    let token = the_one_token(others).await;
    figures::line(
        "killed between commit and write, 30 s grace",
        PROCESSES,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(
        authority.front.refreshes(),
        2,
        "the lost one and its repetition"
    );
    assert!(authority.takes(&token).await);
    home.run("refresh work").await.code(0);
}

/// How often it is killed.
const KILLS: usize = 60;
/// How often while it makes its first token.
const FIRST_KILLS: usize = 20;
/// In this time after the answer it has written the token.
const WRITING: Duration = Duration::from_millis(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_moment_the_token_file_is_whole() {
    let authority = Authority::ours(GRACE).await;
    let _turn = turn().await;
    let home = Home::new();
    authority.seed(&home, "work", 1800).await;
    let began = Instant::now();
    home.run("refresh work").await.code(0);
    let usual = began.elapsed();

    let seed = u64::from(std::process::id());
    let mut random = Seeded::new(seed);
    let (mut killed, mut written) = (0, 0);
    let mut last = home.kept("work").await;
    for n in 0..KILLS {
        let told = authority.front.told();
        let process = home.start("refresh work");
        if n % 2 == 0 {
            tokio::time::sleep(moment(&mut random, usual)).await;
        } else {
            // While it writes, or just before or after.
            until("it is answered", || authority.front.told() > told).await;
            tokio::time::sleep(moment(&mut random, WRITING)).await;
        }
        killed += usize::from(process.kill().await);
        let kept = home.kept("work").await;
        written += usize::from(kept != last);
        last = kept;
    }
    assert!(killed > 0, "seed {seed}");

    let told = home.run("refresh work").await.code(0);
    let token = home.run("token work").await.code(0);
    assert!(authority.takes(token.line()).await, "seed {seed}: {told:?}");
    figures::line(
        &format!("killed {killed} times at any moment (it had written {written} times)"),
        KILLS,
        authority.front.refreshes(),
        began,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_first_token_and_its_key_are_made() {
    let desk = Desk::new();
    let authority = Authority::small(&desk);
    let _turn = turn().await;
    let seed = u64::from(std::process::id());
    let (mut random, began, mut killed) = (Seeded::new(seed), Instant::now(), 0);
    for _ in 0..FIRST_KILLS {
        let (home, told) = (Home::new(), authority.front.told());
        authority.profile(&home, "work", "grant = \"client_credentials\"\n");
        let process = home.start("token work");
        until("it is answered", || authority.front.told() > told).await;
        tokio::time::sleep(moment(&mut random, WRITING)).await;
        killed += usize::from(process.kill().await);
        let token = home.run("token work").await.code(0);
        assert!(authority.takes(token.line()).await, "seed {seed}");
        assert_eq!(home.kept("work").await.access_token.expose(), token.line());
    }
    figures::line(
        &format!("killed {killed} times while the first token was written"),
        2 * FIRST_KILLS,
        authority.front.refreshes(),
        began,
    );
}

/// A moment within the span.
fn moment(random: &mut Seeded, span: Duration) -> Duration {
    span.mul_f64(random.below(1000) as f64 / 1000.0)
}
