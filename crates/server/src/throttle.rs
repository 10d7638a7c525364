//! How many wrong guesses an account and an address have.

use std::net::IpAddr;
use std::time::Duration;

use gatepass_proto::Digest;
use gatepass_store::{Charge, Limit};

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
