//! What may become a password: what NIST SP 800-63B §3.1.1.2 asks for, and no rules about which characters it has to have.

use std::collections::HashSet;
use std::sync::LazyLock;

use gatepass_guard::passwords::{Busy, MAX_BYTES};
use gatepass_proto::Secret;
use zxcvbn::{Score, zxcvbn};

/// The shortest, in characters.
const MIN_CHARS: usize = 8;
/// How many characters are looked at for what is easy to guess. The time for that grows with their square, and forty that
/// are hard to guess do not become easier by more of them.
const LOOKED_AT: usize = 40;
/// What everybody thinks of here.
const OURS: &str = "gatepass";
/// Passwords that people use, of those that are long enough, in lower case, one a line; zxcvbn knows thirty thousand more.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// A password that was found good enough for an account.
#[derive(Clone, Debug)]
pub(crate) struct Admitted(pub(super) Secret);

/// Why a password was not taken for an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NewPasswordError {
    /// Fewer than 8 characters.
    #[error("the password is too short; use at least {MIN_CHARS} characters, better 15")]
    TooShort,
    /// More than 1,024 bytes.
    #[error("the password is too long; use at most {MAX_BYTES} bytes")]
    TooLong,
    /// On the list of the most common ones.
    #[error("the password is one of those that everyone tries first; choose another")]
    Common,
    /// Made by a rule that a guesser knows too.
    #[error(
        "the password is easy to guess{0}; use a longer one, such as four words that do not belong together"
    )]
    Weak(String),
    /// See [`Busy`].
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// Whether a password is good enough. `about` is what others know of the account, such as its name. May take a tenth of a
/// second.
pub(super) fn admit(password: Secret, about: &[String]) -> Result<Admitted, NewPasswordError> {
    let text = password.expose();
    if text.len() > MAX_BYTES {
        return Err(NewPasswordError::TooLong);
    }
    if text.chars().count() < MIN_CHARS {
        return Err(NewPasswordError::TooShort);
    }
    let lower = Secret::new(text.to_lowercase());
    if COMMON.contains(lower.expose()) {
        return Err(NewPasswordError::Common);
    }
    check_strength(text, about)?;
    Ok(Admitted(password))
}

/// Fewer than a million guesses are few for whoever has time, however slow each is.
fn check_strength(text: &str, about: &[String]) -> Result<(), NewPasswordError> {
    let end = text.char_indices().nth(LOOKED_AT);
    let begin = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
    // A name is guessed as a whole and in its parts: that of a mail address, say.
    let parts = about.iter().flat_map(|whole| {
        let parts = whole.split(|letter: char| !letter.is_alphanumeric());
        parts.chain([whole.as_str()]).filter(|part| part.len() > 2)
    });
    let known: Vec<&str> = parts.chain([OURS]).collect();
    let estimate = zxcvbn(begin, &known);
    if estimate.score() >= Score::Two {
        return Ok(());
    }
    let why = estimate.feedback().and_then(|feedback| feedback.warning());
    let why = why.map(|warning| format!(" ({})", in_a_sentence(&warning.to_string())));
    Err(NewPasswordError::Weak(why.unwrap_or_default()))
}

fn in_a_sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Secret;

    use super::{COMMON, MIN_CHARS, NewPasswordError, admit};

    fn check(text: &str) -> Result<(), NewPasswordError> {
        let about = ["alice.miller@example.com".to_owned()];
        admit(Secret::new(text), &about).map(drop)
    }

    #[test]
    fn they_have_a_length() {
        assert_eq!(check("1234567"), Err(NewPasswordError::TooShort));
        assert_eq!(check("äöüäöüä"), Err(NewPasswordError::TooShort));
        assert_eq!(check("kühle Öse"), Ok(()));
        let long = "correct horse battery staple ".repeat(40);
        assert_eq!(check(&long[..1024]), Ok(()));
        assert_eq!(check(&long[..1025]), Err(NewPasswordError::TooLong));
    }

    #[test]
    fn they_are_none_that_everyone_has() {
        for common in ["Password123", "welcome@123", "correcthorsebatterystaple"] {
            assert_eq!(check(common), Err(NewPasswordError::Common), "{common}");
        }
        assert_eq!(check("Password123 and more"), Ok(()));
    }

    #[test]
    fn they_are_hard_to_guess() {
        for weak in [
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "qwertyuiopasdf",
            "abcdefghijklmnop",
            "20261121",
            "P@ssw0rd!!",
            "alicealice",
            "miller2026",
            "Gatepass2026",
            &"ab".repeat(500),
        ] {
            let error = check(weak).expect_err(weak);
            assert!(
                matches!(error, NewPasswordError::Weak(_)),
                "{weak}: {error}"
            );
            let text = error.to_string();
            assert!(text.contains("use a longer one"), "{text}");
            assert!(!text.contains(weak), "{text}");
        }
        for good in ["kx7mq2vp", "correct horse", "tr0ub4dor&3 again"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(
            check("aaaaaaaaaaaa").expect_err("weak").to_string(),
            "the password is easy to guess (repeats like \"aaa\" are easy to guess); use a longer one, such as four words that do not belong together"
        );
    }

    #[test]
    fn the_common_list_is_lower_case_and_long_enough() {
        assert!(COMMON.len() > 100);
        for entry in COMMON.iter() {
            assert_eq!(entry.to_lowercase(), **entry);
            assert!(entry.chars().count() >= MIN_CHARS, "{entry}");
        }
    }
}
