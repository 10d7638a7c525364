//! How long rows outlive their use. The same for every backend.

use std::time::Duration;

/// A code is remembered for so long after its end: the replay of a code that has just expired still has to
/// be seen as a replay, and revoke what the code gave (RFC 6749 §4.1.2).
pub(crate) const CODE: Duration = Duration::from_secs(10 * 60);

/// A withdrawn token and what may be used once (a `jti`) are remembered for so long after their end: a clock that was an hour
/// ahead must not have swept them away when it is right again.
pub(crate) const USED: Duration = Duration::from_secs(2 * 60 * 60);

/// An account that nobody has guessed at for so long is forgotten.
pub(crate) const ACCOUNT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most records in one list.
pub(crate) const LISTED: usize = 1000;

/// How many lines of the audit log are read for whoever asks for `limit`.
pub(crate) fn lines(limit: u32) -> usize {
    usize::try_from(limit).map_or(LISTED, |limit| limit.min(LISTED))
}
