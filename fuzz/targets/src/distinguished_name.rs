//! Names of certificates as text (RFC 4514): case tells no two apart, and more is another.

use gatepass_proto::client_auth::DistinguishedName;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let read = DistinguishedName::parse(text);
    assert_eq!(DistinguishedName::parse(&text.to_ascii_uppercase()), read);
    let Ok(name) = read else { return };
    assert!(text.len() <= 2048 && text.contains('='), "{text:?}");
    for longer in [format!("CN=more,{text}"), format!("{text},CN=more")] {
        match DistinguishedName::parse(&longer) {
            Ok(other) => assert_ne!(other, name, "{longer:?}"),
            Err(_) => assert!(longer.len() > 2048, "{longer:?}"),
        }
    }
}
