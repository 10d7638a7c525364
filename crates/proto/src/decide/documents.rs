//! What is fetched for a client: documents that it names by their addresses. Whether such an address may be asked at all
//! is the shell's to say; what is taken of an answer is said here.

use std::sync::Arc;

use super::record::Client;
use super::{Facts, Halt, Need};
use crate::{ClientId, OAuthError};

/// A document that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it is, without a fragment.
    pub url: String,
    /// What it has to be.
    pub kind: DocumentKind,
}

/// What a document has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// What a client says of itself at its `client_id` (draft-ietf-oauth-client-id-metadata-document §4).
    ClientMetadata,
    /// A signed request (OpenID Connect Core §6.2, RFC 9101 §5.2).
    RequestObject,
    /// The redirect URIs of one sector, at a `sector_identifier_uri` (OpenID Connect Core §8.1).
    Sector,
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// No address, a forbidden one, nobody there, no good certificate, or no answer in time. Which of them it was, only
    /// the log says: it would tell a stranger what this server can reach.
    #[error("cannot be reached from this server")]
    Unreachable,
    /// The server there has trouble (RFC 9110 §15.6), or asks for patience.
    #[error("is not to be had right now: its server answered {0}")]
    Down(u16),
    /// Another status than 200. Redirects are not followed.
    #[error(
        "was answered with status {0}, and nothing but 200 is taken, nor is a redirect followed"
    )]
    Status(u16),
    /// Too many bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    /// Something that is no such document.
    #[error("has another media type than such a document")]
    MediaType,
}

impl DocumentFault {
    /// Whether asking again later may help, without anybody having to change anything.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Down(_))
    }
}

impl DocumentKind {
    /// The most bytes of one. The draft recommends that limit for metadata (§8.7).
    pub const fn max_size(self) -> usize {
        match self {
            Self::ClientMetadata => 5 * 1024,
            Self::RequestObject | Self::Sector => 64 * 1024,
        }
    }

    /// What is asked for in `Accept`.
    pub const fn accept(self) -> &'static str {
        match self {
            Self::ClientMetadata | Self::Sector => "application/json",
            Self::RequestObject => "application/oauth-authz-req+jwt, application/jwt;q=0.9",
        }
    }

    /// Takes a document from an answer of which the shell has read the media type and the body, or as much of it as is too
    /// much.
    ///
    /// # Errors
    ///
    /// [`DocumentFault`].
    pub fn take(self, status: u16, media_type: Option<&str>, body: &[u8]) -> Found {
        match status {
            200 => {}
            429 | 500..=599 => return Err(DocumentFault::Down(status)),
            other => return Err(DocumentFault::Status(other)),
        }
        if body.len() > self.max_size() {
            return Err(DocumentFault::TooLarge(self.max_size()));
        }
        if !media_type.is_none_or(|media_type| self.admits(media_type)) {
            return Err(DocumentFault::MediaType);
        }
        Ok(body.into())
    }

    /// JSON has to say that it is JSON. Many servers do not know the type of a JWT, and its signature says more; but a page
    /// for people is none.
    fn admits(self, media_type: &str) -> bool {
        let essence = media_type.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        match self {
            Self::ClientMetadata | Self::Sector => {
                essence == "application/json"
                    || (essence.starts_with("application/") && essence.ends_with("+json"))
            }
            Self::RequestObject => essence.starts_with("application/") || essence == "text/plain",
        }
    }
}

/// What asking for a document has brought: its bytes, or why there are none.
pub type Found = Result<Arc<[u8]>, DocumentFault>;

/// What was fetched so far. It stays known after a lost race: nobody is asked twice for one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetched {
    documents: Vec<(Document, Found)>,
    described: Vec<(ClientId, Result<Option<Client>, OAuthError>)>,
}

impl Facts {
    /// Learns what asking for a document has brought.
    pub fn learn_document(&mut self, document: Document, found: Result<Arc<[u8]>, DocumentFault>) {
        self.fetched.documents.push((document, found));
    }

