//! `cargo xtask browser`: a real Chromium in front of a real server.
//!
//! Arguments go to the test harness: `cargo xtask browser denies`. Pictures are left in
//! `target/screenshots`.

use anyhow::Result;

use crate::Task;
use crate::program::{cargo, run};
use crate::setup::chromium;
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "browser",
    about: "a real Chromium logs in, consents, denies, mistypes; takes screenshots",
    run: everything,
};

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let browser = step(
        "Chromium and its driver",
        "put in place what the message names, then `cargo xtask setup`",
        chromium::ready,
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "browser tests",
        "the pages as they were are in target/screenshots; one alone: `cargo xtask browser NAME`",
        || {
            run(cargo()
                .args(["test", "--workspace", "--all-features", "--test", "browser"])
                .arg("--")
                .args(arguments)
                .env("GATEPASS_BIN", gatepass)
                .env("CHROMIUM", browser.chromium)
                .env("CHROMEDRIVER", browser.driver))
        },
    )
}
