//! The outcome, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::client::Client;
use crate::memory::Memory;
use crate::rounds::{Figures, Row};
use crate::start::Start;

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Server>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<Start>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<Client>,
}

/// The server under load.
#[derive(Serialize)]
pub(crate) struct Server {
    pub(crate) rows: Vec<Row>,
    pub(crate) memory: Memory,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(server) = &self.server {
            write!(f, "{server}")?;
        }
        if let Some(Start { ours_ms, floor_ms }) = self.start {
            writeln!(
                f,
                "start to first answer       ours {ours_ms:.1} ms (existing database), floor {floor_ms:.1} ms"
            )?;
        }
        if let Some(client) = &self.client {
            if self.server.is_some() {
                writeln!(f)?;
            }
            write!(f, "{client}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<26}{:>9}{:>9}{:>7}{:>8}{:>6}{:>17}{:>17}{:>11}",
            "one core, medians",
            "ours/s",
            "floor/s",
            "ratio",
            "by CPU",
            "aim",
            "ours p50/p99 ms",
            "floor p50/p99",
            "CPU µs"
        )?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        let mb = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
        let Memory {
            ours_idle,
            ours_after_load,
            floor_idle,
            floor_after_load,
        } = self.memory;
        writeln!(
            f,
            "memory, idle → after load   ours {} → {}",
            mb(ours_idle),
            mb(ours_after_load)
        )?;
        writeln!(
            f,
            "                            floor {} → {}",
            mb(floor_idle),
            mb(floor_after_load)
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let latency = |figures: &Figures| format!("{:.2}/{:.2}", figures.p50_ms, figures.p99_ms);
        let floor = self.floor.as_ref();
        let processor = or_dash(floor.map(|floor| format!("{:.0}", floor.processor_us)));
        write!(
            f,
            "{:<26}{:>9.0}{:>9}{:>7}{:>8}{:>6}{:>17}{:>17}{:>11}",
            self.what,
            self.ours.per_second,
            or_dash(floor.map(|floor| format!("{:.0}", floor.per_second))),
            or_dash(self.ratio.map(percent)),
            or_dash(self.ratio_by_processor.map(percent)),
            or_dash(self.aim.map(percent)),
            latency(&self.ours),
            or_dash(floor.map(latency)),
            format!("{:.0}/{processor}", self.ours.processor_us),
        )
    }
}
