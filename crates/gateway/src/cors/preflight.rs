//! What a browser asks before it sends a page's request.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::only;

/// The longest method that a page may ask for, in bytes.
const LONGEST_METHOD: usize = 32;
/// The most headers that it may ask for, and the most bytes of their names.
const MOST_HEADERS: usize = 64;
const LONGEST_LIST: usize = 4096;
/// What the answer depends on.
const BY_WISH: HeaderValue = HeaderValue::from_static(
    "origin, access-control-request-method, access-control-request-headers",
);

/// The request that a page wants to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    method: HeaderValue,
    /// The names of the headers, where there are some that need to be asked for.
    headers: Option<HeaderValue>,
}

/// Why it is no question that could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unasked {
    /// Which method.
    #[error(
        "expected one method of at most {LONGEST_METHOD} bytes in Access-Control-Request-Method"
    )]
    Method,
    /// Which headers.
    #[error(
        "expected names of headers in Access-Control-Request-Headers, at most {MOST_HEADERS} of them in {LONGEST_LIST} bytes"
    )]
    Headers,
}

impl Wish {
    /// Reads what a preflight asks.
    ///
    /// # Errors
    ///
    /// [`Unasked`].
    pub(super) fn read(asked: &HeaderMap) -> Result<Self, Unasked> {
        let is_method = |value: &&HeaderValue| {
            value.len() <= LONGEST_METHOD && Method::from_bytes(value.as_bytes()).is_ok()
        };
        let method = only(asked, &ACCESS_CONTROL_REQUEST_METHOD).filter(is_method);
        Ok(Self {
            method: method.ok_or(Unasked::Method)?.clone(),
            headers: names(asked)?,
        })
    }

    /// Says on the answer that the page may send it.
    pub(super) fn grant(self, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.method);
        if let Some(names) = self.headers {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        headers.insert(VARY, BY_WISH);
    }
}

fn names(asked: &HeaderMap) -> Result<Option<HeaderValue>, Unasked> {
    let lines = || asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    if lines().map(HeaderValue::len).sum::<usize>() > LONGEST_LIST {
        return Err(Unasked::Headers);
    }
    let words = lines().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let words = words.map(<[u8]>::trim_ascii);
    let names = words
        .filter(|word| !word.is_empty())
        .map(HeaderName::from_bytes);
    let names: Vec<HeaderName> = names
        .collect::<Result<_, _>>()
        .map_err(|_| Unasked::Headers)?;
    if names.len() > MOST_HEADERS {
        return Err(Unasked::Headers);
    }
    let names: Vec<&str> = names.iter().map(HeaderName::as_str).collect();
    let list = (!names.is_empty()).then(|| HeaderValue::try_from(names.join(", ")));
    list.transpose().map_err(|_| Unasked::Headers)
}
