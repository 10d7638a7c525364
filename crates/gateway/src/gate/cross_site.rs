//! Passwords that a browser has remembered.

use http::HeaderName;
use http::header::ORIGIN;

use super::Parts;
use crate::cors::{has_password, home};
use crate::login::Visit;

/// <https://www.w3.org/TR/fetch-metadata/>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Parts {
    /// Whether a page of another site sends this request in the name of whoever's password the browser has remembered: it
    /// goes along with everything for this place, whoever's page asks for it. So what may change something must come from
    /// where a session's would have to, or from a page that may call the API. Programs that are no browsers name no origin.
    pub(super) fn is_in_anothers_name(&self, visit: &Visit<'_>) -> bool {
        let headers = visit.headers;
        let by_browser = headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE);
        let sends_password = by_browser && has_password(headers);
        if self.config.user.is_empty() || !sends_password || !visit.may_change_something() {
            return false;
        }
        let mut origins = home(&self.config);
        origins.extend(self.config.cors.origins.iter().map(ToString::to_string));
        !visit.comes_from(&origins)
    }
}
