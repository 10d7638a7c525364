//! The certificate that a proxy passes on in a header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::shown::Shown;

/// What stands in such a header is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {name} {why}")]
pub struct Unreadable {
    name: HeaderName,
    why: &'static str,
}

/// The certificate in this header, as nginx's `$ssl_client_escaped_cert` or as RFC 9440 has it; none where it is empty or not
/// there. Only of a trusted proxy is it more than what somebody writes.
///
/// # Errors
///
/// It comes twice, or holds something else.
pub fn passed_on(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Shown>, Unreadable> {
    let refused = |why| Unreadable {
        name: name.clone(),
        why,
    };
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refused("comes more than once"));
    }
    let text = value.to_str().map(str::trim).unwrap_or("-");
    if text.is_empty() {
        return Ok(None);
    }
    let chain = match text.strip_prefix(':') {
        Some(rest) => rest.strip_suffix(':').and_then(bytes),
        None => escaped(text),
    };
    chain.and_then(Shown::read).map(Some).ok_or_else(|| {
        refused("holds no certificate: expected URL-encoded PEM, or :base64: (RFC 9440)")
    })
}

/// A byte sequence (RFC 9440 §2.1, RFC 9651 §3.3.5).
fn bytes(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    Some(vec![STANDARD.decode(text).ok()?.into()])
}

/// URL-encoded PEM; those that vouch for the client may follow its own. A `+` is one: this is no form.
fn escaped(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let pem: Vec<u8> = percent_decode_str(text).collect();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    chain.ok().filter(|chain| !chain.is_empty())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use rcgen::{CertificateParams, KeyPair};

    use super::passed_on;

    const NAME: HeaderName = HeaderName::from_static("x-client-cert");

    fn found(values: &[&str]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_str(value).expect("a value"));
        }
        let read = passed_on(&headers, &NAME).map_err(|_| ());
        read.map(|shown| shown.map(|shown| shown.thumbprint().to_owned()))
    }

    #[test]
    fn both_ways_of_writing_it_say_the_same() {
        let key = KeyPair::generate().expect("a key");
        let made = CertificateParams::default().self_signed(&key).expect("one");
        let pem = made.pem();
        let escaped = utf8_percent_encode(&pem, NON_ALPHANUMERIC).to_string();
        // Some leave `+`, `=` and `/` as they are.
        let lightly = pem.replace('\n', "%0A").replace(' ', "%20");
        let bytes = format!(":{}:", STANDARD.encode(made.der()));
        let own = found(&[&escaped]).expect("taken").expect("one");
        assert_eq!(found(&[&lightly]), Ok(Some(own.clone())));
        assert_eq!(found(&[&bytes]), Ok(Some(own)));
        assert_eq!((found(&[]), found(&[""])), (Ok(None), Ok(None)));
        for wrong in [
            &[bytes.as_str(), &bytes][..],
            &[&escaped, &bytes],
            &["", &bytes],
            &[&format!("{bytes}, {bytes}")],
            &[bytes.trim_matches(':')],
            &[bytes.trim_end_matches(':')],
            &["::"],
            &[":AAAA:"],
            &["(null)"],
            &["-----BEGIN%20CERTIFICATE-----"],
            &[&escaped.replace("CERTIFICATE", "PUBLIC%20KEY")],
        ] {
            assert_eq!(found(wrong), Err(()), "{wrong:?}");
        }
    }
}
