//! Whether a form was sent by a page of ours: the token inside it and the headers around it.

use aws_lc_rs::hmac;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Sets these tokens apart from anything else that the key may ever be used for.
const CONTEXT: &[u8] = b"csrf";
/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Makes and checks the hidden `csrf` field of our forms.
///
/// A token is a MAC over the value of the session cookie. Another site can neither read the cookie nor
/// compute the MAC, nothing is stored, and a new session makes the old forms worthless.
#[derive(Clone)]
pub(crate) struct Csrf(hmac::Key);

impl Csrf {
    /// Tokens under `key`. Nodes that share it accept each other's forms.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token for a browser whose session cookie is `cookie`.
    pub(crate) fn token(&self, cookie: &str) -> String {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(CONTEXT);
        mac.update(cookie.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.sign())
    }

    /// Whether `given` is the token for `cookie`; the comparison takes constant time.
    pub(crate) fn check(&self, cookie: &str, given: &str) -> bool {
        let Ok(given) = URL_SAFE_NO_PAD.decode(given) else {
            return false;
        };
        let signed = [CONTEXT, cookie.as_bytes()].concat();
        hmac::verify(&self.0, &signed, &given).is_ok()
    }
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Csrf([redacted])")
    }
}

/// Whether the headers of a form post allow that it comes from a page of ours.
///
/// `issuer_origin` is the issuer's origin as [`url::Origin::ascii_serialization`] writes it. A browser names
/// the page's origin with every post: it must be ours, and named once. Programs that play a browser send
/// no `Origin`, which is allowed beside a right token. A browser that says `Sec-Fetch-Site: cross-site` is
/// believed.
///
/// The value `null`, which a sandboxed frame sends, is refused. Browsers send it also from a page whose
/// `Referrer-Policy` is `no-referrer`; therefore ours is `same-origin` (see `pages::layout`).
pub(crate) fn origin_allowed(headers: &HeaderMap, issuer_origin: &str) -> bool {
    let origin_is_ours = headers
        .get_all(ORIGIN)
        .iter()
        .enumerate()
        .all(|(index, origin)| index == 0 && origin.as_bytes() == issuer_origin.as_bytes());
    let same_site = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .map(HeaderValue::as_bytes)
        .all(|site| site != b"cross-site");
    origin_is_ours && same_site
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Csrf, origin_allowed};

    const ISSUER: &str = "https://login.example.com";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_token_is_good_for_its_cookie_and_key_only() {
        let csrf = Csrf::new(&[7; 32]);
        let token = csrf.token("gp_ss_a");
        assert_eq!(token.len(), 43);
        assert!(csrf.check("gp_ss_a", &token));
        assert!(!csrf.check("gp_ss_b", &token));
        assert!(!Csrf::new(&[8; 32]).check("gp_ss_a", &token));
    }

    #[test]
    fn anything_but_the_token_is_refused() {
        let csrf = Csrf::new(&[7; 32]);
        let token = csrf.token("c");
        for given in ["", "x", "=", "%", &token[..42], &format!("{token}A")] {
            assert!(!csrf.check("c", given), "{given:?}");
        }
        let padded = format!("{token}=");
        assert!(!csrf.check("c", &padded));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", Csrf::new(&[7; 32])), "Csrf([redacted])");
    }

    #[test]
    fn our_own_origin_and_none_are_allowed() {
        for allowed in [
            headers(&[]),
            headers(&[("origin", ISSUER)]),
            headers(&[("origin", ISSUER), ("sec-fetch-site", "same-origin")]),
            headers(&[("sec-fetch-site", "none")]),
        ] {
            assert!(origin_allowed(&allowed, ISSUER), "{allowed:?}");
        }
    }

    #[test]
    fn another_origin_is_refused() {
        for refused in [
            headers(&[("origin", "null")]),
            headers(&[("origin", "")]),
            headers(&[("origin", "https://evil.example")]),
            headers(&[("origin", "http://login.example.com")]),
            headers(&[("origin", "https://login.example.com:444")]),
            headers(&[("origin", "https://login.example.com.evil.example")]),
            headers(&[("origin", ISSUER), ("origin", ISSUER)]),
            headers(&[("origin", ISSUER), ("sec-fetch-site", "cross-site")]),
            headers(&[("sec-fetch-site", "cross-site")]),
        ] {
            assert!(!origin_allowed(&refused, ISSUER), "{refused:?}");
        }
    }
}
