//! What was logged out before its time. A session is a cookie, which nobody can take back: so it is remembered here, for
//! as long as the session would have lasted.

mod log;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass_proto::jose::logout_token::LogoutToken;
use gatepass_proto::{Digest, Timestamp};

use self::log::Log;
use super::session::Session;

/// The most marks that are remembered.
const MOST: usize = 100_000;
/// How many of them are forgotten at once when there is no room.
const FORGOTTEN: usize = MOST / 10;

/// The marks, in memory and, where the key is kept in a file, on disk.
pub(super) struct Ended {
    marks: Arc<Mutex<Marks>>,
    log: Option<Arc<Log>>,
}

/// What is remembered.
#[derive(Default)]
struct Marks {
    by_name: HashMap<Digest, Mark>,
    /// Marks up to then may have been forgotten for want of room. What the provider has not confirmed since is to be asked
    /// about again.
    floor: Timestamp,
}

/// When something was logged out, and until when that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    at: Timestamp,
    until: Timestamp,
}

/// What came of a logout token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It counts, and will after a restart.
    Taken,
    /// It has been here before.
    Again,
}

/// What a mark is about.
#[derive(Clone, Copy)]
enum Of<'a> {
    /// One session of ours.
    Id(&'a str),
    /// A session at the provider.
    Sid(&'a str),
    /// All that a person has.
    Sub(&'a str),
    /// All that a person has of which the session at the provider is not known.
    Unnamed(&'a str),
    /// A logout token.
    Token(&'a str),
}

impl Ended {
    /// Marks that end with this process.
    pub(super) fn in_memory() -> Self {
        Self {
            marks: Arc::default(),
            log: None,
        }
    }

    /// Marks that are in a file too.
    ///
    /// # Errors
    ///
    /// It cannot be read or written, or is not one.
    pub(super) fn in_file(path: &Path, now: Timestamp) -> io::Result<Self> {
        let mut marks = Marks::default();
        let log = Log::open(path, &mut marks, now)?;
        Ok(Self {
            marks: Arc::new(Mutex::new(marks)),
            log: Some(Arc::new(log)),
        })
    }

    /// Whether a session was logged out, here or at the provider.
    pub(super) fn is_over(&self, issuer: &str, session: &Session) -> bool {
        let marks = self.marks();
        let at = |of: Of<'_>| marks.by_name.get(&of.digest(issuer)).map(|mark| mark.at);
        // A session at the provider does not begin anew; a person does, and has logged in again if that was later.
        let earlier = |at: Timestamp| session.checked <= at;
        let unnamed = || at(Of::Unnamed(&session.sub)).is_some_and(earlier);
        at(Of::Id(&session.id)).is_some()
            || at(Of::Sub(&session.sub)).is_some_and(earlier)
            || match &session.sid {
                Some(sid) => at(Of::Sid(sid)).is_some(),
                None => unnamed(),
            }
    }

    /// Whether there was no room to remember all that may have happened to a session.
    pub(super) fn is_doubtful(&self, session: &Session) -> bool {
        session.checked <= self.marks().floor
    }

    /// Logs a session of ours out.
    ///
    /// # Errors
    ///
    /// It counts now, but is not on disk.
    pub(super) async fn end(
        &self,
        issuer: &str,
        session: &Session,
        now: Timestamp,
    ) -> io::Result<()> {
        let mark = Mark {
            at: now,
            until: session.until,
        };
        let mark = (Of::Id(&session.id).digest(issuer), mark);
        self.marks().insert(&[mark], now);
        self.write(vec![mark]).await
    }

    /// Goes by a logout token that is genuine: it ends one session, or all that a person has (Back-Channel Logout §2.7).
    /// `lifetime` is how long a session may last from now.
    ///
    /// # Errors
    ///
    /// It counts now, but is not on disk; the same token may come again.
    pub(super) async fn hear(
        &self,
        token: &LogoutToken,
        lifetime: Duration,
        now: Timestamp,
    ) -> io::Result<Heard> {
        let jti = Of::Token(&token.jti).digest(&token.iss);
        let named = match (&token.sid, &token.sub) {
            (Some(sid), sub) => [Some(Of::Sid(sid)), sub.as_deref().map(Of::Unnamed)],
            (None, sub) => [sub.as_deref().map(Of::Sub), None],
        };
        let until = now + lifetime;
        let mark = |of: Of<'_>| (of.digest(&token.iss), Mark { at: now, until });
        let mut marks: Vec<(Digest, Mark)> = named.into_iter().flatten().map(mark).collect();
        let until = token.forgotten_at();
        marks.push((jti, Mark { at: now, until }));
        {
            let mut known = self.marks();
            if known.by_name.contains_key(&jti) {
                return Ok(Heard::Again);
            }
            known.insert(&marks, now);
        }
        let written = self.write(marks).await;
        if written.is_err() {
            self.marks().by_name.remove(&jti);
        }
        written.map(|()| Heard::Taken)
    }

    /// Returns when it is on the disk, where it is to be there.
    async fn write(&self, marks: Vec<(Digest, Mark)>) -> io::Result<()> {
        let Some(log) = self.log.clone() else {
            return Ok(());
        };
        let known = self.marks.clone();
        let writing = tokio::task::spawn_blocking(move || log.append(&marks, &known));
        writing.await.map_err(io::Error::other)?
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        lock(&self.marks)
    }
}

impl Marks {
    /// Remembers more, and forgets what is over, or oldest where there is no room.
    fn insert(&mut self, marks: &[(Digest, Mark)], now: Timestamp) {
        if self.by_name.len() + marks.len() > MOST {
            self.by_name.retain(|_, mark| now < mark.until);
            self.make_room(marks.len());
        }
        for (name, mark) in marks {
            let kept = self.by_name.entry(*name).or_insert(*mark);
            kept.at = kept.at.max(mark.at);
            kept.until = kept.until.max(mark.until);
        }
    }

    fn make_room(&mut self, wanted: usize) {
        if self.by_name.len() + wanted <= MOST {
            return;
        }
        let mut times: Vec<Timestamp> = self.by_name.values().map(|mark| mark.at).collect();
        let (_, last, _) = times.select_nth_unstable(FORGOTTEN);
        let last = *last;
        self.by_name.retain(|_, mark| mark.at > last);
        self.floor = self.floor.max(last);
        tracing::warn!(
            "too many logouts to remember; older sessions are asked about at the provider again"
        );
    }
}

impl Of<'_> {
    fn digest(self, issuer: &str) -> Digest {
        let (kind, name) = match self {
            Self::Id(id) => ("id", id),
            Self::Sid(sid) => ("sid", sid),
            Self::Sub(sub) => ("sub", sub),
            Self::Unnamed(sub) => ("unnamed", sub),
            Self::Token(jti) => ("jti", jti),
        };
        Digest::of(format!("{kind}\n{issuer}\n{name}"))
    }
}

fn lock(marks: &Mutex<Marks>) -> MutexGuard<'_, Marks> {
    marks.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
