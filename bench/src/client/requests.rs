//! Authenticated requests on one core: a session's, bare reqwest's, Python's.
//!
//! A session and bare reqwest take turns many times a second, so that whatever else the machine does meets both.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use gatepass_client::{OAuth, SecretRef, Session};
use serde::Serialize;
use tokio::task::JoinSet;

use super::oauth_session::OAuthSession;
use crate::floor::{ITEM, RESOURCE};
use crate::pinning::processor_time;
use crate::rounds::{Plan, median};
use crate::target::Target;

/// How long one of the two has the core before it is the other's turn.
const TURN: Duration = Duration::from_millis(100);
/// How many ask at once, where they do.
const AT_ONCE: usize = 16;

/// The same request on the wire has the same headers.
const USER_AGENT: &str = concat!("gatepass/", env!("CARGO_PKG_VERSION"));

/// How fast requests are.
#[derive(Serialize)]
pub(crate) struct Requests {
    /// One after the other, on one connection.
    pub(super) alone: Row,
    /// Several at once.
    pub(super) at_once: Row,
    pub(super) tasks: usize,
    pub(super) python: Python,
}

/// A session beside bare reqwest.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(super) session: Figures,
    pub(super) reqwest: Figures,
    /// The session's rate as a share of the other: the median over the rounds.
    pub(super) ratio: f64,
    /// The same by the client's processor time per request.
    pub(super) ratio_by_processor: f64,
}

/// requests-oauthlib, one request after the other on one connection.
#[derive(Serialize)]
pub(crate) struct Python {
    pub(super) figures: Figures,
    /// How many requests a session makes meanwhile.
    pub(super) times: f64,
}

/// The medians over the rounds.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(super) per_second: f64,
    pub(super) processor_us: f64,
}

/// What was done in a round.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) requests: u32,
    pub(super) elapsed: Duration,
    pub(super) processor: Duration,
}

impl Tally {
    fn rate(self) -> f64 {
        f64::from(self.requests) / self.elapsed.as_secs_f64()
    }

    fn processor_us(self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / f64::from(self.requests)
    }

    fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.elapsed += more.elapsed;
        self.processor += more.processor;
    }
}

/// Measures all three.
pub(super) async fn measure(
    plan: &Plan,
    python: &Path,
    server: &Target,
    floor: &Target,
) -> anyhow::Result<Requests> {
    let origin = format!("http://{}", floor.address);
    let url: Arc<str> = format!("{origin}{RESOURCE}").into();
    let session = session(server, &origin)?;
    let token = session.token(Duration::ZERO).await?;
    let token = token.access_token.expose();
    let reqwest = Way::Reqwest {
        client: reqwest::Client::builder()
            .no_proxy()
            .user_agent(USER_AGENT)
            .build()?,
        authorization: format!("Bearer {token}").into(),
    };
    let mut peer = OAuthSession::start(python, &url, token).await?;
    let ways = [Way::Session(session), reqwest];
    let (mut alone, mut at_once, mut pythons) = (Vec::new(), Vec::new(), Vec::new());
    for way in &ways {
        turn(way, &url, AT_ONCE, TURN * 5).await?;
    }
    for _ in 0..plan.rounds {
        alone.push(round(plan, &ways, &url, 1).await?);
        pythons.push(peer.round(plan.span).await?);
        at_once.push(round(plan, &ways, &url, AT_ONCE).await?);
    }
    peer.stop().await?;
    let pairs = alone.iter().zip(&pythons);
    let times = pairs.map(|([session, _], python)| session.rate() / python.rate());
    Ok(Requests {
        python: Python {
            times: median(times.collect()),
            figures: Figures::of(pythons.iter().copied()),
        },
        alone: Row::of(&alone),
        at_once: Row::of(&at_once),
        tasks: AT_ONCE,
    })
}

fn session(server: &Target, origin: &str) -> anyhow::Result<Session> {
    let issuer = format!("http://{}", server.address);
    let secret = SecretRef::given(&server.known.client_secret);
    let oauth = OAuth::client_credentials(issuer, &server.known.client_id, secret);
    Ok(Session::builder(oauth.into()).api(origin).build()?)
}

/// How a request is made.
#[derive(Clone)]
enum Way {
    Session(Session),
    Reqwest {
        client: reqwest::Client,
        authorization: Arc<str>,
    },
}

impl Way {
    async fn request(&self, url: &str) -> anyhow::Result<()> {
        let (status, body) = match self {
            Self::Session(session) => {
                let answer = session.get(url).send().await?;
                (answer.status(), answer.bytes().await?)
            }
            Self::Reqwest {
                client,
                authorization,
            } => {
                let request = client.get(url).header("authorization", &**authorization);
                let answer = request.send().await?;
                (answer.status(), answer.bytes().await?)
            }
        };
        ensure!(status == 200, "the answer was {status}");
        ensure!(body == ITEM, "the answer was not the item");
        Ok(())
    }
}

/// Both by turns, until each has had the core for the span.
async fn round(
    plan: &Plan,
    ways: &[Way; 2],
    url: &Arc<str>,
    tasks: usize,
) -> anyhow::Result<[Tally; 2]> {
    let mut tallies = [Tally::default(); 2];
    while tallies.iter().any(|tally| tally.elapsed < plan.span) {
        for (way, tally) in ways.iter().zip(&mut tallies) {
            tally.add(turn(way, url, tasks, TURN).await?);
        }
    }
    Ok(tallies)
}

async fn turn(way: &Way, url: &Arc<str>, tasks: usize, span: Duration) -> anyhow::Result<Tally> {
    let spent = processor_time()?;
    let started = Instant::now();
    let mut toiling = JoinSet::new();
    for _ in 0..tasks {
        toiling.spawn(toil(way.clone(), url.clone(), started + span));
    }
    let mut requests = 0;
    while let Some(done) = toiling.join_next().await {
        requests += done??;
    }
    Ok(Tally {
        requests,
        elapsed: started.elapsed(),
        processor: processor_time()?.saturating_sub(spent),
    })
}

async fn toil(way: Way, url: Arc<str>, until: Instant) -> anyhow::Result<u32> {
    let mut requests = 0;
    while Instant::now() < until {
        way.request(&url).await?;
        requests += 1;
    }
    Ok(requests)
}

impl Row {
    fn of(rounds: &[[Tally; 2]]) -> Self {
        let ratio = |share: fn([Tally; 2]) -> f64| {
            let shares = rounds.iter().map(|pair| share(*pair));
            median(shares.collect())
        };
        Self {
            session: Figures::of(rounds.iter().map(|[session, _]| *session)),
            reqwest: Figures::of(rounds.iter().map(|[_, reqwest]| *reqwest)),
            ratio: ratio(|[session, reqwest]| session.rate() / reqwest.rate()),
            ratio_by_processor: ratio(|[session, reqwest]| {
                reqwest.processor_us() / session.processor_us()
            }),
        }
    }
}

impl Figures {
    fn of(rounds: impl Iterator<Item = Tally> + Clone) -> Self {
        Self {
            per_second: median(rounds.clone().map(Tally::rate).collect()),
            processor_us: median(rounds.map(Tally::processor_us).collect()),
        }
    }
}
