//! The certificates that clients show: read from their connection, or from what a proxy says of it.

use std::net::IpAddr;
use std::sync::Arc;

use gatepass_proto::client_auth::{AltName, Attribute, Certificate, DistinguishedName};
use gatepass_proto::{Digest, Timestamp};
use http::Extensions;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::tls::Authorities;

/// The most certificates of one chain.
const MAX_CHAIN: usize = 10;

/// A client's certificate, and those that came with it. A clone is another handle.
#[derive(Clone, Debug)]
pub struct Shown(Arc<Chain>);

#[derive(Debug)]
struct Chain {
    /// The client's own first.
    certificates: Vec<CertificateDer<'static>>,
    /// What its own says. Whether anybody vouches for it is asked at each request.
    said: Certificate,
}

/// What stands in the extensions of a request by a client that may show a certificate.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The certificate, if it has shown one.
    pub certificate: Option<Shown>,
}

impl Shown {
    /// Reads a chain, the client's own certificate first; `None` for what is none.
    pub fn read(certificates: Vec<CertificateDer<'static>>) -> Option<Self> {
        let own = certificates
            .first()
            .filter(|_| certificates.len() <= MAX_CHAIN)?;
        let said = read(own)?;
        Some(Self(Arc::new(Chain { certificates, said })))
    }

    /// The certificate of this request's connection.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Connection>()?.certificate.as_ref()
    }

    /// `x5t#S256` (RFC 8705 §3.1).
    pub fn thumbprint(&self) -> &str {
        &self.0.said.thumbprint
    }

    /// What a judgement knows of it. Connections last, so that it is asked anew each time whether it is vouched for.
    pub fn judged(&self, by: Option<&Authorities>, now: Timestamp) -> Arc<Certificate> {
        Arc::new(Certificate {
            is_trusted: by.is_some_and(|by| by.vouch_for(&self.0.certificates, now)),
            ..self.0.said.clone()
        })
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let names = certificate.subject_alternative_name().ok()?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let validity = certificate.validity();
    Some(Certificate {
        thumbprint: Digest::of(der).to_base64url(),
        subject: subject(certificate.subject())?,
        names: names.filter_map(alt_name).collect(),
        not_before: moment(validity.not_before),
        not_after: moment(validity.not_after),
        is_trusted: false,
    })
}

fn subject(name: &X509Name<'_>) -> Option<DistinguishedName> {
    let parts = name
        .iter_rdn()
        .map(|part| part.iter().map(attribute).collect::<Option<Vec<_>>>());
    Some(DistinguishedName::of(parts.collect::<Option<Vec<_>>>()?))
}

/// `None` for a value of a kind that no text can stand for either.
fn attribute(attribute: &AttributeTypeAndValue<'_>) -> Option<Attribute> {
    let value = attribute.attr_value();
    let header = &value.header;
    let number = u8::try_from(header.tag().0)
        .ok()
        .filter(|tag| *tag < 0x1f)?;
    let tag = (header.class() as u8) << 6 | u8::from(header.constructed()) << 5 | number;
    let oid = attribute.attr_type().to_id_string();
    Some(Attribute::new(oid, tag, value.data))
}

fn alt_name(name: &GeneralName<'_>) -> Option<AltName> {
    match name {
        GeneralName::DNSName(name) => Some(AltName::Dns((*name).to_owned())),
        GeneralName::URI(uri) => Some(AltName::Uri((*uri).to_owned())),
        GeneralName::RFC822Name(email) => Some(AltName::Email((*email).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or(v6).ok().map(AltName::Ip)
        }
        _ => None,
    }
}

/// No moment before 1970 matters here.
fn moment(time: ASN1Time) -> Timestamp {
    Timestamp::from_secs(u64::try_from(time.timestamp()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Timestamp;
    use gatepass_proto::client_auth::Subject;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, string::Ia5String};
    use rustls::pki_types::CertificateDer;

    use super::Shown;

    fn ia5(text: &str) -> Ia5String {
        text.try_into().expect("ASCII")
    }

    #[test]
    fn what_stands_in_a_certificate_is_read() {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        *name = rcgen::DistinguishedName::new();
        name.push(DnType::CountryName, "US");
        name.push(DnType::OrganizationName, "Example, Inc.");
        name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), "ORG-1");
        name.push(DnType::CommonName, "Röbot");
        params.subject_alt_names = vec![
            SanType::DnsName(ia5("robot.example.com")),
            SanType::URI(ia5("urn:example:robot")),
            SanType::IpAddress("192.0.2.1".parse().expect("an address")),
            SanType::IpAddress("2001:db8::1".parse().expect("an address")),
            SanType::Rfc822Name(ia5("robot@example.com")),
        ];
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let shown = Shown::read(vec![made.der().clone()]).expect("it is read");
        let said = shown.judged(None, Timestamp::from_secs(1_600_000_000));
        assert!(!said.is_trusted, "nobody is asked, so nobody vouches");
        assert_eq!(said.not_before, Timestamp::from_secs(1_577_836_800));
        assert_eq!(said.thumbprint.len(), 43);
        for (place, text) in [
            (
                0,
                r"CN=Röbot,organizationIdentifier=ORG-1,O=Example\, Inc.,C=US",
            ),
            (1, "robot.example.com"),
            (2, "urn:example:robot"),
            (3, "192.0.2.1"),
            (3, "2001:db8::1"),
            (4, "robot@example.com"),
        ] {
            let mut members = [None; 5];
            if let Some(member) = members.get_mut(place) {
                *member = Some(text);
            }
            let subject = Subject::read(members).expect("a name");
            assert!(subject.is_of(&said), "{text}: {said:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_taken_for_one() {
        let key = KeyPair::generate().expect("a key");
        let made = CertificateParams::default().self_signed(&key).expect("one");
        let longer = [made.der(), &[0][..]].concat();
        for wrong in [&b""[..], b"x", made.der().get(1..).expect("more"), &longer] {
            let wrong = CertificateDer::from(wrong.to_vec());
            assert!(Shown::read(vec![wrong]).is_none());
        }
        assert!(Shown::read(Vec::new()).is_none());
        assert!(Shown::read(vec![made.der().clone(); 11]).is_none());
    }
}
