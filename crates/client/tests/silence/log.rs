//! Everything that anybody logs in this process, at every level.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::provider::Provider;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(crate) struct Log;

impl Log {
    /// Begins to listen.
    pub(crate) fn everything() -> Self {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| {
            // Also what libraries say by `log`.
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_span_events(FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(|| Sink)
                .init();
        });
        Self
    }

    /// Whether the log has this text.
    pub(crate) fn has(&self, text: &str) -> bool {
        contains(&LINES.lock().unwrap_or_else(PoisonError::into_inner), text)
    }

    /// Neither the log nor what was shown has a secret of this provider in it.
    pub(crate) fn keeps(&self, name: &str, provider: &Provider, shown: &str) {
        let secrets = provider.desk().secrets.clone();
        let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in &secrets {
            assert!(
                !shown.contains(secret.as_str()),
                "{name}: {secret} in {shown}"
            );
            if contains(&lines, secret) {
                let text = String::from_utf8_lossy(&lines);
                let line = text.lines().find(|line| line.contains(secret.as_str()));
                panic!("{name}: {secret} in the log: {}", line.unwrap_or_default());
            }
        }
    }
}

fn contains(lines: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    let (first, length) = (text[0], text.len());
    let mut rest = lines;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.len() >= length && rest[..length] == *text {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
