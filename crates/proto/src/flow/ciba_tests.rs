use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{CibaFlow, CibaSetup};
use crate::Secret;
use crate::client_auth::ClientCredentials;
use crate::flow::testing::{NOW, Next, Talk, done, failed, form, header, refused, sent, shown};
use crate::flow::{Endpoint, FlowError, Input, Step};
use crate::message::backchannel::{BackchannelAuthenticationRequest, Hint};

fn setup() -> CibaSetup {
    let client = ClientCredentials::confidential("app", Secret::new("s"));
    let scope = "openid read".parse().expect("a scope");
    CibaSetup {
        backchannel_authentication_endpoint: "https://as.example/bc".to_owned(),
        request: BackchannelAuthenticationRequest {
            binding_message: Some("W4SCT".to_owned()),
            ..BackchannelAuthenticationRequest::new(scope, Hint::Login("somebody".to_owned()))
        },
        extra: BTreeMap::from([("ui_locales".to_owned(), "de".to_owned())]),
        token: Endpoint::new("https://as.example/token", client).into(),
    }
}

fn begun(answer: &Value) -> (Talk<CibaFlow>, Next<CibaFlow>) {
    let mut talk = Talk::new(CibaFlow::new(setup()));
    talk.start();
    let next = talk.answer(200, answer);
    (talk, next)
}

#[test]
fn a_login_from_beginning_to_end() {
    let mut talk = Talk::new(CibaFlow::new(setup()));
    let request = talk.start();
    assert_eq!(request.uri(), "https://as.example/bc");
    assert!(header(&request, "authorization").starts_with("Basic "));
    let params = form(&request);
    assert_eq!(params.get("scope"), Some("openid read"));
    assert_eq!(params.get("login_hint"), Some("somebody"));
    assert_eq!(params.get("binding_message"), Some("W4SCT"));
    assert_eq!(params.get("ui_locales"), Some("de"));

    let answer = json!({ "auth_req_id": "req-1", "expires_in": 120, "interval": 2 });
    let Ok(Step::Show(notice)) = talk.answer(200, &answer) else {
        panic!("expected a notice");
    };
    assert!(notice.text.contains("W4SCT"));
    assert_eq!((notice.link, notice.user_code), (None, None));

    let mut next = talk.feed(Input::Shown);
    for (wait, error) in [
        (2, "authorization_pending"),
        (2, "slow_down"),
        (7, "authorization_pending"),
    ] {
        let (pause, asked) = talk.sleep(next);
        assert_eq!(pause, Duration::from_secs(wait));
        let request = sent(asked);
        assert_eq!(request.uri(), "https://as.example/token");
        assert!(header(&request, "authorization").starts_with("Basic "));
        let params = form(&request);
        assert_eq!(
            params.get("grant_type"),
            Some("urn:openid:params:grant-type:ciba")
        );
        assert_eq!(params.get("auth_req_id"), Some("req-1"));
        next = talk.answer(400, &json!({ "error": error }));
    }
    sent(talk.sleep(next).1);
    assert!(!format!("{:?}", talk.flow).contains("req-1"));
    let granted = done(talk.answer(200, &json!({ "access_token": "at" })));
    assert_eq!(granted.token.access_token.expose(), "at");
}

#[test]
fn a_no_is_a_no_and_an_outage_is_none() {
    let answer = json!({ "auth_req_id": "req-1" });
    for error in [
        "access_denied",
        "expired_token",
        "invalid_grant",
        "transaction_failed",
    ] {
        let (mut talk, _) = begun(&answer);
        let next = talk.feed(Input::Shown);
        let (_, next) = talk.sleep(next);
        sent(next);
        let next = talk.lose();
        let (pause, next) = talk.sleep(next);
        assert_eq!(pause, Duration::from_secs(10));
        sent(next);
        assert_eq!(refused(talk.answer(400, &json!({ "error": error }))), error);
    }
}

#[test]
fn it_ends_with_its_lifetime() {
    let (mut talk, _) = begun(&json!({ "auth_req_id": "req-1", "expires_in": 60 }));
    let mut next = talk.feed(Input::Shown);
    while next.is_ok() {
        sent(talk.sleep(next).1);
        next = talk.answer(400, &json!({ "error": "authorization_pending" }));
    }
    assert_eq!(refused(next), "expired_token");
    assert_eq!(talk.now, NOW + Duration::from_secs(60));
}

#[test]
fn the_first_endpoint_refuses_for_good() {
    for error in [
        "unknown_user_id",
        "missing_user_code",
        "invalid_binding_message",
    ] {
        let (_, next) = begun(&json!({ "error": error }));
        assert_eq!(refused(next), error);
    }
    for answer in [
        json!({}),
        json!({ "auth_req_id": "" }),
        json!([]),
        json!("x"),
    ] {
        let (_, next) = begun(&answer);
        let text = shown(&next);
        assert!(matches!(failed(next), FlowError::BadAnswer(_)), "{text}");
    }
}
