//! Whatever stands in the headers, nobody passes by accident and nothing panics.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use proptest::prelude::*;

use super::{ask, get};
use crate::X_API_KEY;

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
});

fn refused(authorization: Option<&[u8]>, api_key: Option<&[u8]>) -> bool {
    let mut request = get();
    for (name, value) in [
        (http::header::AUTHORIZATION, authorization),
        (X_API_KEY, api_key),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value).ok()) {
            request = request.header(name, value);
        }
    }
    let answer = RUNTIME.block_on(ask(request));
    answer.starts_with("400") || answer.starts_with("401")
}

/// Bytes that a header may hold.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        0x21..0x7fu8,
        0x80..=0xffu8,
        prop::sample::select(b"\t ,:.=".to_vec())
    ];
    prop::collection::vec(byte, 0..80)
}

proptest! {
    #[test]
    fn anything_in_one_header(value in bytes()) {
        prop_assert!(refused(Some(&value), None));
        prop_assert!(refused(None, Some(&value)));
        prop_assert!(refused(Some(&value), Some(&value)));
    }

    #[test]
    fn anything_behind_a_scheme(
        scheme in prop::sample::select(vec!["Basic ", "basic\t", "Bearer ", "bearer  ", "Bearer gp_ak_"]),
        value in bytes(),
    ) {
        prop_assert!(refused(Some(&[scheme.as_bytes(), &value].concat()), None));
    }

    #[test]
    fn anything_in_base64(value in prop::collection::vec(any::<u8>(), 0..80)) {
        let header = format!("Basic {}", STANDARD.encode(&value));
        prop_assert!(refused(Some(header.as_bytes()), None));
    }
}
