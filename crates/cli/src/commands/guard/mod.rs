//! `gatepass guard`.

mod announce;
mod check;
mod dev;
mod ending;
mod live;
mod new_key;
mod new_user;
mod operations;
mod settings;
mod table;

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};
use gatepass_gateway::{Config, ConfigError, Gate, Tls};
use gatepass_http::{Clock as _, SystemClock};
use gatepass_listen::{Door, Seal, Transport, bind, named};

use super::Run;
use super::serve::Manager;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::signals;
use announce::Announcement;
use live::Live;
use operations::Operations;
use settings::Settings;

/// Put a guard in front of an API of any language
///
/// A reverse proxy that lets a request pass with a good access token or API key only, and tells the API in headers who
/// asks (X-Gatepass-Subject and its like). Whoever comes without is told where to get a token (RFC 9728), so that
/// `gatepass request URL` needs nothing but the URL. With --dev the authorization server is in the same process, with a
/// user to log in as: the guard for a first try, on this machine only.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  gatepass guard --dev --upstream http://127.0.0.1:8000
  gatepass guard --upstream http://127.0.0.1:8000 --listen 0.0.0.0:443 \\
      --public-url https://api.example.com --issuer https://login.example.com \\
      --scope read --tls-cert chain.pem --tls-key key.pem
  gatepass guard --config /etc/gatepass/guard.toml
  gatepass guard --config guard.toml --operations-listen 127.0.0.1:9465
  gatepass guard --config /etc/gatepass/guard.toml --check
  gatepass guard new-key nightly-report --scope read
  gatepass guard new-user nightly --scope read

What no flag says, the file says; --print-config prints all of it.

The file is read again when it changes, and on SIGHUP, the certificate too; what
makes no sense is in the log, and the settings from before stay in force.
With --operations-listen operators have /health, /ready and /metrics (Prometheus)
at an address of their own.

SIGINT (Ctrl-C) and SIGTERM let requests, streams and WebSockets end for as long
as limits.drain_timeout says (30 s), and cut them then; the same again ends at
once.")]
pub(crate) struct Guard {
    #[command(subcommand)]
    action: Option<Action>,
    /// Run an authorization server with a ready-made user on the same address, for trying things on this machine
    #[arg(long, conflicts_with_all = ["check", "print_config", "issuers", "public_url"])]
    dev: bool,
    /// The database of --dev, a file [default: $XDG_STATE_HOME/gatepass/guard-dev.db]
    #[arg(long, value_name = "PATH", requires = "dev")]
    database: Option<String>,
    /// Look over the settings and all that they name, ask the issuers for their metadata, and say what was found
    #[arg(long, conflicts_with = "print_config")]
    check: bool,
    /// Print the settings as they are with the file and the flags together, as TOML
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten, next_help_heading = "Settings")]
    settings: Settings,
}

#[derive(Subcommand)]
enum Action {
    NewKey(new_key::NewKey),
    NewUser(new_user::NewUser),
}

impl Run for Guard {
    const MINDS_SIGNALS: bool = true;
    const SERVES: bool = true;

    fn log_level(&self) -> &'static str {
        if self.dev { "warn" } else { "info" }
    }

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if let Some(action) = self.action {
            match action {
                Action::NewKey(new_key) => new_key.run()?,
                Action::NewUser(new_user) => new_user.run().await?,
            }
            return Ok(Exit::Done);
        }
        let format = self.format.output;
        let config = self.settings.read()?;
        if self.print_config {
            output::bytes(config.to_toml().map_err(said)?.as_bytes())?;
            return Ok(Exit::Done);
        }
        if self.check {
            return check::run(&config, format).await;
        }
        match self.dev {
            true => dev::run(config, self.database, format, context).await,
            false => serve(config, self.settings, format, context).await,
        }
    }
}

/// Serves by these settings until a signal ends it.
async fn serve(
    config: Config,
    settings: Settings,
    format: Format,
    context: &Context,
) -> Result<Exit, Failure> {
    settings::serves_somebody(&config)?;
    let (orderly, at_once) = signals::ends()?;
    tokio::pin!(at_once);
    let (listener, address) = bind(config.listen)
        .map_err(|error| Failure::error(format!("cannot listen on {}: {error}", config.listen)))?;
    let operators = Operations::listen(&config)?;
    let transport = transport(&config.tls, context)?;
    let now = live::at(&config, &config, address);
    let gate = Gate::new(&now).await.map_err(said)?;
    let door = Door {
        listener,
        router: named(gate.router()),
        seal: seal(&transport, &config.tls)?,
    };
    let live = Arc::new(Live::new(
        gate.clone(),
        settings,
        config,
        address,
        &transport,
    ));
    let manager = Manager::of_this_process();
    let reloaded = Arc::clone(&live);
    let hangup = manager.clone().reload_on_hangup(move || {
        let live = Arc::clone(&reloaded);
        async move { live.reload_all().await }
    })?;
    announce(
        &Announcement::of(&now, address, transport.ca.as_deref()).operated(operators.url()),
        format,
    )?;
    let watching = tokio::spawn(live.watch(transport.certificate));
    let operating = operators.answer(&gate);
    tracing::info!(%address, resource = announce::resource(&now), "listening");
    manager.ready();
    let told = async {
        orderly.await;
        manager.ending();
    };
    let ended = tokio::select! {
        ended = ending::serve(door, &gate, told) => ended,
        () = &mut at_once => return Err(Failure::interrupted()),
    };
    watching.abort();
    hangup.abort();
    operating.abort();
    ended.map_err(|error| Failure::error(format!("the listener broke: {error}")))?;
    Ok(Exit::Done)
}

fn announce(announcement: &Announcement<'_>, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => output::json(announcement),
        Format::Text => output::line(&announcement.to_string()),
    }
}

/// What the guard's connections are sealed with. The certificates for this machine are those of `gatepass serve`.
fn transport(tls: &Tls, context: &Context) -> Result<Transport, Failure> {
    let fault = |error: gatepass_listen::TlsError| Failure::error(error.to_string());
    match tls {
        Tls { dev: true, .. } => {
            context.make_state_folder()?;
            Transport::for_this_machine(&context.paths.state, SystemClock.now()).map_err(fault)
        }
        tls => match files(tls)? {
            Some((cert, key)) => Transport::of_files(cert, key).map_err(fault),
            None => Ok(Transport::default()),
        },
    }
}

/// How its connections are sealed.
fn seal(transport: &Transport, tls: &Tls) -> Result<Seal, Failure> {
    match tls.client_certificates {
        true => transport
            .asking()
            .map_err(|error| Failure::error(error.to_string())),
        false => Ok(transport.seal()),
    }
}

/// The operator's certificate and its key.
fn files(tls: &Tls) -> Result<Option<(&Path, &Path)>, Failure> {
    match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => Ok(Some((cert, key))),
        (None, None) => Ok(None),
        _ => Err(Failure::usage(
            "tls: a certificate goes with its key; give both cert and key, or neither",
        )),
    }
}

/// What is wrong with the settings.
fn said(error: ConfigError) -> Failure {
    Failure::usage(error.to_string())
}
