//! Every fuzz target for a moment: its seeds, and a bounded number of inputs that are made of them. There is no chance
//! in it: the same inputs each time, so that whoever sees it fail can see it again.
//!
//! Arguments name targets: `cargo test -p gatepass-fuzz-targets --test brief -- config`.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that tells how many inputs it ran"
)]

mod mutation;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use gatepass_fuzz_targets::{TARGETS, Target};
use gatepass_proto::Digest;

use crate::mutation::Mutation;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let names = words.iter().filter(|word| !word.starts_with('-'));
    let names: Vec<&str> = names.map(String::as_str).collect();
    let wanted =
        |target: &&Target| names.is_empty() || names.iter().any(|name| target.name.contains(name));
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    if words.iter().any(|word| word == "--list") {
        for target in targets {
            println!("{}: test", target.name);
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} fuzz targets", targets.len());
    match run(&targets) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Runs them on every core; whether all of them passed.
fn run(targets: &[&Target]) -> bool {
    let started = Instant::now();
    let (next, inputs, passed) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicBool::new(true),
    );
    let work = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let started = Instant::now();
            match brief(target) {
                Ok(count) => {
                    inputs.fetch_add(count, Ordering::Relaxed);
                    let seconds = started.elapsed().as_secs_f64();
                    println!("{:<16} {count:>5} inputs, {seconds:.1} s", target.name);
                }
                Err(error) => {
                    passed.store(false, Ordering::Relaxed);
                    println!("{:<16} FAILED: {error:#}", target.name);
                }
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let (inputs, seconds) = (inputs.into_inner(), started.elapsed().as_secs_f64());
    println!("{inputs} inputs in all, {seconds:.1} s\n");
    passed.into_inner()
}

/// How many inputs it has read.
fn brief(target: &Target) -> anyhow::Result<usize> {
    let seeds = seeds(target)?;
    let number = target.name.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut mutation = Mutation::of(&seeds, number);
    let made = (0..target.inputs).map(|_| mutation.next());
    let mut count = 0;
    for data in seeds.iter().cloned().chain(made) {
        if catch_unwind(|| (target.run)(&data)).is_err() {
            let kept = keep(target, &data)?;
            anyhow::bail!(
                "input {count} broke a promise, see above; it is kept, and `cargo +nightly fuzz run {} {}` repeats it",
                target.name,
                kept.display()
            );
        }
        count += 1;
    }
    Ok(count)
}

/// The seeds of a target in the order of their names; a new target is told what it lacks.
fn seeds(target: &Target) -> anyhow::Result<Vec<Vec<u8>>> {
    let name = target.name;
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml"))?;
    ensure!(
        manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
        "fuzz/Cargo.toml has no program of this name"
    );
    let folder = fuzz().join("seeds").join(name);
    let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    ensure!(!files.is_empty(), "no seeds in {}", folder.display());
    files.iter().map(|file| Ok(fs::read(file)?)).collect()
}

/// Keeps an input where libFuzzer keeps its own.
fn keep(target: &Target, data: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = fuzz().join("artifacts").join(target.name);
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("brief-{}", Digest::of(data).to_base64url()));
    fs::write(&file, data)?;
    Ok(file)
}

fn fuzz() -> &'static Path {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR"));
    targets.parent().unwrap_or(targets)
}
