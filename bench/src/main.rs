//! Measures gatepass beside the floor: a bare program that does only the unavoidable work. See `README.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program: the table on standard output, progress on standard error"
)]

mod client;
mod connection;
mod fill;
mod floor;
mod guard;
mod load;
mod memory;
mod part;
mod pinning;
mod process;
mod program;
mod report;
mod rounds;
mod scenario;
mod side;
mod start;
mod target;
mod visitor;
mod work;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use gatepass_testkit::Postgres;

use crate::client::{Client, Peers};
use crate::fill::Fill;
use crate::guard::Guard;
use crate::memory::Memory;
use crate::part::Part;
use crate::program::Program;
use crate::report::{Report, Server};
use crate::rounds::Plan;
use crate::scenario::Scenario;
use crate::target::Target;

#[derive(Parser)]
#[command(about = "Measure gatepass beside a bare program that does only the unavoidable work")]
struct Args {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Seconds of each round
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds of each program, one after the other in turn; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Keep-alive connections
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    connections: u32,
    /// Measure these only
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure ours on this SQLite database too, which `fill` has filled
    #[arg(long, value_name = "FILE")]
    filled: Option<PathBuf>,
    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Mode {
    /// Be the bare program (the run starts it by itself)
    Floor {
        /// Where its look-ups go
        database: PathBuf,
    },
    /// Be the service that is guarded (the run starts it by itself)
    Guarded(guard::service::Serve),
    /// Fill a database as years of use would, for --filled
    Fill(Fill),
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match &args.mode {
        Some(Mode::Floor { database }) => return block_on(floor::serve(database)),
        Some(Mode::Guarded(service)) => return block_on(service.run()),
        Some(Mode::Fill(fill)) => return block_on(fill.run()),
        None => {}
    }
    pinning::to_load_core()?;
    let report = block_on(measure(&args))?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

async fn measure(args: &Args) -> anyhow::Result<Report> {
    let plan = Plan {
        span: Duration::from_secs_f64(args.seconds.clamp(0.1, 600.0)),
        rounds: args.rounds,
        connections: args.connections,
    };
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let gatepass = Program::sqlite(gatepass_binary()?, scratch.path()).await?;
    let floor = Program::floor(scratch.path())?;
    let ours = Target::start(&gatepass).await?;
    let bare = Target::start(&floor).await?;
    let mut targets = vec![ours, bare];

    let scenarios = Part::scenarios(&args.only);
    let server = match scenarios.is_empty() {
        true => None,
        false => {
            let database = program::postgres()?;
            let mut programs = joining(scratch.path(), &database).await?;
            if let Some(filled) = &args.filled {
                programs.push(Program::filled(gatepass_binary()?, scratch.path(), filled).await?);
            }
            Some(serve(&plan, &scenarios, &programs, &mut targets).await?)
        }
    };
    let client = match (Part::client(&args.only), &*targets) {
        (true, [ours, bare, ..]) => {
            let peers = Peers::find()?;
            Some(Client::measure(&plan, &peers, &gatepass, ours, bare).await?)
        }
        _ => None,
    };
    let guard = match (Part::guard(&args.only), targets.first()) {
        (true, Some(ours)) => Some(Guard::measure(&plan, &gatepass, ours).await?),
        _ => None,
    };
    for target in targets {
        target.process.stop().await?;
    }

    let start = match server {
        None => None,
        Some(_) => {
            eprintln!("start …");
            Some(start::measure(&gatepass, &floor).await?)
        }
    };
    Ok(Report {
        server,
        start,
        client,
        guard,
    })
}

/// Measures `scenarios` at the two that run, and at those that join them for it.
async fn serve(
    plan: &Plan,
    scenarios: &[Scenario],
    programs: &[Program],
    targets: &mut Vec<Target>,
) -> anyhow::Result<Server> {
    for program in programs {
        targets.push(Target::start(program).await?);
    }
    let mut memory = Memory::idle(targets).await?;
    let mut rows = Vec::new();
    for scenario in scenarios {
        eprintln!("{scenario} …");
        rows.push(rounds::run(*scenario, plan, targets).await?);
    }
    memory.after_load(targets)?;
    for joined in targets.drain(2..) {
        joined.process.stop().await?;
    }
    Ok(Server { rows, memory })
}

/// Who joins ours and the floor for the server's figures.
async fn joining(scratch: &Path, database: &Postgres) -> anyhow::Result<Vec<Program>> {
    let postgres = Program::postgres(gatepass_binary()?, scratch, &database.database()).await?;
    let (node, script) = oidc_provider()?;
    Ok(vec![
        postgres,
        Program::oidc_provider(node, &script, scratch),
    ])
}

/// Node.js and the script that starts the peer.
fn oidc_provider() -> anyhow::Result<(PathBuf, PathBuf)> {
    let node = std::env::var_os("NODE_BIN").map_or_else(|| "node".into(), PathBuf::from);
    let named = std::env::var_os("OIDC_PROVIDER").map(PathBuf::from);
    let script = named.unwrap_or_else(|| "testkit/servers/oidc-provider/bench.mjs".into());
    let packages = script.with_file_name("node_modules");
    anyhow::ensure!(
        packages.is_dir(),
        "{} does not exist; `cargo xtask bench` installs what is in it",
        packages.display()
    );
    Ok((node, script))
}

/// `GATEPASS_BIN`, or the `gatepass` beside this program.
fn gatepass_binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("GATEPASS_BIN") {
        return Ok(path.into());
    }
    let beside = std::env::current_exe()?.with_file_name("gatepass");
    anyhow::ensure!(
        beside.exists(),
        "{} does not exist; build gatepass-cli with the same profile, or set GATEPASS_BIN",
        beside.display()
    );
    Ok(beside)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
