//! What a server has acknowledged, and whether it still stands by it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::desk::{Desk, Tokens, about, redemption, refresh};
use crate::wire::Call;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was never sent.
    Not,
    /// It was sent, and no whole answer came.
    Maybe,
    /// It was acknowledged.
    Yes,
}

/// A code, and what became of it.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) code: String,
    pub(crate) issued: Instant,
    pub(crate) redeemed: Fate,
    /// One pair after the other.
    pub(crate) tokens: Vec<Tokens>,
    pub(crate) revoked: Fate,
}

/// A client that has registered itself.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) path: String,
    pub(crate) token: String,
}

/// Everything that was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) logins: Vec<Login>,
    pub(crate) registered: Vec<Registered>,
}

/// Well within the minute that a code lives.
const FRESH: Duration = Duration::from_secs(40);

/// How many are looked at together.
const TOGETHER: usize = 8;

impl Ledger {
    pub(crate) fn add(&mut self, other: Self) {
        self.logins.extend(other.logins);
        self.registered.extend(other.registered);
    }

    /// How many codes were redeemed, as far as anybody was told.
    pub(crate) fn redeemed(&self) -> usize {
        let redeemed = |login: &&Login| login.redeemed == Fate::Yes;
        self.logins.iter().filter(redeemed).count()
    }

    /// Asserts that all of it is as it was said. Codes and refresh tokens are used up by that.
    pub(crate) async fn stands(&self, desk: &Desk) {
        // Codes first, for they do not live long.
        let (spent, unspent): (Vec<_>, Vec<_>) = self
            .logins
            .iter()
            .partition(|login| login.redeemed == Fate::Yes);
        for logins in [unspent, spent] {
            for some in logins.chunks(TOGETHER) {
                join_all(some.iter().map(|login| login.stands(desk))).await;
            }
        }
        for client in &self.registered {
            let call = Call::get(client.path.as_str()).bearer(&client.token);
            desk.ask(call).await.good();
        }
    }
}

impl Login {
    pub(crate) fn new(code: String) -> Self {
        Self {
            code,
            issued: Instant::now(),
            redeemed: Fate::Not,
            tokens: Vec::new(),
            revoked: Fate::Not,
        }
    }

    async fn stands(&self, desk: &Desk) {
        match (self.redeemed, self.tokens.last()) {
            (Fate::Yes, Some(last)) => self.tokens_stand(desk, last).await,
            _ => self.code_stands(desk).await,
        }
        // However that was, it is spent now.
        let again = desk.ask(redemption(&self.code)).await;
        again.refused(400, "invalid_grant");
    }

    /// One of many gets something for it, and nobody if somebody may have had it already.
    async fn code_stands(&self, desk: &Desk) {
        let asked = (0..4).map(|_| desk.ask(redemption(&self.code)));
        let answers = join_all(asked).await;
        let good = answers.iter().filter(|answer| answer.status == 200);
        let good = good.count();
        if self.redeemed == Fate::Not && self.issued.elapsed() < FRESH {
            assert_eq!(good, 1, "{self:?}: {answers:?}");
        }
        assert!(good < 2, "{self:?}: {answers:?}");
    }

    async fn tokens_stand(&self, desk: &Desk, last: &Tokens) {
        let active = desk.is_active(&last.access).await;
        let answer = desk.ask(refresh(&last.refresh)).await;
        match self.revoked {
            Fate::Not => assert!(active, "{self:?}"),
            Fate::Yes => assert!(!active, "{self:?}"),
            Fate::Maybe => {}
        }
        if !active {
            answer.refused(400, "invalid_grant");
            return;
        }
        let next = Tokens::of(&answer);
        assert!(desk.is_active(&next.access).await);
        // One that is two steps behind was used long ago: somebody has a copy, and nobody gets anything any more.
        if let Some(old) = self.tokens.iter().rev().nth(1) {
            for token in [old, &next] {
                let refused = desk.ask(refresh(&token.refresh)).await;
                refused.refused(400, "invalid_grant");
            }
            assert!(!desk.is_active(&next.access).await);
        }
    }

    /// Asserts that nothing was done of which nobody was told, and gives it up.
    pub(crate) async fn nothing_was_done_silently(&self, desk: &Desk) {
        if self.redeemed == Fate::Maybe {
            let answer = desk.ask(redemption(&self.code)).await;
            assert_eq!(answer.status, 200, "{self:?}: {answer:?}");
        }
        if let (Fate::Maybe, Some(last)) = (self.revoked, self.tokens.last()) {
            assert!(desk.is_active(&last.access).await, "{self:?}");
            desk.ask(about("/oauth/revoke", &last.refresh)).await.good();
        }
    }
}
