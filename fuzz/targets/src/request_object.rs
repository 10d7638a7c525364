//! Signed request objects: any text is survived and none is believed; claims under a right signature give their
//! parameters only when they are this client's, and for this server.

use crate::world::{KEY, NOW, RULES};
use gatepass_proto::Params;
use gatepass_proto::jose::KeySet;
use gatepass_proto::jose::request_object::{Expect, TYP, check};
use gatepass_proto::message::authorization::AuthorizationRequest;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let keys = KeySet::of([KEY.jwk()]);
    let expect = Expect {
        client_id: "cl_1",
        issuer: &RULES.issuer,
        algorithms: &[],
        dated: false,
    };
    let read = |token: &str| -> Option<Params> { check(token, &keys, &expect, NOW).ok() };
    assert!(read(text).is_none());
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let Ok(token) = KEY.sign(TYP, &claims) else {
        return;
    };
    let Some(params) = read(&token) else {
        return;
    };
    assert_eq!(claims["iss"], "cl_1");
    assert_eq!(claims["client_id"], "cl_1");
    for name in [
        "iss",
        "aud",
        "exp",
        "request",
        "request_uri",
        "client_secret",
    ] {
        assert!(params.get(name).is_none());
    }
    let _ = AuthorizationRequest::parse(&params);
}
