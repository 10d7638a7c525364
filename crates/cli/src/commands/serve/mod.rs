//! `gatepass serve`.

mod announce;
mod outbound;
mod registration;
mod requests;
mod summary;
mod trusted;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gatepass_server::{Config, Server, Tls};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::signals;

/// Run the authorization server
///
/// Nothing is created for you: add users and clients with `gatepass admin`. With --dev there is a user, a confidential
/// client, a public client and an API key to try things with, and the older ways of getting a token are switched on;
/// it listens on this machine only.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass serve --dev
  gatepass serve --dev --tls dev --output json
  gatepass serve --issuer https://login.example.com --listen 0.0.0.0:443 \\
      --tls-cert chain.pem --tls-key key.pem
  gatepass serve --issuer https://login.example.com --listen 127.0.0.1:8484 \\
      --database postgres://gatepass@db.example.com/gatepass \\
      --master-key-file master.key

SIGINT (Ctrl-C) and SIGTERM let the requests under way end; the same again ends at once.")]
pub(crate) struct Serve {
    /// Ready-made user, clients and API key, and the older habits, for trying things on this machine
    #[arg(long)]
    dev: bool,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8484")]
    listen: SocketAddr,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The URL under which others know this server [default: made from the address]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// "dev": make a certificate for this machine, from an authority made for it
    #[arg(long, value_name = "KIND", hide_possible_values = true, conflicts_with_all = ["tls_cert", "tls_key"])]
    tls: Option<TlsKind>,
    /// The certificate chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The key that seals the server's own keys, the same for all that share a database [default: beside its file]
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// Where operators ask for /health, /ready and /metrics (Prometheus); keep it from the internet
    #[arg(long, value_name = "ADDRESS:PORT")]
    operations_listen: Option<SocketAddr>,
    /// The audience of tokens whose request names no resource [default: ISSUER/api]
    #[arg(long, value_name = "URI")]
    default_audience: Option<String>,
    #[command(flatten)]
    registration: registration::RegistrationArgs,
    #[command(flatten)]
    requests: requests::RequestArgs,
    #[command(flatten)]
    trusted: trusted::TrustedArgs,
    #[command(flatten)]
    outbound: outbound::OutboundArgs,
    #[command(flatten)]
    format: OutputArgs,
}

/// Where the database is; `serve` and `admin` agree on it.
#[derive(Args)]
pub(crate) struct DatabaseArgs {
    /// The database: a file for SQLite, or postgres://user@host/name for several servers at once, whose password stands
    /// in PGPASSWORD or ~/.pgpass [default: $XDG_STATE_HOME/gatepass/gatepass.db; with --dev dev.db]
    #[arg(long, value_name = "PATH|URL")]
    database: Option<String>,
}

impl DatabaseArgs {
    /// The database's address.
    ///
    /// # Errors
    ///
    /// The folder of the usual one cannot be made.
    pub(crate) fn resolve(self, dev: bool, context: &Context) -> Result<String, Failure> {
        if let Some(given) = self.database {
            return Ok(given);
        }
        let path = context.state_file(if dev { "dev.db" } else { "gatepass.db" })?;
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| {
            Failure::error(format!(
                "the path {} is not UTF-8; use --database",
                path.display()
            ))
        })
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsKind {
    /// From a local authority whose file is printed
    Dev,
}

impl Run for Serve {
    const MINDS_SIGNALS: bool = true;
    const SERVES: bool = true;

    fn log_level(&self) -> &'static str {
        if self.dev { "warn" } else { "info" }
    }

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (orderly, at_once) = signals::ends()?;
        let (dev, format) = (self.dev, self.format.output);
        let config = self.config(context)?;
        tokio::pin!(at_once);
        let server = Server::bind(&config).await?;
        match (format, dev) {
            (Format::Json, _) => output::json(&announce::Announcement::of(&server))?,
            (Format::Text, true) => {
                output::bytes(summary::of(&server, &config.database).as_bytes())?
            }
            (Format::Text, false) => {
                let ca = server
                    .ca()
                    .map(|ca| format!(" (authority: {})", ca.display()))
                    .unwrap_or_default();
                output::line(&format!(
                    "listening on {}, issuer {}{ca}",
                    server.address(),
                    server.issuer()
                ))?;
            }
        }
        tracing::info!(address = %server.address(), issuer = server.issuer(), "listening");
        let ended = tokio::select! {
            ended = server.run(async { orderly.await; tracing::info!("ending; the requests under way may finish") }) => ended,
            () = &mut at_once => return Err(Failure::interrupted()),
        };
        ended.map_err(|error| Failure::error(format!("the listener broke: {error}")))?;
        Ok(Exit::Done)
    }
}

impl Serve {
    fn config(self, context: &Context) -> Result<Config, Failure> {
        let tls = match (self.tls, self.tls_cert, self.tls_key) {
            (Some(TlsKind::Dev), ..) => Tls::Dev,
            (None, Some(cert), Some(key)) => Tls::Files { cert, key },
            _ => Tls::Off,
        };
        Ok(Config {
            issuer: self.issuer,
            master_key: self.master_key_file,
            tls,
            default_audience: self.default_audience,
            registration: self.registration.policy(),
            requests: self.requests.requests(),
            trusted_issuers: self.trusted.issuers(),
            outbound: self.outbound.outbound(),
            operations: self.operations_listen,
            dev: self.dev,
            ..Config::new(self.listen, self.database.resolve(self.dev, context)?)
        })
    }
}
