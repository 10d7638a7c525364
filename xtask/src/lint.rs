//! `cargo xtask lint`: formatting, clippy and rustdoc, warnings denied.

use anyhow::Result;

use crate::Task;
use crate::program::{cargo, run};
use crate::step::{no_arguments, step};

pub(crate) const TASK: Task = Task {
    name: "lint",
    about: "formatting, clippy and rustdoc, warnings denied",
    run: |arguments| {
        no_arguments(arguments)?;
        everything()
    },
};

pub(crate) fn everything() -> Result<()> {
    step("formatting", "run `cargo fmt --all`", || {
        run(cargo().args(["fmt", "--all", "--check"]))
    })?;
    step(
        "clippy",
        "mend what it says; where it is wrong, `#[expect(…, reason = \"…\")]`",
        || {
            // `test = false` keeps these two out of `--all-targets`.
            for targets in [
                &["--all-targets"][..],
                &["--test", "browser"],
                &["--test", "interop"],
            ] {
                run(cargo()
                    .args(["clippy", "--workspace", "--all-features"])
                    .args(targets)
                    .args(["--", "-D", "warnings"]))?;
            }
            Ok(())
        },
    )?;
    step(
        "documentation",
        "mend what rustdoc says; `cargo doc --workspace --no-deps --open` shows the pages",
        || {
            run(cargo()
                .args(["doc", "--workspace", "--all-features", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"))
        },
    )
}
