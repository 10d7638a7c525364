//! The `claims` parameter: what is asked for is bounded, reads back, and admits a value only as it says.

use gatepass_proto::message::claims::ClaimsRequest;
use serde_json::Value;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(asked) = ClaimsRequest::parse(text) else {
        return;
    };
    assert!(text.len() <= 8 * 1024);
    let read = ClaimsRequest::from_value(&asked.to_value());
    assert_eq!(read.as_ref(), Ok(&asked));
    assert!(asked.userinfo.len() <= 64 && asked.id_token.len() <= 64);
    let nothing = asked.userinfo.is_empty() && asked.id_token.is_empty();
    assert_eq!(asked.is_empty(), nothing);
    for (name, claim) in asked.userinfo.iter().chain(&asked.id_token) {
        assert!(name.len() <= 128 && claim.values.len() <= 32);
        let only = claim.value.iter();
        let any = claim.values.iter().filter(|_| claim.value.is_none());
        for value in only.chain(any) {
            assert!(claim.admits(value));
        }
        let free = claim.value.is_none() && claim.values.is_empty();
        let other = Value::from("a value that no input has by chance");
        assert_eq!(claim.admits(&other), free);
    }
}
