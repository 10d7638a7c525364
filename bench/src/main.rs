//! Measures gatepass beside the floor: a bare program that does only the unavoidable work. See `README.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program: the table on standard output, progress on standard error"
)]

mod client;
mod connection;
mod floor;
mod load;
mod memory;
mod part;
mod pinning;
mod report;
mod rounds;
mod scenario;
mod start;
mod target;
mod work;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::client::{Client, Peers};
use crate::memory::Memory;
use crate::part::Part;
use crate::report::{Report, Server};
use crate::rounds::Plan;
use crate::scenario::Scenario;
use crate::target::{Program, Target};

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
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(Mode::Floor { database }) = &args.mode {
        return block_on(floor::serve(database));
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
    let peers = match Part::client(&args.only) {
        true => Some(Peers::find()?),
        false => None,
    };
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let gatepass = Program::gatepass(gatepass_binary()?, scratch.path());
    let floor = Program::floor(scratch.path())?;

    let ours = Target::start(&gatepass).await?;
    let bare = Target::start(&floor).await?;
    let scenarios = Part::scenarios(&args.only);
    let server = match scenarios.is_empty() {
        true => None,
        false => Some(serve(&plan, &scenarios, &ours, &bare).await?),
    };
    let client = match &peers {
        Some(peers) => Some(Client::measure(&plan, peers, &gatepass, &ours, &bare).await?),
        None => None,
    };
    ours.stop().await?;
    bare.stop().await?;

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
    })
}

async fn serve(
    plan: &Plan,
    scenarios: &[Scenario],
    ours: &Target,
    bare: &Target,
) -> anyhow::Result<Server> {
    let mut memory = Memory::idle(ours, bare).await?;
    let mut rows = Vec::new();
    for scenario in scenarios {
        eprintln!("{scenario} …");
        rows.push(rounds::run(*scenario, plan, ours, bare).await?);
    }
    memory.after_load(ours, bare)?;
    Ok(Server { rows, memory })
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
