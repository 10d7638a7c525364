//! `gatepass jwt verify`.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use gatepass_client::Secret;
use gatepass_http::{Clock as _, HttpTransport, KeyCache, SystemClock, Transport};
use gatepass_proto::jose::access_token::{Audience, TYP};
use gatepass_proto::jose::{JwsFault, KeySet, VerifiedJws};
use serde::Deserialize as _;
use serde_json::{Value, json};
use url::Url;

use super::unverified::{Unverified, moment};
use super::{TokenArgs, text_of};
use crate::commands::discover;
use crate::commands::report::{self, Check, Mark};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::time;

/// Check a token: its signature, whom it is from and for, its times
///
/// Only asymmetric algorithms are believed, and only keys of the issuer's own. The exit code is 5 when the token is
/// refused; every check that failed is named.
#[derive(Args)]
#[command(
    group = ArgGroup::new("source").args(["issuer", "jwks"]).required(true).multiple(true),
    after_help = "\
Examples:
  gatepass jwt verify --issuer https://login.example.com \\
      --audience https://api.example.com < token
  gatepass jwt verify --jwks keys.json --type JWT id_token
  gatepass token work | gatepass jwt verify --issuer https://login.example.com"
)]
pub(super) struct Verify {
    #[command(flatten)]
    token: TokenArgs,
    /// The issuer that it must be from; without --jwks its metadata names the keys
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where the keys are: the URL or file of a JWK set
    #[arg(long, value_name = "URL|FILE")]
    jwks: Option<String>,
    /// The audience that it must be for
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// The kind of token: at+jwt (an access token), JWT (an ID token and others) or any
    #[arg(
        long = "type",
        value_name = "TYPE",
        default_value = "at+jwt",
        hide_possible_values = true
    )]
    kind: Kind,
    /// By how much clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    leeway: u64,
    #[command(flatten)]
    format: OutputArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[value(name = "at+jwt")]
    AccessToken,
    #[value(name = "JWT", alias = "jwt")]
    Plain,
    Any,
}

impl Verify {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let token = self.token.read(context).await?;
        let read = Unverified::read(&token)
            .map_err(|reason| Failure::new(Exit::Refused, format!("refused: {reason}")))?;
        let keys = self.keys(&read).await?;
        let checks = self.checks(&token, &read, &keys);
        let accepted = checks.iter().all(|check| check.mark != Mark::Bad);
        match self.format.output {
            Format::Json => output::json(&json!({
                "accepted": accepted,
                "checks": report::shown(&checks),
                "claims": read.claims.filter(|_| accepted),
            }))?,
            Format::Text => output::bytes(told(&checks).as_bytes())?,
        }
        Ok(if accepted { Exit::Done } else { Exit::Refused })
    }

    async fn keys(&self, read: &Unverified) -> Result<KeySet, Failure> {
        let Some(place) = &self.jwks else {
            return self.published(read).await;
        };
        if place.starts_with("http://") || place.starts_with("https://") {
            let url = discover::usable(place)?;
            return fetch(&url, read, &self.transport()?).await;
        }
        let text = text_of(place, "the key set")?;
        KeySet::parse(text.as_bytes())
            .map_err(|reason| Failure::error(format!("{place}: {reason}")))
    }

    /// The keys that the issuer's metadata names.
    async fn published(&self, read: &Unverified) -> Result<KeySet, Failure> {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let own = discover::usable(issuer)?;
        let transport = self.transport()?;
        let found = discover::metadata(issuer, &transport).await;
        let found = found.map_err(gatepass_client::Error::from)?;
        let uri = found.metadata.jwks_uri.ok_or_else(|| {
            let text = "names no jwks_uri; say where the keys are with --jwks";
            Failure::error(format!("{issuer} {text}"))
        })?;
        let url = discover::usable(&uri)
            .map_err(|failure| Failure::error(format!("{issuer} names the jwks_uri {failure}")))?;
        fetch(&url, read, &transport.named_by(&[own])).await
    }

    fn transport(&self) -> Result<HttpTransport, Failure> {
        let transport = HttpTransport::new(self.token.network.egress()?);
        Ok(transport.map_err(gatepass_client::Error::from)?)
    }

    fn checks(&self, token: &Secret, read: &Unverified, keys: &KeySet) -> Vec<Check> {
        let mut checks = vec![signature(token, read, keys), self.typ(read), self.iss(read)];
        checks.push(self.aud(read));
        checks.extend(self.times(read));
        if self.kind == Kind::AccessToken {
            checks.push(required(read));
        }
        checks
    }

    fn typ(&self, read: &Unverified) -> Check {
        let typ = read.header("typ").unwrap_or_default().to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        let named = if typ.is_empty() { "missing" } else { typ };
        match self.kind {
            Kind::Any => Check::odd("typ", format!("{named}; not checked")),
            Kind::AccessToken if typ == TYP => Check::good("typ", named),
            Kind::Plain if matches!(typ, "" | "jwt") => Check::good("typ", named),
            Kind::AccessToken => Check::bad("typ", format!("{named}, expected {TYP}"))
                .next("--type JWT takes ID tokens and others, --type any takes all"),
            Kind::Plain => Check::bad("typ", format!("{named}, expected JWT or none")),
        }
    }

    fn iss(&self, read: &Unverified) -> Check {
        let said = read.claim("iss").and_then(Value::as_str);
        let named = said.unwrap_or("missing");
        match &self.issuer {
            None => Check::odd("iss", format!("{named}; not checked")),
            Some(expected) if said == Some(expected) => Check::good("iss", named),
            Some(expected) => Check::bad("iss", format!("{named}, expected {expected}")),
        }
    }

    fn aud(&self, read: &Unverified) -> Check {
        let said = read.claim("aud");
        let all: Option<Audience> = said.and_then(|said| Audience::deserialize(said).ok());
        let named = match &all {
            Some(all) => all.iter().collect::<Vec<_>>().join(", "),
            None => "missing".to_owned(),
        };
        match &self.audience {
            None => Check::odd("aud", format!("{named}; not checked"))
                .next("--audience says which one must be in it"),
            Some(own) if all.is_some_and(|all| all.has(own)) => Check::good("aud", named),
            Some(own) => Check::bad("aud", format!("{named}, expected {own}")),
        }
    }

    fn times(&self, read: &Unverified) -> Vec<Check> {
        let (now, leeway) = (SystemClock.now(), Duration::from_secs(self.leeway));
        let mut checks = Vec::new();
        for name in ["exp", "nbf", "iat"] {
            let Some(value) = read.claim(name) else {
                if name == "exp" {
                    checks.push(Check::bad("exp", "missing: it would be good for ever"));
                }
                continue;
            };
            let Some(moment) = moment(value) else {
                checks.push(Check::bad(name, "no moment; expected seconds since 1970"));
                continue;
            };
            let text = format!("{}, {}", time::rfc3339(moment), time::distance(moment));
            let fits = match name {
                "exp" => now < moment + leeway,
                _ => moment <= now + leeway,
            };
            checks.push(match fits {
                true => Check::good(name, text),
                false => Check::bad(name, text),
            });
        }
        checks
    }
}

