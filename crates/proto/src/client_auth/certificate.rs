//! The certificate that a client shows, and the name by which an operator or the client itself has said that it will be
//! known (RFC 8705 §2.1.2).

use std::net::IpAddr;

use super::DistinguishedName;
use crate::Timestamp;
use crate::decide::details::ClientDetails;

/// A certificate whose key the client has proven to have: to this server or to a proxy that it trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `x5t#S256`: the SHA-256 of its DER, as base64url (RFC 8705 §3.1).
    pub thumbprint: String,
    /// Its subject.
    pub subject: DistinguishedName,
    /// What stands in its `subjectAltName` (RFC 5280 §4.2.1.6).
    pub names: Vec<AltName>,
    /// When it begins to be good.
    pub not_before: Timestamp,
    /// When it ceases to be good; that second is its last.
    pub not_after: Timestamp,
    /// Whether one of the authorities that are trusted for clients vouches for it at this moment.
    pub is_trusted: bool,
}

/// A name besides the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    /// `dNSName`.
    Dns(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// `iPAddress`.
    Ip(IpAddr),
    /// `rfc822Name`.
    Email(String),
}

/// The one name by which a client is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `tls_client_auth_subject_dn`.
    Dn(DistinguishedName),
    /// One of the `tls_client_auth_san_` members.
    Alt(AltName),
}

impl Certificate {
    /// Whether it is good at this moment by its own dates.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now.as_secs() <= self.not_after.as_secs()
    }
}

impl AltName {
    /// Whether both name the same: hosts in any case, addresses of machines as numbers, the rest exactly (RFC 5280 §7.2 to
    /// §7.5, RFC 8705 §2.1.2). A wildcard stands for itself alone.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dns(own), Self::Dns(other)) => own.eq_ignore_ascii_case(other),
            (Self::Email(own), Self::Email(other)) => {
                match (own.rsplit_once('@'), other.rsplit_once('@')) {
                    (Some((own, host)), Some((other, other_host))) => {
                        own == other && host.eq_ignore_ascii_case(other_host)
                    }
                    _ => false,
                }
            }
            (own, other) => own == other,
        }
    }
}

impl Subject {
    /// The name that a client is registered with.
    ///
    /// # Errors
    ///
    /// There is not exactly one, or it is malformed.
    pub fn of(details: &ClientDetails) -> Result<Self, &'static str> {
        Self::read([
            details.tls_client_auth_subject_dn.as_deref(),
            details.tls_client_auth_san_dns.as_deref(),
            details.tls_client_auth_san_uri.as_deref(),
            details.tls_client_auth_san_ip.as_deref(),
            details.tls_client_auth_san_email.as_deref(),
        ])
    }

    /// Reads the members in the order of RFC 8705 §2.1.2: `subject_dn`, `san_dns`, `san_uri`, `san_ip`, `san_email`.
    ///
    /// # Errors
    ///
    /// There is not exactly one, or it is malformed.
    pub fn read(members: [Option<&str>; 5]) -> Result<Self, &'static str> {
        let filled = |text: &str| match text.is_empty() {
            true => Err("one of the tls_client_auth_ names is empty"),
            false => Ok(text.to_owned()),
        };
        match members {
            [Some(dn), None, None, None, None] => DistinguishedName::parse(dn).map(Self::Dn),
            [None, Some(dns), None, None, None] => filled(dns).map(AltName::Dns).map(Self::Alt),
            [None, None, Some(uri), None, None] => filled(uri).map(AltName::Uri).map(Self::Alt),
            [None, None, None, Some(ip), None] => match ip.parse() {
                Ok(ip) => Ok(Self::Alt(AltName::Ip(ip))),
                Err(_) => Err("tls_client_auth_san_ip is not an IP address"),
            },
            [None, None, None, None, Some(email)] => match email.rsplit_once('@') {
                Some((local, host)) if !local.is_empty() && !host.is_empty() => {
                    Ok(Self::Alt(AltName::Email(email.to_owned())))
                }
                _ => Err("tls_client_auth_san_email is not an address of mail"),
            },
            _ => Err("tls_client_auth takes exactly one of the tls_client_auth_ names"),
        }
    }

    /// Whether the certificate is for this name.
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Dn(name) => *name == certificate.subject,
            Self::Alt(name) => certificate.names.iter().any(|own| own.is(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AltName, Certificate, Subject};
    use crate::Timestamp;
    use crate::client_auth::DistinguishedName;

    fn certificate() -> Certificate {
        Certificate {
            thumbprint: String::new(),
            subject: DistinguishedName::parse("CN=Shop,O=Example").expect("a name"),
            names: vec![
                AltName::Dns("shop.example.com".to_owned()),
                AltName::Uri("https://shop.example.com/Robot".to_owned()),
                AltName::Ip("2001:db8::1".parse().expect("an address")),
                AltName::Email("Robot@shop.example.com".to_owned()),
            ],
            not_before: Timestamp::from_secs(10),
            not_after: Timestamp::from_secs(20),
            is_trusted: true,
        }
    }

    #[test]
    fn a_client_is_known_by_one_name_of_each_kind() {
        for (place, good, bad) in [
            (
                0,
                vec!["cn=shop, o=example"],
                vec!["CN=Shop", "O=Example,CN=Shop"],
            ),
            (
                1,
                vec!["shop.example.com", "SHOP.example.com"],
                vec!["*.example.com", "shop.example.com.", "example.com", "Shop"],
            ),
            (
                2,
                vec!["https://shop.example.com/Robot"],
                vec![
                    "https://shop.example.com/robot",
                    "https://shop.example.com/",
                ],
            ),
            (
                3,
                vec!["2001:db8::1", "2001:DB8:0:0:0:0:0:1"],
                vec!["2001:db8::2", "192.0.2.1"],
            ),
            (
                4,
                vec!["Robot@shop.example.com", "Robot@SHOP.EXAMPLE.COM"],
                vec!["robot@shop.example.com", "Robot@example.com"],
            ),
        ] {
            let subject = |text| {
                let mut members = [None; 5];
                members[place] = Some(text);
                Subject::read(members).expect("a name")
            };
            for text in good {
                assert!(subject(text).is_of(&certificate()), "{text}");
            }
            for text in bad {
                assert!(!subject(text).is_of(&certificate()), "{text}");
            }
        }
    }

    #[test]
    fn a_name_of_one_kind_is_none_of_another() {
        let dns = Subject::read([
            None,
            Some("https://shop.example.com/Robot"),
            None,
            None,
            None,
        ]);
        assert!(!dns.expect("a name").is_of(&certificate()));
    }

    #[test]
    fn there_is_exactly_one_name_and_it_is_well_formed() {
        for members in [
            [None; 5],
            [Some("CN=a"), Some("a"), None, None, None],
            [None, Some("a"), None, None, Some("a@b")],
            [Some("a"), None, None, None, None],
            [None, Some(""), None, None, None],
            [None, None, Some(""), None, None],
            [None, None, None, Some("shop.example.com"), None],
            [None, None, None, Some("192.0.2.1/24"), None],
            [None, None, None, None, Some("shop.example.com")],
            [None, None, None, None, Some("@shop.example.com")],
        ] {
            assert!(Subject::read(members).is_err(), "{members:?}");
        }
    }

    #[test]
    fn the_last_second_of_a_certificate_is_good() {
        let at = |millis| certificate().is_valid(Timestamp::from_millis(millis));
        assert!(at(10_000) && at(20_999));
        assert!(!at(9_999) && !at(21_000));
    }
}
