//! What a step shows of the conversation it had: in short, and without secrets.

use gatepass_client::{Attachment, Where};
use gatepass_proto::Secret;

/// What was sent and what came back, in turns.
#[derive(Debug, Default)]
pub(super) struct Seen {
    turns: Vec<Turn>,
}

/// One turn: what was sent, and what came back to that. A few short lines each.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What was sent.
    pub(super) sent: Vec<String>,
    /// What came back.
    pub(super) got: Vec<String>,
}

impl Seen {
    /// Notes a line of what was sent. After something has come back, a new turn begins with it.
    pub(super) fn sent(&mut self, line: impl Into<String>) {
        match self.turns.last_mut() {
            Some(turn) if turn.got.is_empty() => turn.sent.push(line.into()),
            _ => self.turns.push(Turn {
                sent: vec![line.into()],
                got: Vec::new(),
            }),
        }
    }

    /// Notes a line of what came back.
    pub(super) fn got(&mut self, line: impl Into<String>) {
        match self.turns.last_mut() {
            Some(turn) => turn.got.push(line.into()),
            None => self.turns.push(Turn {
                sent: Vec::new(),
                got: vec![line.into()],
            }),
        }
    }

    /// The turns.
    pub(super) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// All that came back, in one line.
    pub(super) fn came_back(&self) -> String {
        self.turns
            .iter()
            .flat_map(|turn| &turn.got)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// A secret as it may be shown: the kind that its first characters tell, and nothing of what makes it one.
pub(super) fn redacted(secret: &Secret) -> String {
    let text = secret.expose();
    // `gp_rt_` and its like name the kind; `eyJh` is how the header of every JWT begins.
    let shown = match text {
        _ if text.starts_with("gp_") => text.get(..6),
        _ if text.starts_with("eyJ") => text.get(..4),
        _ => None,
    };
    match shown {
        Some(shown) => format!("{shown}…[redacted]"),
        None => "[redacted]".to_owned(),
    }
}

/// The header that a request was authenticated with.
pub(super) fn header(attachment: &Attachment) -> String {
    let name = match &attachment.place {
        Where::Header(name) if name == "authorization" => "Authorization",
        Where::Header(name) if name == "x-api-key" => "X-API-Key",
        Where::Header(name) => name.as_str(),
        Where::Query(name) | Where::Cookie(name) => name,
        Where::Challenge => "Authorization",
    };
    let scheme = match attachment.value.expose().split_once(' ') {
        Some((scheme, _)) => format!("{scheme} "),
        None => String::new(),
    };
    format!("{name}: {scheme}{}", redacted(&attachment.secret))
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Secret;

    use super::redacted;

    #[test]
    fn the_kind_shows_and_nothing_more() {
        for (secret, shown) in [
            ("gp_rt_AAAABBBBCCCC", "gp_rt_…[redacted]"),
            ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "eyJh…[redacted]"),
            ("hunter2hunter2", "[redacted]"),
            ("gp_", "[redacted]"),
            ("", "[redacted]"),
        ] {
            assert_eq!(redacted(&Secret::new(secret)), shown);
        }
    }
}
