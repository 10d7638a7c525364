//! Server metadata, and where it is looked for.

use gatepass_proto::message::metadata::{ServerMetadata, locations};
use url::Url;

pub(crate) fn run(data: &[u8]) {
    if let Ok(metadata) = serde_json::from_slice::<ServerMetadata>(data) {
        let written = serde_json::to_vec(&metadata).expect("serialises");
        assert_eq!(
            serde_json::from_slice::<ServerMetadata>(&written).expect("reads back"),
            metadata
        );
    }
    let Some(issuer) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Url::parse(text).ok())
    else {
        return;
    };
    if issuer.cannot_be_a_base() {
        return;
    }
    for place in locations(&issuer) {
        assert_eq!(
            place.origin().ascii_serialization(),
            issuer.origin().ascii_serialization()
        );
        assert_eq!((place.query(), place.fragment()), (None, None));
        assert!(place.path().contains("/.well-known/"), "{place}");
    }
}