async fn fetch(url: &Url, read: &Unverified, transport: &dyn Transport) -> Result<KeySet, Failure> {
    let keys = KeyCache::new();
    let keys = keys.keys(url, read.header("kid"), transport, &SystemClock);
    match keys.await {
        Ok(keys) => Ok(KeySet::clone(&keys)),
        Err(error) => Err(Failure::new(Exit::Network, error.to_string())),
    }
}

fn signature(token: &Secret, read: &Unverified, keys: &KeySet) -> Check {
    let alg = read.header("alg").unwrap_or("no algorithm");
    let key = match read.header("kid") {
        Some(kid) => format!("key {kid}"),
        None => "no key named".to_owned(),
    };
    match VerifiedJws::check(token.expose(), keys) {
        Ok(jws) => match published_for(&jws, read) {
            None => Check::good("signature", format!("{alg}, {key}")),
            Some(other) => Check::bad("signature", format!("{key} is for tokens of {other} only")),
        },
        Err(fault @ JwsFault::UnknownKey) if keys.is_empty() => Check::bad(
            "signature",
            format!("{fault}: the key set has no usable key"),
        ),
        Err(fault) => Check::bad("signature", format!("{fault} ({alg}, {key})")),
    }
}

/// The one issuer that a key was published for, as Microsoft's are, where the token is from another.
fn published_for(jws: &VerifiedJws, read: &Unverified) -> Option<String> {
    let text = |name| read.claim(name).and_then(Value::as_str).unwrap_or_default();
    let issuer = jws.key_issuer.as_ref()?.replace("{tenantid}", text("tid"));
    (issuer != text("iss")).then_some(issuer)
}

/// What RFC 9068 §2.2 requires beside what is checked on its own.
fn required(read: &Unverified) -> Check {
    let wanted = ["sub", "client_id", "iat", "jti"];
    let missing: Vec<&str> = wanted
        .into_iter()
        .filter(|name| read.claim(name).is_none())
        .collect();
    match missing.as_slice() {
        [] => Check::good("claims", "those of an access token (RFC 9068)"),
        missing => Check::bad("claims", format!("missing: {}", missing.join(", "))),
    }
}

fn told(checks: &[Check]) -> String {
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check.mark == Mark::Bad)
        .map(|check| check.name.as_str())
        .collect();
    let verdict = match failed.as_slice() {
        [] => "Accepted.".to_owned(),
        failed => format!("Refused: {}.", failed.join(", ")),
    };
    format!("{}\n{verdict}\n", report::told(checks))
}
