use std::net::IpAddr;
use std::sync::Arc;

use gatepass_http::Clock;
use gatepass_proto::Secret;

use crate::flights::Flights;
use crate::identity::{Identity, Scheme};
use crate::ports::{UserCheck, Users};
use crate::refusal::Refusal;
use crate::remembered::{Remembered, Right};

/// Checks usernames and passwords.
pub(crate) struct Basic {
    users: Arc<dyn Users>,
    remembered: Remembered,
    flights: Flights,
}

impl Basic {
    pub(crate) fn new(users: Arc<dyn Users>) -> Self {
        Self {
            users,
            remembered: Remembered::new(),
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
        let tag = self.remembered.tag(&username, password);
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
                self.remembered.insert(tag, now, right.clone());
                Ok(identity(username, right))
            }
            UserCheck::Wrong => Err(Refusal::WrongPassword),
            UserCheck::Throttled(wait) => Err(Refusal::Throttled(wait)),
            UserCheck::Busy => Err(Refusal::Busy),
        }
    }
}

fn identity(username: String, right: Right) -> Identity {
    Identity {
        subject: right.subject.to_string(),
        client_id: None,
        scope: right.scope,
        scheme: Scheme::Basic { username },
    }
}
