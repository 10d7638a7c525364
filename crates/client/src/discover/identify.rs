use gatepass_proto::message::metadata::ServerMetadata;

use super::search::Search;
use super::{FoundClient, KnownClient};
use crate::Error;

impl Search<'_> {
    /// Who we are at a server, by the first that will do: the client that is registered there, the document that describes us,
    /// a registration that it lets everybody make.
    ///
    /// # Errors
    ///
    /// [`Error::Discovery`] with what to do where nothing will.
    pub(super) fn identify(
        &self,
        issuer: &str,
        server: &ServerMetadata,
    ) -> Result<FoundClient, Error> {
        if let Some(client_id) = &self.settings.client_id {
            return Ok(FoundClient::Known(KnownClient {
                issuer: issuer.to_owned(),
                client_id: client_id.clone(),
                client_secret: None,
                client_auth: None,
                redirect_uri: None,
            }));
        }
        let mut known = self.settings.clients.iter();
        if let Some(client) = known.find(|client| client.issuer == issuer) {
            return Ok(FoundClient::Known(client.clone()));
        }
        let url = self.settings.client_metadata_url.as_ref();
        if let Some(url) = url.filter(|_| server.client_id_metadata_document_supported) {
            return Ok(FoundClient::Described(url.clone()));
        }
        if server.registration_endpoint.is_some() {
            return Ok(FoundClient::Registers);
        }
        Err(Error::Discovery(self.stranger(issuer, server)))
    }

    fn stranger(&self, issuer: &str, server: &ServerMetadata) -> String {
        let origin = self.url.origin().ascii_serialization();
        let document = match server.client_id_metadata_document_supported {
            true => ", or set client_metadata_url in config.toml, which it supports",
            false => "",
        };
        format!(
            "authorization server {issuer} knows no client of ours and lets none register itself; register one there with \
             redirect URI http://127.0.0.1/callback, and name it with `gatepass profile add NAME --api {origin} --issuer \
             {issuer} --client-id ID`, or for every resource as [[client]] in config.toml{document}"
        )
    }
}
