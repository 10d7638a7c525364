//! The certificate that a client has shown (RFC 8705 §3).

use axum::body::Body;
use gatepass_guard::PeerCertificate;
use gatepass_listen::{Shown, Unreadable, passed_on};
use http::{Extensions, Request};

use super::Parts;

impl Parts {
    /// Tells the guard which certificate the client has shown: that of its connection. On a trusted proxy's connection it is
    /// the proxy's own, and nobody's who asks; there the one counts that the proxy passes on, where the settings say how.
    ///
    /// # Errors
    ///
    /// What the proxy passes on is none.
    pub(super) fn show_certificate(
        &self,
        request: &mut Request<Body>,
        by_proxy: bool,
    ) -> Result<(), Unreadable> {
        let shown = match (by_proxy, &self.certificate_header) {
            (false, _) => match Shown::of(request.extensions()) {
                Some(shown) => Some(certificate(shown)),
                // Whoever serves the gate may know by other means.
                None => return Ok(()),
            },
            (true, Some(name)) => passed_on(request.headers(), name)?
                .as_ref()
                .map(certificate),
            (true, None) => None,
        };
        tell(request.extensions_mut(), shown);
        Ok(())
    }
}

fn certificate(shown: &Shown) -> PeerCertificate {
    PeerCertificate::new(shown.thumbprint())
}

fn tell(extensions: &mut Extensions, certificate: Option<PeerCertificate>) {
    match certificate {
        Some(certificate) => extensions.insert(certificate),
        None => extensions.remove(),
    };
}
