//! The worker that sends what is due.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gatepass_http::{Egress, HttpTransport, NamedByServer, SetupError, Transport as _};
use gatepass_proto::ClientId;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::notice::Notice;
use gatepass_proto::decide::record::Record;
use gatepass_store::{CommitError, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::letter::{self, Unwritten};
use crate::app::App;
use crate::meter::Meter;

/// How often the database is looked at when nothing happens here.
const PAUSE: Duration = Duration::from_secs(1);
/// The time that a client has for its answer. What is under way is taken for longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes. Nothing in it counts.
const MAX_ANSWER: usize = 256 * 1024;
/// How many are sent at the same time.
const LANES: usize = 64;
/// How many of them to one client; to one that has not answered lately there is one.
const LANES_OF_ONE: usize = 4;
/// For how long a client that has not answered is not trusted to.
const SUSPECT: Duration = Duration::from_secs(60);
/// How many may wait for a client that does not answer. The others are given up, or they would pile up without end.
const MAX_WAITING: usize = 100;

/// The worker of one node.
pub(crate) struct Outbox {
    app: App,
    wire: NamedByServer,
    meter: Meter,
    /// What was due when it was looked, in the order in which it is sent.
    due: Vec<(Item, Notice)>,
    under_way: JoinSet<Option<bool>>,
    /// To whom.
    busy: HashMap<Id, ClientId>,
    /// Who has not answered, and when.
    suspects: HashMap<ClientId, Instant>,
}

impl Outbox {
    /// A worker that sends by these rules of where requests may go. Clients are strangers: no host is trusted for having
    /// been named by one.
    ///
    /// # Errors
    ///
    /// The rules cannot be kept.
    pub(crate) fn new(app: App, egress: Egress, meter: Meter) -> Result<Self, SetupError> {
        let transport = HttpTransport::new(Egress {
            max_answer: MAX_ANSWER,
            connect_timeout: PATIENCE,
            timeout: PATIENCE,
            ..egress
        })?;
        Ok(Self {
            app,
            wire: transport.named_by(&[]),
            meter,
            due: Vec::new(),
            under_way: JoinSet::new(),
            busy: HashMap::new(),
            suspects: HashMap::new(),
        })
    }

    /// Works until it is dropped. What is under way then comes up again, here or at another node.
    pub(crate) async fn run(mut self) {
        let app = self.app.clone();
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ended = tokio::select! {
                Some(ended) = self.under_way.join_next_with_id() => Some(ended),
                () = app.notices().woken() => None,
                _ = pause.tick() => None,
            };
            let look = ended.is_none() || self.due.is_empty();
            ended.into_iter().for_each(|ended| self.note(ended));
            while let Some(ended) = self.under_way.try_join_next_with_id() {
                self.note(ended);
            }
            if look {
                self.look().await;
            }
            self.begin();
        }
    }

    /// Finds what is due. A database that does not answer is asked again at the next look.
    async fn look(&mut self) {
        self.suspects.retain(|_, since| since.elapsed() < SUSPECT);
        match self.listed().await {
            Ok(due) => self.due = due,
            Err(error) => tracing::warn!(%error, "notices cannot be looked up"),
        }
    }

    async fn listed(&self) -> Result<Vec<(Item, Notice)>, StoreError> {
        let now = self.app.clock().now();
        let listed = self.app.store().list(Notice::listed()).await?;
        let mut waiting: HashMap<ClientId, usize> = HashMap::new();
        let mut due = Vec::new();
        for record in listed {
            let Record::Item(item) = record else {
                continue;
            };
            let Some(notice) = item.read::<Notice>() else {
                // One of a later version; it goes when it expires.
                continue;
            };
            let of_client = waiting.entry(notice.client_id.clone()).or_default();
            *of_client += 1;
            if *of_client > MAX_WAITING && self.suspects.contains_key(&notice.client_id) {
                if commit(&self.app, notice.given_up(&item, now)).await {
                    let why = "too many wait for this client";
                    report(&self.meter, &notice, "given_up", why);
                }
            } else if Notice::due(&item) <= now {
                due.push((item, notice));
            }
        }
        Ok(due)
    }

    /// Sends as many as there are lanes for.
    fn begin(&mut self) {
        for (item, notice) in std::mem::take(&mut self.due) {
            if self.busy.len() < LANES && self.lanes_for(&notice.client_id) > 0 {
                let client_id = notice.client_id.clone();
                let delivery = Delivery {
                    app: self.app.clone(),
                    wire: self.wire.clone(),
                    meter: self.meter.clone(),
                    notice,
                };
                let task = self.under_way.spawn(delivery.run(item));
                self.busy.insert(task.id(), client_id);
            } else {
                self.due.push((item, notice));
            }
        }
    }

    fn lanes_for(&self, client_id: &ClientId) -> usize {
        let lanes = match self.suspects.contains_key(client_id) {
            true => 1,
            false => LANES_OF_ONE,
        };
        let taken = self.busy.values().filter(|own| *own == client_id).count();
        lanes.saturating_sub(taken)
    }

    fn note(&mut self, ended: Result<(Id, Option<bool>), JoinError>) {
        let (id, answered) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "sending a notice ended badly");
                (error.id(), Some(false))
            }
        };
        match (self.busy.remove(&id), answered) {
            (Some(client_id), Some(true)) => drop(self.suspects.remove(&client_id)),
            (Some(client_id), Some(false)) => {
                self.suspects.insert(client_id, Instant::now());
            }
            _ => {}
        }
    }
}

