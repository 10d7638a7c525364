//! Which authorization server, and whether what it says of itself will do.

use std::sync::Arc;

use gatepass_http::NamedByServer;
use gatepass_proto::flow::{DiscoverFlow, FlowError};
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::protected_resource::ProtectedResource;
use url::Url;

use super::search::{Search, refused};
use crate::Error;

/// How many of the servers that a resource lists are tried.
const MAX_TRIES: usize = 4;

/// A server by its issuer, and what it says of itself.
pub(super) type Authority = (String, Arc<ServerMetadata>);

impl Search<'_> {
    /// The server that is used already or that knows us, if the resource lists it; else the first of those it lists whose
    /// metadata can be had and will do.
    ///
    /// A resource that lists none may be of an older habit (the Model Context Protocol before RFC 9728) and be its own
    /// authorization server. It is taken for one only where its origin publishes metadata with that very issuer.
    pub(super) async fn authority(
        &self,
        resource: Option<&ProtectedResource>,
    ) -> Result<Option<Authority>, Error> {
        let listed = resource.map_or(&[][..], |own| &own.authorization_servers);
        if listed.is_empty() {
            return self.own_origin().await;
        }
        if let Some(issuer) = listed.iter().find(|issuer| self.is_familiar(issuer)) {
            return self.server(issuer).await.map(Some);
        }
        let mut fault = None;
        for issuer in listed.iter().take(MAX_TRIES) {
            match self.server(issuer).await {
                Ok(found) => return Ok(Some(found)),
                Err(error) => {
                    tracing::debug!(%issuer, %error, "not this one");
                    fault.get_or_insert(error);
                }
            }
        }
        fault.map_or(Ok(None), Err)
    }

    fn is_familiar(&self, issuer: &str) -> bool {
        let known = self.settings.clients.iter();
        self.used == Some(issuer) || known.clone().any(|client| client.issuer == issuer)
    }

    async fn own_origin(&self) -> Result<Option<Authority>, Error> {
        let origin = self.url.origin().ascii_serialization();
        // Some write the path of their origin, some do not.
        for issuer in [origin.clone(), format!("{origin}/")] {
            match self.server(&issuer).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::Flow(error)) if is_absence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A server whose metadata will do.
    pub(super) async fn server(&self, issuer: &str) -> Result<Authority, Error> {
        let what = format!("authorization server {issuer:?}");
        let url: Url = issuer
            .parse()
            .map_err(|_| refused(&what, &"it is not a URL"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused(&what, &"an issuer has no query and no fragment"));
        }
        self.named
            .admit(&url)
            .map_err(|error| refused(&what, &error))?;
        let mut flow = DiscoverFlow::new(issuer)?;
        let metadata = self.inner.drive_over(&self.network, &mut flow).await?;
        check(&metadata, &self.named).map_err(|reason| refused(&what, &reason))?;
        Ok((issuer.to_owned(), Arc::new(metadata)))
    }
}

fn is_absence(error: &FlowError) -> bool {
    matches!(
        error,
        FlowError::BadAnswer(_) | FlowError::IssuerMismatch { .. }
    )
}

/// Whether a server that nobody here has chosen will do: a login with PKCE, at addresses that it may send us and a browser
/// to.
pub(super) fn check(metadata: &ServerMetadata, named: &NamedByServer) -> Result<(), String> {
    let methods = &metadata.code_challenge_methods_supported;
    if !methods.iter().any(|method| method == "S256") {
        return Err(
            "it does not say that it supports PKCE (S256 in code_challenge_methods_supported), without which a login there is not safe"
                .to_owned(),
        );
    }
    let responses = &metadata.response_types_supported;
    if !responses.is_empty() && !responses.iter().any(|own| own == "code") {
        return Err("it gives no authorization codes (response_types_supported)".to_owned());
    }
    let needed = [
        ("authorization_endpoint", &metadata.authorization_endpoint),
        ("token_endpoint", &metadata.token_endpoint),
    ];
    for (member, url) in needed {
        if url.is_none() {
            return Err(format!("it names no {member}"));
        }
    }
    let others = [
        ("registration_endpoint", &metadata.registration_endpoint),
        ("jwks_uri", &metadata.jwks_uri),
        ("revocation_endpoint", &metadata.revocation_endpoint),
        (
            "pushed_authorization_request_endpoint",
            &metadata.pushed_authorization_request_endpoint,
        ),
    ];
    for (member, url) in needed.into_iter().chain(others) {
        let Some(url) = url else { continue };
        let url: Url = url
            .parse()
            .map_err(|_| format!("its {member} is not a URL"))?;
        named
            .admit(&url)
            .map_err(|error| format!("its {member}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gatepass_http::{Egress, HttpTransport, NamedByServer};
    use gatepass_proto::message::metadata::ServerMetadata;

    use super::check;

    fn named_by(resource: &str) -> NamedByServer {
        let transport = HttpTransport::new(Egress::default()).expect("a transport");
        transport.named_by(&[resource.parse().expect("a URL")])
    }

    fn at(base: &str) -> ServerMetadata {
        ServerMetadata {
            issuer: base.to_owned(),
            authorization_endpoint: Some(format!("{base}/authorize")),
            token_endpoint: Some(format!("{base}/token")),
            code_challenge_methods_supported: vec!["S256".to_owned()],
            ..ServerMetadata::default()
        }
    }

    #[test]
    fn a_public_resource_leads_nobody_into_a_private_network() {
        let public = named_by("https://api.example");
        assert_eq!(check(&at("https://as.example"), &public), Ok(()));
        for base in [
            "https://10.0.0.1",
            "https://localhost:8443",
            "http://127.0.0.1:8080",
            "https://[fd00::1]",
        ] {
            let refused = check(&at(base), &public).expect_err(base);
            assert!(
                refused.contains("authorization_endpoint") && refused.contains("private"),
                "{refused}"
            );
            // Somebody's own network is theirs.
            assert_eq!(
                check(&at(base), &named_by("https://192.168.1.2")),
                Ok(()),
                "{base}"
            );
        }
        for member in ["registration_endpoint", "jwks_uri", "revocation_endpoint"] {
            let mut metadata = at("https://as.example");
            let place = match member {
                "registration_endpoint" => &mut metadata.registration_endpoint,
                "jwks_uri" => &mut metadata.jwks_uri,
                _ => &mut metadata.revocation_endpoint,
            };
            *place = Some("https://169.254.169.254/latest".to_owned());
            let refused = check(&metadata, &public).expect_err(member);
            assert!(refused.contains(member), "{refused}");
        }
    }
}
