//! How many guesses and registrations there may be, besides those at passwords ([`gatepass_proto::throttle`]).

use std::net::IpAddr;
use std::time::Duration;

use gatepass_proto::throttle::{PER_ADDRESS, PER_NAME, network};
use gatepass_proto::{Digest, OAuthError};
use gatepass_store::{Charge, Limit};

use crate::app::App;
use crate::judge;

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

/// The accounts that a guess at a device's user code is charged to (RFC 8628 §5.1): the browser's, and its address.
pub(crate) fn user_code_charges(cookie: &Digest, address: IpAddr) -> Vec<Charge> {
    vec![
        Charge {
            account: format!("code:{}", cookie.to_base64url()),
            limit: PER_NAME,
        },
        Charge {
            account: format!("code:{}", network(address)),
            limit: PER_ADDRESS,
        },
    ]
}
