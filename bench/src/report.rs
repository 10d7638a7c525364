//! The outcome, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::client::Client;
use crate::guard::Guard;
use crate::memory::Memory;
use crate::program::Contender;
use crate::rounds::Row;
use crate::side::Figures;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guard: Option<Guard>,
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
        if let Some(guard) = &self.guard {
            if self.server.is_some() || self.client.is_some() {
                writeln!(f)?;
            }
            write!(f, "{guard}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<26}", "one core, answers per s")?;
        for contender in self.columns() {
            write!(f, "{:>15}", name(contender))?;
        }
        writeln!(f, "{:>8}{:>8}{:>6}", "ratio", "by CPU", "aim")?;
        let percent =
            |share: Option<f64>| or_dash(share.map(|own| format!("{:.0} %", own * 100.0)));
        for row in &self.rows {
            self.line(f, row, |figures| format!("{:.0}", figures.per_second))?;
            let (ratio, by_processor) = (percent(row.ratio), percent(row.ratio_by_processor));
            writeln!(f, "{ratio:>8}{by_processor:>8}{:>6}", percent(row.aim))?;
        }
        self.table(f, "p50/p99 in ms", |figures| {
            format!("{:.2}/{:.2}", figures.p50_ms, figures.p99_ms)
        })?;
        self.table(f, "CPU in µs per answer", |figures| {
            format!("{:.0}", figures.processor_us)
        })?;
        write!(f, "\n{:<26}", "memory, idle → after, MB")?;
        let mb = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        for contender in self.columns() {
            let resident = self.memory.0.get(&contender);
            let cell = resident.map(|own| format!("{} → {}", mb(own.idle), mb(own.after_load)));
            write!(f, "{:>15}", or_dash(cell))?;
        }
        writeln!(f)
    }
}

impl Server {
    /// Those that were measured.
    fn columns(&self) -> impl Iterator<Item = Contender> {
        let measured = |contender: &Contender| {
            let mut rows = self.rows.iter();
            rows.any(|row| row.figures.contains_key(contender))
        };
        Contender::ALL.into_iter().filter(measured)
    }

    fn table(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        of: fn(&Figures) -> String,
    ) -> fmt::Result {
        writeln!(f, "\n{title}")?;
        for row in &self.rows {
            self.line(f, row, of)?;
            writeln!(f)?;
        }
        Ok(())
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        row: &Row,
        of: fn(&Figures) -> String,
    ) -> fmt::Result {
        write!(f, "{:<26}", row.what)?;
        for contender in self.columns() {
            write!(f, "{:>15}", or_dash(row.figures.get(&contender).map(of)))?;
        }
        Ok(())
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn name(contender: Contender) -> &'static str {
    match contender {
        Contender::Sqlite => "ours, SQLite",
        Contender::Postgres => "PostgreSQL",
        Contender::Floor => "floor",
        Contender::OidcProvider => "oidc-provider",
        Contender::Filled => "ours, filled",
    }
}
