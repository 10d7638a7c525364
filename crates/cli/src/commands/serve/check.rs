//! What `gatepass serve --check` says.

use gatepass_server::{Config, Finding, Verdict};

use crate::exit::{Exit, Failure};
use crate::output::{self, Format};

/// Looks over the settings and prints what was found; the end is an error where the server would not start.
pub(super) async fn run(config: &Config, format: Format) -> Result<Exit, Failure> {
    let found = gatepass_server::check(config).await;
    match format {
        Format::Json => output::json(&found)?,
        Format::Text => {
            let rows: Vec<_> = found.iter().map(row).collect();
            output::table(["SETTING", "VERDICT", "FOUND"], &rows)?;
        }
    }
    let fault = |finding: &Finding| finding.verdict == Verdict::Fault;
    Ok(match found.iter().any(fault) {
        true => Exit::Error,
        false => Exit::Done,
    })
}

fn row(finding: &Finding) -> [String; 3] {
    let verdict = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Fault => "fault",
    };
    [
        finding.setting.to_owned(),
        verdict.to_owned(),
        finding.text.clone(),
    ]
}
