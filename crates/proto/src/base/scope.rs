use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest `scope` value accepted, in bytes.
const MAX_LEN: usize = 4096;
/// The most scope tokens accepted in one value.
const MAX_TOKENS: usize = 64;

/// A set of scope tokens (RFC 6749 §3.3), in the order first given.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<String>);

/// Why a text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// A character outside the set of RFC 6749 §3.3.
    #[error("scope has a character that is not allowed")]
    Character,
    /// More text or more tokens than anybody needs.
    #[error("scope is too long")]
    TooLong,
}

impl Scope {
    /// The empty scope.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Whether no token is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is in it.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| own == token)
    }

    /// Whether every token of it is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token))
    }

    /// The tokens of both, its own first.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut tokens = self.0.clone();
        tokens.extend(
            other
                .0
                .iter()
                .filter(|token| !self.contains(token))
                .cloned(),
        );
        Self(tokens)
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// Reads a space-separated list. Repeated tokens and repeated spaces count once.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_LEN {
            return Err(ScopeError::TooLong);
        }
        let mut scope = Self::default();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !token
                .bytes()
                .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
            {
                return Err(ScopeError::Character);
            }
            if !scope.contains(token) {
                scope.0.push(token.to_owned());
            }
            if scope.0.len() > MAX_TOKENS {
                return Err(ScopeError::TooLong);
            }
        }
        Ok(scope)
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({self})")
    }
}

/// Scopes are sets: order does not count.
impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset_of(other) && other.is_subset_of(self)
    }
}

impl Eq for Scope {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Scope, ScopeError};

    #[test]
    fn order_and_repetition_do_not_count() {
        let scope: Scope = "read  write read".parse().expect("a scope");
        assert_eq!(scope, "write read".parse().expect("a scope"));
        assert_eq!(scope.to_string(), "read write");
    }

    #[test]
    fn forbidden_characters_are_refused() {
        for text in ["a\"b", "a\\b", "a\tb", "é", "a\u{7f}"] {
            assert_eq!(
                text.parse::<Scope>(),
                Err(ScopeError::Character),
                "{text:?}"
            );
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let many = (0..100).map(|n| format!("s{n} ")).collect::<String>();
        assert_eq!(many.parse::<Scope>(), Err(ScopeError::TooLong));
        assert_eq!("x".repeat(5000).parse::<Scope>(), Err(ScopeError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(tokens in prop::collection::vec("[!#-\\[\\]-~]{1,12}", 0..10)) {
            let scope: Scope = tokens.join(" ").parse().expect("allowed characters only");
            prop_assert_eq!(scope.to_string().parse::<Scope>().expect("round trip"), scope);
        }
    }
}
