//! Nothing secret is ever told: every way of getting and using a credential is gone through with everything logged that
//! we and the libraries below us have to say, and then the log is searched for each secret that was used.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

#[path = "../support/agent.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod agent;
mod hasty;
mod log;
mod over_tls;
#[path = "../support/provider.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod provider;
#[path = "../../../http/tests/network/server.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of http, which use all of it"
)]
mod server;
mod visit;
mod ways;

use std::time::Duration;

use crate::log::Log;
use crate::provider::Provider;
use crate::visit::Visit;

/// For a login page that works, on a machine that is busy.
const AMPLE: Duration = Duration::from_secs(30);
/// For one that does not.
const SHORT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn no_way_tells_a_secret() {
    let log = Log::everything();
    for (name, way) in ways::ALL {
        let provider = Provider::start().await;
        let credential = way(&provider).await;
        let mut visit = Visit::new(&provider, credential, AMPLE);
        visit.everything().await;
        assert!(
            visit.failures().is_empty(),
            "{name}: {:?}",
            visit.failures()
        );
        log.keeps(name, &provider, visit.shown());
    }
    for target in ["gatepass_client", "gatepass_http", "reqwest", "hyper_util"] {
        assert!(log.has(target), "{target} said something");
    }
}

/// What servers answer that do not understand, or are broken; `{}` is all that was sent to them.
const BROKEN: &[(u16, &str)] = &[
    (500, "{}"),
    (400, "{}"),
    (401, "<html>you sent <b>{}</b></html>"),
    (200, "{}"),
    (200, "{\"access_token\": \"{}"),
    (
        200,
        "{\"access_token\": [\"{}\"], \"id_token\": \"{}\", \"token_type\": 7}",
    ),
    (200, "[\"{}\"]"),
    (302, "{}"),
];

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let log = Log::everything();
    for (name, way) in ways::ALL {
        for (status, body) in BROKEN {
            let provider = Provider::start().await;
            let credential = way(&provider).await;
            let makes_tokens = credential.makes_tokens();
            let mut visit = Visit::new(&provider, credential, SHORT);
            provider.desk().breaks = Some((*status, (*body).to_owned()));
            visit.everything().await;
            assert_eq!(
                visit.failures().is_empty(),
                !makes_tokens,
                "{name} {status} {body}"
            );
            log.keeps(name, &provider, visit.shown());
        }
    }
}

#[tokio::test]
async fn no_breakdown_halfway_tells_a_secret() {
    let log = Log::everything();
    for (name, way) in ways::ALL {
        let provider = Provider::start().await;
        let credential = way(&provider).await;
        let mut visit = Visit::new(&provider, credential, AMPLE);
        visit.login().await;
        for (status, body) in BROKEN {
            provider.desk().breaks = Some((*status, (*body).to_owned()));
            visit.requests().await;
            visit.questions().await;
        }
        visit.farewell().await;
        assert!(
            !provider.desk().secrets.is_empty(),
            "{name}: there were secrets"
        );
        log.keeps(name, &provider, visit.shown());
    }
}
