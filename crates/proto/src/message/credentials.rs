//! The `Authorization` request header (RFC 9110 §11.6.2) in the schemes spoken here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::Secret;

/// The longest header value that is looked at, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// Some clients leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// RFC 7617, in UTF-8. The password may hold colons.
    Basic {
        /// The user-id; it cannot hold a colon.
        username: String,
        /// The password.
        password: Secret,
    },
    /// RFC 6750 §2.1.
    Bearer(Secret),
}

/// Why a header could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// A scheme that is not spoken here.
    #[error("authorization scheme is not supported")]
    Scheme,
    /// The right scheme, and nonsense after it.
    #[error("authorization header is malformed")]
    Malformed,
}

impl Credentials {
    /// Basic credentials; `None` when the name has a colon or either has a control character
    /// (RFC 7617 §2).
    pub fn basic(username: &str, password: &Secret) -> Option<Self> {
        let clean = |text: &str| !text.chars().any(char::is_control);
        (!username.contains(':') && clean(username) && clean(password.expose())).then(|| {
            Self::Basic {
                username: username.to_owned(),
                password: password.clone(),
            }
        })
    }

    /// Writes the header's value.
    pub fn to_header(&self) -> Secret {
        match self {
            Self::Basic { username, password } => {
                let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
                Secret::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
            }
            Self::Bearer(token) => Secret::new(format!("Bearer {}", token.expose())),
        }
    }

    /// Reads the header's value.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`], which never holds any part of the value.
    pub fn parse(value: &str) -> Result<Self, CredentialsError> {
        if value.len() > MAX_LEN {
            return Err(CredentialsError::Malformed);
        }
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let rest = rest.trim_start_matches(' ');
        if scheme.eq_ignore_ascii_case("basic") {
            Self::parse_basic(rest).ok_or(CredentialsError::Malformed)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            let token68 = !rest.is_empty()
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
            token68
                .then(|| Self::Bearer(Secret::new(rest)))
                .ok_or(CredentialsError::Malformed)
        } else {
            Err(CredentialsError::Scheme)
        }
    }

    fn parse_basic(token: &str) -> Option<Self> {
        let bytes = Zeroizing::new(LENIENT.decode(token).ok()?);
        let (username, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
        Self::basic(username, &Secret::new(password))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Credentials, CredentialsError};
    use crate::Secret;

    /// RFC 7617 §2 and §2.1.
    #[test]
    fn vectors() {
        let basic = Credentials::basic("Aladdin", &Secret::new("open sesame")).expect("valid");
        assert_eq!(
            basic.to_header().expose(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        let utf8 = Credentials::basic("test", &Secret::new("123£")).expect("valid");
        assert_eq!(utf8.to_header().expose(), "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn passwords_may_hold_colons_and_names_may_not() {
        let basic = Credentials::basic("a", &Secret::new("b:c:")).expect("valid");
        assert_eq!(Credentials::parse(basic.to_header().expose()), Ok(basic));
        assert!(Credentials::basic("a:b", &Secret::new("c")).is_none());
    }

    #[test]
    fn malformed_values_are_told_from_other_schemes() {
        for value in [
            "Basic",
            "Basic !",
            "Basic YWJj",
            "Basic YQo6Yg==",
            "Bearer",
            "Bearer a b",
            "Bearer \u{e9}",
        ] {
            assert_eq!(
                Credentials::parse(value),
                Err(CredentialsError::Malformed),
                "{value}"
            );
        }
        assert_eq!(
            Credentials::parse("Negotiate abc"),
            Err(CredentialsError::Scheme)
        );
        assert_eq!(Credentials::parse(""), Err(CredentialsError::Scheme));
        assert!(
            Credentials::parse("bASIC YTpi").is_ok(),
            "schemes have no case"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(username in "[^:\\p{Cc}]{0,20}", password in "\\P{Cc}{0,40}") {
            let basic = Credentials::basic(&username, &Secret::new(password)).expect("valid");
            prop_assert_eq!(Credentials::parse(basic.to_header().expose()), Ok(basic));
        }

        #[test]
        fn any_text_is_survived(value in ".*") {
            let _ = Credentials::parse(&value);
        }
    }
}
