//! Whether each issuer can be reached, and what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gatepass_client::{Credential, Profile, Timestamp};
use gatepass_http::{DriveError, HttpTransport};
use gatepass_proto::flow::FlowError;
use gatepass_proto::message::metadata::ServerMetadata;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::Url;

use super::machine;
use crate::commands::discover;
use crate::commands::report::{Check, Mark};
use crate::context::NetworkArgs;
use crate::exit::Failure;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Clocks that differ more are remarked upon: tokens live for minutes, and servers allow for about a minute.
const APART: Duration = Duration::from_secs(30);

/// An issuer, or another server that hands out tokens.
pub(super) struct Met {
    pub(super) issuer: String,
    pub(super) checks: Vec<Check>,
    /// What it publishes.
    pub(super) metadata: Option<ServerMetadata>,
}

/// Every server that these profiles have tokens from, once each. They are asked at the same time: a slow one holds up no
/// other.
///
/// # Errors
///
/// A file of certificate authorities cannot be used.
pub(super) async fn all(profiles: &[Profile], network: &NetworkArgs) -> Result<Vec<Met>, Failure> {
    let mut servers: Vec<(Server, Arc<HttpTransport>)> = Vec::new();
    for profile in profiles {
        let Some(server) = Server::of(&profile.credential) else {
            continue;
        };
        if servers.iter().all(|(known, _)| *known != server) {
            servers.push((server, Arc::new(transport(profile, network)?)));
        }
    }
    let mut asking = JoinSet::new();
    for (place, (server, transport)) in servers.into_iter().enumerate() {
        asking.spawn(async move { (place, server.meet(&transport).await) });
    }
    let mut met = asking.join_all().await;
    met.sort_by_key(|(place, _)| *place);
    Ok(met.into_iter().map(|(_, met)| met).collect())
}

/// A server that tokens come from.
#[derive(Clone, PartialEq, Eq)]
enum Server {
    Issuer(String),
    /// One that publishes nothing: only whether it can be reached is seen.
    Endpoint(String),
}

impl Server {
    fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::OAuth(oauth) => match (&oauth.issuer, &oauth.endpoints.token) {
                (Some(issuer), _) => Some(Self::Issuer(issuer.clone())),
                (None, endpoint) => endpoint.clone().map(Self::Endpoint),
            },
            Credential::Login(login) => Some(Self::Endpoint(login.url.clone())),
            _ => None,
        }
    }

    async fn meet(self, transport: &HttpTransport) -> Met {
        let (Self::Issuer(name) | Self::Endpoint(name)) = &self;
        let mut met = Met {
            issuer: name.clone(),
            checks: Vec::new(),
            metadata: None,
        };
        let url = match discover::usable(name) {
            Ok(url) => url,
            Err(failure) => {
                met.checks.push(Check::bad("address", failure.to_string()));
                return met;
            }
        };
        let proxy = machine::proxy_for(&url);
        met.checks.extend(connection(&url, proxy.as_deref()).await);
        let reached = met.checks.iter().all(|check| check.mark != Mark::Bad);
        if let (Self::Issuer(issuer), true) = (&self, reached) {
            met.ask(issuer, transport).await;
        }
        met
    }
}

impl Met {
    /// The metadata, and the clock that came with it.
    async fn ask(&mut self, issuer: &str, transport: &HttpTransport) {
        let found = match discover::metadata(issuer, transport).await {
            Ok(found) => found,
            Err(DriveError::Flow(FlowError::Unreachable(error))) => {
                return self.checks.push(silent(&error.to_string()));
            }
            Err(error) => {
                let check = Check::bad("metadata", error.to_string());
                return self
                    .checks
                    .push(check.next(format!("gatepass discover {issuer}")));
            }
        };
        self.checks.push(Check::good("metadata", found.place));
        self.checks
            .extend(found.clocks.map(|(theirs, ours)| clock(theirs, ours)));
        self.metadata = Some(found.metadata);
    }
}

/// Somebody took the connection and did not answer; mostly it is the certificate.
fn silent(reason: &str) -> Check {
    let check = Check::bad("answer", reason);
    match reason.contains("certificate") {
        true => check.next("--ca FILE, or `ca` in the profile, names an authority of your own"),
        false => check,
    }
}

/// Their clock is told in whole seconds, so two more than that is nothing.
fn clock(theirs: Timestamp, ours: Timestamp) -> Check {
    let ahead = ours.since(theirs);
    let apart = ahead.max(theirs.since(ours));
    if apart <= APART {
        let text = match apart.as_secs() {
            0..=2 => "as ours".to_owned(),
            seconds => format!("{seconds} s from ours"),
        };
        return Check::good("clock", text);
    }
    let direction = if ahead.is_zero() {
        "behind"
    } else {
        "ahead of"
    };
    Check::odd(
        "clock",
        format!(
            "ours is {} s {direction} this server's; tokens seem to expire too early or too late",
            apart.as_secs()
        ),
    )
    .next("set this machine's clock: timedatectl set-ntp true, or chronyc makestep")
}

/// The name and the connection; behind a proxy both are its business.
async fn connection(url: &Url, proxy: Option<&str>) -> Vec<Check> {
    if let Some(proxy) = proxy {
        return vec![Check::good(
            "connection",
            format!("through the proxy {proxy}"),
        )];
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let looking = tokio::net::lookup_host((host, port));
    let found: Vec<SocketAddr> = match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            return vec![
                Check::bad("name", format!("{host} is not found: {error}"))
                    .next("is the name right, and this machine online?"),
            ];
        }
        Err(_) => {
            return vec![Check::bad(
                "name",
                format!("no answer about {host} within {} s", PATIENCE.as_secs()),
            )];
        }
    };
    let mut checks = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() {
        let shown: Vec<String> = found
            .iter()
            .take(4)
            .map(|address| address.ip().to_string())
            .collect();
        checks.push(Check::good("name", shown.join(", ")));
    }
    checks.push(connect(&found, port).await);
    checks
}

/// One address that answers is enough, as it is for a request.
async fn connect(found: &[SocketAddr], port: u16) -> Check {
    let mut reason = "it has no address".to_owned();
    for address in found {
        match tokio::time::timeout(PATIENCE / 2, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                return Check::good(
                    "connection",
                    format!("port {port} of {} answers", address.ip()),
                );
            }
            Ok(Err(error)) => reason = format!("port {port} of {}: {error}", address.ip()),
            Err(_) => reason = format!("port {port} of {}: no answer", address.ip()),
        }
    }
    Check::bad("connection", reason).next("is the server up, and a firewall or a proxy in between?")
}

fn transport(profile: &Profile, network: &NetworkArgs) -> Result<HttpTransport, Failure> {
    let mut egress = network.egress_of(profile)?;
    egress.connect_timeout = PATIENCE;
    egress.timeout = PATIENCE;
    Ok(HttpTransport::new(egress).map_err(gatepass_client::Error::from)?)
}

#[cfg(test)]
mod tests {
    use gatepass_client::Timestamp;

    use super::{Mark, clock};

    #[test]
    fn clocks_half_a_minute_apart_are_remarked_upon() {
        let at = Timestamp::from_secs;
        assert_eq!(clock(at(1000), at(1030)).mark, Mark::Good);
        let ahead = clock(at(1000), at(1031));
        assert!(
            ahead.mark == Mark::Odd && ahead.text.contains("31 s ahead of"),
            "{ahead:?}"
        );
        let behind = clock(at(4600), at(1000));
        assert!(
            behind.mark == Mark::Odd && behind.text.contains("3600 s behind"),
            "{behind:?}"
        );
    }
}
