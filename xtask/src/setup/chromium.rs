//! Chromium and the driver that steers it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{named_by, on_path, program, version};

pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Finds both programs, after installing what is missing.
///
/// `CHROMIUM` and `CHROMEDRIVER` name them where they are not on `PATH`.
pub(crate) fn ready() -> Result<Browser> {
    let wanted = [(chromium(), "chromium"), (driver(), "chromium-driver")];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(found, _)| found.is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        println!("    missing, so installed now: {}", missing.join(" "));
        apt::install(&missing).context(
            "the browser tests need Chromium and chromedriver \
             (CHROMIUM=… and CHROMEDRIVER=… name programs that are not on PATH)",
        )?;
    }
    let browser = Browser {
        chromium: chromium().context("no Chromium on PATH; CHROMIUM=… names one")?,
        driver: driver().context("no chromedriver on PATH; CHROMEDRIVER=… names one")?,
    };
    for path in [&browser.chromium, &browser.driver] {
        let found = version(&mut program(path))
            .with_context(|| format!("`{}` does not run", path.display()))?;
        println!("    {found}");
    }
    Ok(browser)
}

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    named_by("CHROMIUM").or_else(|| on_path(&names))
}

fn driver() -> Option<PathBuf> {
    named_by("CHROMEDRIVER").or_else(|| on_path(&["chromedriver"]))
}
