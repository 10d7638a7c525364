//! Headers that tell which way a request has come.

use http::{HeaderMap, HeaderName};

/// Their names. Who asks, as in `X-Forwarded-User`, is another matter.
const TELLING: [&str; 20] = [
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-original-forwarded-for",
    "x-real-ip",
];

/// Whether a header is one of them, to whoever reads headers as variables (RFC 3875 §4.1.18) and takes other signs for `-`.
fn tells(name: &HeaderName) -> bool {
    TELLING.iter().any(|own| same(name.as_str(), own))
}

fn same(one: &str, other: &str) -> bool {
    let plain = |b: u8| if b.is_ascii_alphanumeric() { b } else { b'-' };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes())
}

/// Takes them out.
pub(super) fn forget(headers: &mut HeaderMap) {
    let told: Vec<HeaderName> = headers.keys().filter(|name| tells(name)).cloned().collect();
    for name in told {
        headers.remove(name);
    }
}
