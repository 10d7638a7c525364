//! `gatepass serve`.

mod addresses;
mod announce;
mod check;
mod manager;
mod master_key;
mod mtls;
mod outbound;
mod registration;
mod requests;
mod settings;
mod summary;
mod tls;
mod trusted;

use clap::Args;
use gatepass_server::{Config, Server};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::signals;

pub(crate) use announce::Announcement;
pub(crate) use manager::Manager;
pub(crate) use settings::DatabaseArgs;
pub(crate) use tls::TlsArgs;

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
  gatepass serve --config /etc/gatepass/server.toml --check

Settings come from the flags, then from the environment (GATEPASS_SERVE_LISTEN,
GATEPASS_SERVE_LIFETIMES__ACCESS_TOKEN ...), then from the file; --print-config
prints them all.

SIGHUP reads the certificate again, which also happens when its file changes.
SIGINT (Ctrl-C) and SIGTERM let the requests under way end; the same again ends at once.")]
pub(crate) struct Serve {
    /// Ready-made user, clients and API key, and the older habits, for trying things on this machine
    #[arg(long)]
    dev: bool,
    /// Look over the settings and all that they name, say what was found, and neither serve nor change anything
    #[arg(long, conflicts_with_all = ["dev", "print_config"])]
    check: bool,
    /// Print the settings as they are with the file, the environment and the flags together, as TOML
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten, next_help_heading = "Settings and database")]
    database: DatabaseArgs,
    #[command(flatten, next_help_heading = "Master key")]
    master_key: master_key::MasterKeyArgs,
    #[command(flatten, next_help_heading = "Addresses")]
    addresses: addresses::AddressArgs,
    #[command(flatten, next_help_heading = "TLS")]
    tls: TlsArgs,
    #[command(flatten, next_help_heading = "Clients that show certificates")]
    mtls: mtls::MtlsArgs,
    #[command(flatten, next_help_heading = "Proxies in front")]
    proxies: mtls::ProxyArgs,
    #[command(flatten, next_help_heading = "Clients that register themselves")]
    registration: registration::RegistrationArgs,
    #[command(flatten, next_help_heading = "Authorization requests")]
    requests: requests::RequestArgs,
    #[command(flatten, next_help_heading = "Others that are trusted")]
    trusted: trusted::TrustedArgs,
    #[command(flatten, next_help_heading = "Requests of the server's own")]
    outbound: outbound::OutboundArgs,
}

impl Run for Serve {
    const MINDS_SIGNALS: bool = true;
    const SERVES: bool = true;

    fn log_level(&self) -> &'static str {
        if self.dev { "warn" } else { "info" }
    }

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (dev, format) = (self.dev, self.format.output);
        let (check, print_config) = (self.check, self.print_config);
        let config = self.config(context)?;
        if print_config {
            let text = config.to_toml();
            let text = text.map_err(|error| Failure::error(error.to_string()))?;
            output::bytes(text.as_bytes())?;
            return Ok(Exit::Done);
        }
        if check {
            return check::run(&config, format).await;
        }
        let (orderly, at_once) = signals::ends()?;
        tokio::pin!(at_once);
        let server = Server::bind(&config).await?;
        let manager = Manager::of_this_process();
        if !dev {
            // A server to try things on ends with its terminal.
            let reloader = server.reloader();
            manager.clone().reload_on_hangup(move || {
                reloader.reload();
                std::future::ready(())
            })?;
        }
        match (format, dev) {
            (Format::Json, _) => output::json(&Announcement::of(&server))?,
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
        manager.ready();
        let told = async {
            orderly.await;
            tracing::info!("ending; the requests under way may finish");
            manager.ending();
        };
        let ended = tokio::select! {
            ended = server.run(told) => ended,
            () = &mut at_once => return Err(Failure::interrupted()),
        };
        ended.map_err(|error| Failure::error(format!("the listener broke: {error}")))?;
        Ok(Exit::Done)
    }
}

impl Serve {
    /// The settings; what no flag says, the environment says, then the file.
    fn config(self, context: &Context) -> Result<Config, Failure> {
        let mut config = match self.check || self.print_config {
            true => self.database.read(self.dev, context)?,
            false => self.database.load(self.dev, context)?,
        };
        self.master_key.apply(&mut config);
        self.addresses.apply(&mut config);
        self.tls.apply(&mut config);
        self.mtls.apply(&mut config);
        self.proxies.apply(&mut config);
        self.registration.apply(&mut config);
        self.requests.apply(&mut config);
        self.trusted.apply(&mut config);
        self.outbound.apply(&mut config);
        Ok(config)
    }
}