/// One notice on its way.
struct Delivery {
    app: App,
    wire: NamedByServer,
    meter: Meter,
    notice: Notice,
}

impl Delivery {
    /// Takes it, sends it, and settles what comes of it. Says whether the client has answered, if it was asked.
    async fn run(self, item: Item) -> Option<bool> {
        let (taken, changes) = self.notice.take(&item, self.app.clock().now());
        if !commit(&self.app, changes).await {
            // Another node has it, or the database is gone and it comes up again.
            return None;
        }
        match self.send().await {
            Ok(outcome) => {
                self.settle(Notice::delivered(&taken), outcome).await;
                Some(true)
            }
            Err(why) => {
                self.put_off(&taken, &why).await;
                Some(false)
            }
        }
    }

    async fn send(&self) -> Result<&'static str, String> {
        let request = match letter::write(&self.app, &self.notice).await {
            Ok(request) => request,
            Err(Unwritten::Unwanted) => return Ok("unwanted"),
            Err(Unwritten::Failed(error)) => return Err(error.to_string()),
        };
        let answer = self.wire.send(request).await;
        let status = answer.map_err(|unreachable| unreachable.reason)?.status();
        match status.is_success() {
            true => Ok("delivered"),
            // A redirect is followed nowhere: what is sent is for the registered address alone.
            false => Err(format!("the client answered {status}")),
        }
    }

    async fn settle(&self, changes: Vec<Change>, outcome: &'static str) {
        if commit(&self.app, changes).await {
            self.meter.notice(self.notice.news.kind(), outcome);
        }
    }

    async fn put_off(&self, taken: &Item, why: &str) {
        let (again, changes) = self.notice.failed(taken, self.app.clock().now());
        let outcome = if again { "failed" } else { "given_up" };
        if commit(&self.app, changes).await {
            report(&self.meter, &self.notice, outcome, why);
        }
    }
}

/// Counts a failure, and says so in the log.
fn report(meter: &Meter, notice: &Notice, outcome: &'static str, why: &str) {
    let (kind, client_id) = (notice.news.kind(), &notice.client_id);
    meter.notice(kind, outcome);
    tracing::warn!(%client_id, kind, outcome, why, "a notice did not arrive");
}

/// Whether it was done. A conflict means that another node was faster.
async fn commit(app: &App, changes: Vec<Change>) -> bool {
    match app.store().commit(changes).await {
        Ok(()) => true,
        Err(CommitError::Conflict | CommitError::Spent) => false,
        Err(CommitError::Store(error)) => {
            tracing::warn!(%error, "a notice cannot be settled");
            false
        }
    }
}
