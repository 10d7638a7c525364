//! The line by which programs learn of the server that they have started.

use std::path::Path;

use gatepass_server::Server;
use serde::Serialize;

/// One JSON object: where the server is, and with `--dev` what is ready-made.
#[derive(Serialize)]
pub(crate) struct Announcement<'a> {
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls: Option<&'a str>,
    #[serde(flatten)]
    ready_made: Option<&'a gatepass_server::DevSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a Path>,
}

impl<'a> Announcement<'a> {
    /// What there is to know of this server.
    pub(crate) fn of(server: &'a Server) -> Self {
        Self {
            issuer: server.issuer(),
            mtls: server.mtls(),
            ready_made: server.dev_set(),
            ca: server.ca(),
        }
    }
}
