use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gatepass_http::Clock;
use gatepass_proto::{Scope, Secret, UserId};

use crate::flights::Flights;
use crate::identity::{Identity, Scheme};
use crate::ports::{UserCheck, Users};
use crate::refusal::Refusal;
use crate::remembered::Remembered;

/// How long right credentials are taken for right without another check.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The most credentials remembered.
const MAX_ENTRIES: usize = 1024;

/// Checks usernames and passwords.
pub(crate) struct Basic {
    users: Arc<dyn Users>,
    remembered: Remembered<Right>,
    flights: Flights,
}

/// Who had the right password.
#[derive(Clone, Debug)]
struct Right {
    subject: UserId,
    scope: Scope,
}

impl Basic {
    pub(crate) fn new(users: Arc<dyn Users>) -> Self {
        Self {
            users,
            remembered: Remembered::new(MAX_ENTRIES),
            flights: Flights::default(),
        }
    }

    /// Only successes are remembered, so every wrong guess reaches the port, which charges it.
    pub(crate) async fn check(
        &self,
        username: String,
        password: &Secret,
        from: Option<IpAddr>,
        clock: &dyn Clock,
    ) -> Result<Identity, Refusal> {
        // A username has no colon (RFC 7617 §2), so the two cannot be shifted against each other.
        let tag = self.remembered.tag(&[&username, ":", password.expose()]);
        if let Some(right) = self.remembered.find(&tag, clock.now()) {
            return Ok(identity(username, right));
        }
        let _turn = self.flights.turn(tag).await;
        // The minute begins before the check: a password that is changed meanwhile is not right any more.
        let now = clock.now();
        if let Some(right) = self.remembered.find(&tag, now) {
            return Ok(identity(username, right));
        }
        match self.users.check(&username, password, from).await? {
            UserCheck::Right { subject, scope } => {
                let right = Right { subject, scope };
                self.remembered
                    .insert(tag, now, now + MAX_AGE, right.clone());
                Ok(identity(username, right))
            }
            UserCheck::Wrong => Err(Refusal::WrongPassword),
            UserCheck::Throttled(wait) => Err(Refusal::Throttled(wait)),
            UserCheck::Busy => Err(Refusal::Busy),
        }
    }
}

fn identity(username: String, right: Right) -> Identity {
    let scheme = Scheme::Basic { username };
    Identity::new(right.subject.to_string(), right.scope, scheme)
}
