//! `gatepass demo`: the whole system on this machine, in seconds.
//!
//! A server on loopback with a temporary database, and every method walked through as a client would: by the client
//! library over real sockets, by plain HTTP where only older programs go, and with a small user agent in the person's
//! place. The steps are one a file in `steps/`.

mod check;
mod direct_login;
mod embedded;
mod html;
mod keep;
mod page;
mod plain;
mod racer;
mod relay;
mod report;
mod seen;
mod steps;
mod table;
mod user_agent;
mod visitor;
mod world;
mod wrap;

use std::time::{Duration, Instant};

use clap::Args;

use self::check::{Checked, Fault};
use self::embedded::Embedded;
use self::report::{Report, Told};
use self::seen::Seen;
use self::steps::{STEPS, Step};
use self::world::World;
use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::signals;

/// How long one step may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// See every way to get and use a token work, on this machine
///
/// Starts a server on loopback with a temporary database and walks through every method as a client would. Nothing is
/// left behind, your profiles and tokens are not touched, and no browser is opened.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass demo
  gatepass demo --keep              then try it yourself
  gatepass demo --output json

Exit code 1 when a step fails.")]
pub(crate) struct Demo {
    /// Leave the server up afterwards and say what to try, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Be one of the processes of refresh-race
    #[arg(long, hide = true)]
    racer: bool,
    #[command(flatten)]
    format: OutputArgs,
}

impl Run for Demo {
    const MINDS_SIGNALS: bool = true;
    const SERVES: bool = true;

    /// What fails on purpose here is no news for a log.
    fn log_level(&self) -> &'static str {
        "off"
    }

    async fn run(self, _: &Context) -> Result<Exit, Failure> {
        if self.racer {
            return racer::run().await.map(|()| Exit::Done).map_err(failure);
        }
        let (interrupted, _) = signals::ends()?;
        tokio::pin!(interrupted);
        let server = Embedded::start().await.map_err(failure)?;
        let ended = tokio::select! {
            ended = self.show(&server) => ended,
            () = &mut interrupted => Err(Failure::interrupted()),
        };
        // Whatever has happened, nothing is left behind.
        let ended = match ended {
            Ok(exit) if self.keep => {
                interrupted.await;
                Ok(exit)
            }
            ended => ended,
        };
        server.end().await.map_err(failure)?;
        ended
    }
}

impl Demo {
    async fn show(&self, server: &Embedded) -> Result<Exit, Failure> {
        let format = self.format.output;
        let mut report = Report::new(format, STEPS.len());
        walk(server, &mut report).await?;
        let exit = report.end(self.keep)?;
        if self.keep {
            let text = keep::text(&server.issuer, &server.set);
            match format {
                Format::Text => output::bytes(text.as_bytes())?,
                Format::Json => output::note(&text),
            }
        }
        Ok(exit)
    }
}

/// Every step, whatever became of the ones before it.
async fn walk(server: &Embedded, report: &mut Report) -> Result<(), Failure> {
    let world = world(server).await.map_err(failure)?;
    for step in STEPS {
        report.begin(step.name);
        report.step(take(step, &world).await)?;
    }
    Ok(())
}

async fn world(server: &Embedded) -> Checked<World> {
    let (admin, folder) = (server.admin().await?, server.folder().to_owned());
    World::around(&server.issuer, server.set.clone(), admin, folder).await
}

async fn take(step: &Step, world: &World) -> Told {
    let (began, mut seen) = (Instant::now(), Seen::default());
    let walk = tokio::time::timeout(PATIENCE, (step.run)(world, &mut seen)).await;
    let late = |_| {
        Err(Fault::new(format!(
            "it was not done after {} s",
            PATIENCE.as_secs()
        )))
    };
    let fault = walk.unwrap_or_else(late).err();
    Told {
        name: step.name,
        took: began.elapsed(),
        seen,
        fault,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn failure(fault: Fault) -> Failure {
    Failure::error(fault.to_string())
}
