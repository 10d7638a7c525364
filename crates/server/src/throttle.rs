//! How many wrong guesses an account and an address have.

use std::net::IpAddr;
use std::time::Duration;

use gatepass_proto::{Digest, OAuthError};
use gatepass_store::{Charge, Limit};

use crate::app::App;
use crate::judge;

/// Ten wrong guesses in a row, then half a minute, doubling up to a quarter of an hour.
const PER_USER: Limit = Limit {
    failures: 10,
    block: Duration::from_secs(30),
    longest: Duration::from_secs(15 * 60),
    leak: None,
    forget: Duration::from_secs(24 * 3600),
};

/// An address may stand for a whole office, so it has more, and forgets one a minute; enough to stop a walk through a list
/// of names. A right guess takes back its own charge alone, or whoever has one account could walk on for ever.
const PER_ADDRESS: Limit = Limit {
    failures: 100,
    leak: Some(Duration::from_secs(60)),
    ..PER_USER
};

/// How many clients may be registered from one address: enough for a person who tries things, or for an office, and one
/// every half a minute after that. What is registered stays.
const REGISTRATIONS: Limit = Limit {
    failures: 60,
    block: Duration::from_secs(30),
    longest: Duration::from_secs(10 * 60),
    leak: Some(Duration::from_secs(30)),
    forget: Duration::from_secs(24 * 3600),
};

/// Counts a registration from this address.
///
/// # Errors
///
/// There were too many: 429.
pub(crate) async fn registration(app: &App, address: IpAddr) -> Result<(), OAuthError> {
    let charge = Charge {
        account: format!("register:{}", network(address)),
        limit: REGISTRATIONS,
    };
    let charged = app.store().charge(&[charge], app.clock().now()).await;
    match charged.map_err(|error| judge::unavailable(&error))? {
        Ok(()) => Ok(()),
        Err(throttled) => Err(OAuthError::throttled(throttled.retry_after)),
    }
}

/// The accounts that a guess at `username` from `address` is charged to.
pub(crate) fn charges(username: &str, address: Option<IpAddr>) -> Vec<Charge> {
    // The name is hashed: people type passwords into the wrong field, and names have no bound.
    let user = format!("user:{}", Digest::of(username).to_base64url());
    let mut charges = vec![Charge {
        account: user,
        limit: PER_USER,
    }];
    if let Some(address) = address {
        charges.push(Charge {
            account: network(address),
            limit: PER_ADDRESS,
        });
    }
    charges
}

/// The accounts that a guess at a device's user code is charged to (RFC 8628 §5.1): the browser's, and its address.
pub(crate) fn user_code_charges(cookie: &Digest, address: IpAddr) -> Vec<Charge> {
    vec![
        Charge {
            account: format!("code:{}", cookie.to_base64url()),
            limit: PER_USER,
        },
        Charge {
            account: format!("code:{}", network(address)),
            limit: PER_ADDRESS,
        },
    ]
}

/// An IPv6 subscriber has a /64 and may use any address in it.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("addr:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("addr:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn addresses_of_one_subscriber_count_as_one() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
