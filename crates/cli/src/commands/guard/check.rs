//! What `gatepass guard --check` says.

use gatepass_gateway::{Config, Gate, Tls};
use gatepass_http::{Clock as _, Egress, HttpTransport, SystemClock};
use gatepass_listen::Transport;

use super::{announce, files, operations, settings};
use crate::commands::discover;
use crate::commands::report::{self, Check, Mark};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use crate::time::rfc3339;

/// Looks over the settings and prints what was found; the end is an error where the guard would not start, or would let
/// nobody in. Nothing is listened on.
pub(super) async fn run(config: &Config, format: Format) -> Result<Exit, Failure> {
    let mut checks = vec![own(config).await, certificate(config)];
    checks.extend(operations::check(config));
    checks.extend(ended_keys(config));
    checks.extend(open_passwords(config));
    checks.extend(issuers(config).await?);
    match format {
        Format::Json => output::json(&report::shown(&checks))?,
        Format::Text => output::bytes(report::told(&checks).as_bytes())?,
    }
    Ok(match checks.iter().any(|check| check.mark == Mark::Bad) {
        true => Exit::Error,
        false => Exit::Done,
    })
}

async fn own(config: &Config) -> Check {
    let name = "settings";
    if let Err(failure) = settings::serves_somebody(config) {
        return Check::bad(name, failure.to_string());
    }
    match Gate::new(config).await {
        Ok(_) => Check::good(
            name,
            format!("they make sense, for {}", announce::resource(config)),
        ),
        Err(error) => Check::bad(name, error.to_string()),
    }
}

fn certificate(config: &Config) -> Check {
    let name = "tls";
    let made = match files(&config.tls) {
        _ if config.tls.dev => return Check::good(name, "made for this machine"),
        Ok(None) => return Check::good(name, "none"),
        Ok(Some((cert, key))) => Transport::of_files(cert, key).map_err(|error| error.to_string()),
        Err(failure) => Err(failure.to_string()),
    };
    match made {
        Ok(_) if config.tls.client_certificates => Check::good(
            name,
            "the certificate and its key belong together; clients are asked for theirs",
        ),
        Ok(_) => Check::good(name, "the certificate and its key belong together"),
        Err(error) => Check::bad(name, error),
    }
}

/// The API keys with which nobody passes any more.
fn ended_keys(config: &Config) -> impl Iterator<Item = Check> {
    let now = SystemClock.now();
    config.api_key.iter().filter_map(move |key| {
        let end = key.expires_at.filter(|end| *end <= now)?;
        let name = format!("api_key {}", key.name);
        Some(Check::odd(name, format!("it ended at {}", rfc3339(end))))
    })
}

/// Passwords that everybody on the way could read.
fn open_passwords(config: &Config) -> Option<Check> {
    let sealed = config.tls != Tls::default() || !config.proxies.trusted.is_empty();
    let stays_here = config.listen.ip().is_loopback();
    if config.user.is_empty() || sealed || stays_here {
        return None;
    }
    let text = "passwords come in the clear: set up [tls], or name the proxy in proxies.trusted that has it";
    Some(Check::odd("user", text))
}

/// Whether each issuer can be reached, and says where its keys are.
async fn issuers(config: &Config) -> Result<Vec<Check>, Failure> {
    let mut egress = Egress::default();
    if let Some(path) = &config.extra_ca {
        egress.extra_roots.extend(std::fs::read(path).ok());
    }
    let transport =
        HttpTransport::new(egress).map_err(|error| Failure::error(error.to_string()))?;
    let mut checks = Vec::new();
    for entry in config
        .issuer
        .iter()
        .filter(|entry| entry.jwks_uri.is_none())
    {
        let name = format!("issuer {}", entry.issuer);
        checks.push(match discover::metadata(&entry.issuer, &transport).await {
            Ok(found) => match found.metadata.jwks_uri {
                Some(uri) => Check::good(name, format!("its keys are at {uri}")),
                None => Check::odd(
                    name,
                    "its metadata has no jwks_uri: JWTs of it cannot be checked",
                ),
            },
            Err(error) => Check::bad(name, error.to_string())
                .next(format!("gatepass discover {}", entry.issuer)),
        });
    }
    Ok(checks)
}
