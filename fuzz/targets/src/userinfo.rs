//! A UserInfo endpoint's answers, plain and signed: nobody else's are believed.

use crate::world::{Counting, KEY, NOW, RULES};
use gatepass_proto::flow::{
    Flow, Input, Response, SignedUserInfo, Step, UserInfoFlow, UserInfoSetup,
};
use gatepass_proto::message::userinfo::UserInfo;
use gatepass_proto::{ClientId, Cx, Secret};
use serde_json::Value;

pub(crate) fn run(body: &[u8]) {
    if let Ok(info) = UserInfo::parse(body) {
        let written = info.to_json().to_string();
        let read = UserInfo::parse(written.as_bytes()).expect("reads back");
        assert_eq!(read.sub(), info.sub());
        assert_eq!(read.claims().len(), info.claims().len());
    }
    if let Some(info) = answered("application/json", body) {
        assert_eq!(info.sub(), Some("us_1"));
    }
    // Nobody forges our signature.
    assert_eq!(answered("application/jwt", body), None);
    let Ok(claims) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let token = KEY.sign("JWT", &claims).expect("signs");
    if let Some(info) = answered("application/jwt", token.as_bytes()) {
        assert_eq!(info.sub(), Some("us_1"));
        assert_eq!(claims["iss"], RULES.issuer.as_str());
        let aud = &claims["aud"];
        let listed = aud
            .as_array()
            .is_some_and(|all| all.contains(&"cl_1".into()));
        assert!(*aud == "cl_1" || listed, "{aud}");
    }
}

fn answered(media_type: &'static str, body: &[u8]) -> Option<UserInfo> {
    let mut flow = UserInfoFlow::new(UserInfoSetup {
        endpoint: "https://as.example/userinfo".to_owned(),
        access_token: Secret::new("at"),
        dpop: None,
        sub: Some("us_1".to_owned()),
        signed: Some(SignedUserInfo {
            issuer: RULES.issuer.clone(),
            client_id: ClientId::new("cl_1"),
            keys: RULES.keys.clone(),
            algorithms: Vec::new(),
            client_secret: None,
        }),
    });
    let mut entropy = Counting(0);
    let cx = &mut Cx::new(NOW, &mut entropy);
    assert!(matches!(flow.step(Input::Start, cx), Ok(Step::Send(_))));
    let mut response = Response::new(body.to_vec());
    let media_type = media_type.parse().expect("a header value");
    response.headers_mut().insert("content-type", media_type);
    match flow.step(Input::Response(Ok(response)), cx) {
        Ok(Step::Done(info)) => Some(info),
        Ok(_) => panic!("one answer ends it"),
        Err(_) => None,
    }
}
