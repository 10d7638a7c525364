//! `Via` (RFC 9110 §7.6.3): that a request came through here, so that one which comes round again is known.

use http::header::VIA;
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::Fault;
use super::hop::tokens;

/// The name of this proxy, among all.
pub(super) struct Via {
    name: String,
}

impl Via {
    pub(super) fn new() -> Self {
        let mut random = [0; 4];
        // Without randomness all proxies have one name, and none sends a request on to another.
        let _ = aws_lc_rs::rand::fill(&mut random);
        Self {
            name: format!("gatepass-{:08x}", u32::from_be_bytes(random)),
        }
    }

    /// Adds this proxy to the list.
    ///
    /// # Errors
    ///
    /// It stands there: whatever is behind us sends its requests back to us.
    pub(super) fn add(&self, headers: &mut HeaderMap, version: Version) -> Result<(), Fault> {
        let is_own = |element: &str| element.split(' ').any(|word| word == self.name);
        if tokens(headers, &VIA).any(is_own) {
            return Err(Fault::new(
                StatusCode::LOOP_DETECTED,
                "loop_detected",
                "the upstream sends requests back to this proxy",
            ));
        }
        let number = match version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        };
        if let Ok(own) = HeaderValue::try_from(format!("{number} {}", self.name)) {
            headers.append(VIA, own);
        }
        Ok(())
    }
}
