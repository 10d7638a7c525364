//! Rich authorization requests: any text is survived; what is taken has types, is within itself and reads back.

use gatepass_proto::message::authorization_details::{is_within, parse, types};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(details) = parse(text) else {
        return;
    };
    let objects = details.as_array().expect("an array");
    assert!((1..=16).contains(&objects.len()));
    assert_eq!(types(&details).count(), objects.len());
    assert!(is_within(&details, &details));
    let written = details.to_string();
    if written.len() <= 8 * 1024 {
        assert_eq!(parse(&written), Ok(details));
    }
}
