//! Signed authorization answers: any text is survived and none is believed; claims under a right signature give their
//! parameters only when they are for this client.

use crate::world::{KEY, NOW, RULES};
use gatepass_proto::Params;
use gatepass_proto::jose::{KeySet, jarm};
use gatepass_proto::message::authorization::AuthorizationResponse;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let keys = KeySet::of([KEY.jwk()]);
    let check = |token: &str| -> Option<Params> {
        jarm::check(token, &keys, &RULES.issuer, "cl_1", NOW).ok()
    };
    assert!(check(text).is_none());
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let Ok(token) = KEY.sign("JWT", &claims) else {
        return;
    };
    let Some(params) = check(&token) else {
        return;
    };
    assert_eq!(claims["iss"], RULES.issuer);
    assert!(claims["exp"].as_f64().expect("a number") + 300.0 > NOW.as_secs() as f64);
    for name in ["aud", "exp", "iat", "nbf", "jti"] {
        assert!(params.get(name).is_none());
    }
    let _ = AuthorizationResponse::parse(&params);
}