    /// Learns of a client that is not registered here what the document at its id says; `None` where such documents are
    /// not asked for, and an error for whoever named the client where there is no good one.
    pub fn learn_described(
        &mut self,
        client_id: ClientId,
        client: Result<Option<Client>, OAuthError>,
    ) {
        self.fetched.described.push((client_id, client));
    }

    /// The document at `url`. It is fetched once for a judgement, whatever comes of it.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while it is not known.
    pub fn document(
        &self,
        kind: DocumentKind,
        url: &str,
    ) -> Result<Result<&[u8], DocumentFault>, Halt> {
        let known = &self.fetched.documents;
        let found = known
            .iter()
            .find(|(own, _)| own.kind == kind && own.url == url);
        match found {
            Some((_, found)) => Ok(found.as_deref().map_err(|fault| *fault)),
            None => Err(Halt::Need(vec![Need::Document(Document {
                url: url.to_owned(),
                kind,
            })])),
        }
    }

    /// A client by its id: one that is registered here, or else, where the id is an address, the one that the document
    /// there describes. The latter's record is a fact like any other, and never stored: it is made anew from the document
    /// whenever a request names it.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while it is not known; [`Halt::Refuse`] with `invalid_client` for a document that will not do, and
    /// with 503 while it cannot be had.
    pub fn client(&self, client_id: &ClientId) -> Result<Option<&Client>, Halt> {
        match self.registered(client_id)? {
            None if client_id.is_url() => self.described(client_id),
            registered => Ok(registered),
        }
    }

    fn described(&self, client_id: &ClientId) -> Result<Option<&Client>, Halt> {
        let known = &self.fetched.described;
        match known.iter().find(|(own, _)| own == client_id) {
            Some((_, Ok(client))) => Ok(client.as_ref()),
            Some((_, Err(error))) => Err(error.clone().into()),
            None => Err(Halt::Need(vec![Need::Described(client_id.clone())])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DocumentFault, DocumentKind};

    #[test]
    fn only_a_small_answer_of_the_right_kind_is_a_document() {
        use DocumentKind::{ClientMetadata, RequestObject, Sector};
        let take = |kind: DocumentKind, status, media_type| {
            kind.take(status, media_type, b"{}").map(|_| ())
        };
        for (kind, media_type) in [
            (ClientMetadata, Some("application/json")),
            (ClientMetadata, Some("Application/JSON; charset=utf-8")),
            (ClientMetadata, Some("application/cimd+json")),
            (ClientMetadata, None),
            (Sector, Some("application/json")),
            (RequestObject, Some("application/oauth-authz-req+jwt")),
            (RequestObject, Some("application/octet-stream")),
            (RequestObject, Some("text/plain; charset=us-ascii")),
            (RequestObject, None),
        ] {
            assert_eq!(
                take(kind, 200, media_type),
                Ok(()),
                "{kind:?} {media_type:?}"
            );
        }
        for (kind, media_type) in [
            (ClientMetadata, "text/html"),
            (ClientMetadata, "text/json+json"),
            (Sector, "text/plain"),
            (RequestObject, "text/html; charset=utf-8"),
            (RequestObject, "image/png"),
            (RequestObject, ""),
        ] {
            let taken = take(kind, 200, Some(media_type));
            assert_eq!(taken, Err(DocumentFault::MediaType), "{media_type}");
        }
        for status in [201, 204, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410] {
            let taken = take(RequestObject, status, None);
            assert_eq!(taken, Err(DocumentFault::Status(status)));
        }
        for status in [429, 500, 503, 599] {
            assert_eq!(take(Sector, status, None), Err(DocumentFault::Down(status)));
        }
    }

    #[test]
    fn what_is_too_large_is_none() {
        for kind in [DocumentKind::ClientMetadata, DocumentKind::RequestObject] {
            let body = vec![b' '; kind.max_size() + 1];
            assert!(kind.take(200, None, &body[1..]).is_ok());
            let fault = DocumentFault::TooLarge(kind.max_size());
            assert_eq!(kind.take(200, None, &body), Err(fault));
        }
    }
}
