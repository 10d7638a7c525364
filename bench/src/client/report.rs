//! The client's table.

use std::fmt;

use super::Client;
use super::crowd::PROCESSES;
use super::requests::{Figures, Requests, Row};

/// A cached token within this many milliseconds.
const AIM_MS: f64 = 5.0;
/// The least share of bare reqwest's rate that is aimed at.
const AIM: f64 = 0.97;

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<34}{:>8}{:>8}{:>10}{:>17}{:>10}",
            format!("a cached token (aim {AIM_MS:.0} ms)"),
            "p50 ms",
            "p99 ms",
            "ours is",
            format!("{PROCESSES} at once s"),
            "ours is"
        )?;
        for (start, crowd) in self.starts.rows.iter().zip(&self.crowd.rows) {
            writeln!(
                f,
                "{:<34}{:>8.2}{:>8.2}{:>10}{:>17.2}{:>10}",
                start.name,
                start.p50_ms,
                start.p99_ms,
                format!("{:.2} ×", start.times),
                crowd.seconds,
                format!("{:.2} ×", crowd.times)
            )?;
        }
        write!(f, "\n{}", self.requests)
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<34}{:>8}{:>8}{:>10}{:>10}{:>7}",
            "authenticated requests, one core", "per s", "CPU µs", "ratio", "by CPU", "aim"
        )?;
        pair(f, "one after the other", &self.alone)?;
        let python = &self.python;
        line(f, "  requests-oauthlib", &python.figures)?;
        writeln!(f, "{:>14}", format!("ours {:.1} ×", python.times))?;
        pair(f, &format!("{} at once", self.tasks), &self.at_once)
    }
}

fn pair(f: &mut fmt::Formatter<'_>, title: &str, row: &Row) -> fmt::Result {
    writeln!(f, "{title}")?;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    line(f, "  a session", &row.session)?;
    writeln!(
        f,
        "{:>10}{:>10}{:>7}",
        percent(row.ratio),
        percent(row.ratio_by_processor),
        format!("{:.0} %", AIM * 100.0)
    )?;
    line(f, "  bare reqwest", &row.reqwest)?;
    writeln!(f)
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, figures: &Figures) -> fmt::Result {
    let Figures {
        per_second,
        processor_us,
    } = figures;
    write!(f, "{name:<34}{per_second:>8.0}{processor_us:>8.1}")
}
