use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{DeviceFlow, DeviceSetup};
use crate::Cx;
use crate::dpop::Dpop;
use crate::flow::testing::{
    Counting, NOW, Next, Talk, client, done, failed, form, header, refused, response, sent, shown,
};
use crate::flow::{Endpoint, FlowError, Input, Request, Step};
use crate::message::device::DeviceAuthorizationRequest;

pub(in crate::flow) const LIFETIME: u64 = 900;

pub(in crate::flow) fn setup() -> DeviceSetup {
    DeviceSetup {
        device_authorization_endpoint: "https://as.example/device".to_owned(),
        request: DeviceAuthorizationRequest {
            scope: Some("read".parse().expect("a scope")),
            resource: Vec::new(),
        },
        extra: BTreeMap::from([("audience".to_owned(), "https://api.example".to_owned())]),
        token: Endpoint::new("https://as.example/token", client()).into(),
    }
}

pub(in crate::flow) fn answer() -> Value {
    json!({
        "device_code": "dev-code-1", "user_code": "WDJB-MJHT",
        "verification_uri": "https://as.example/go",
        "verification_uri_complete": "https://as.example/go?user_code=WDJB-MJHT",
        "expires_in": LIFETIME,
    })
}

pub(in crate::flow) fn pending() -> Value {
    json!({ "error": "authorization_pending" })
}

pub(in crate::flow) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A conversation that has shown its notice, and what it does then.
pub(in crate::flow) fn shown_with(
    setup: DeviceSetup,
    answer: &Value,
) -> (Talk<DeviceFlow>, Next<DeviceFlow>) {
    let mut talk = Talk::new(DeviceFlow::new(setup));
    talk.start();
    let next = talk.answer(200, answer);
    assert!(matches!(next, Ok(Step::Show(_))), "{}", shown(&next));
    let next = talk.feed(Input::Shown);
    (talk, next)
}

/// A conversation that asks the token endpoint for the first time.
pub(in crate::flow) fn asking(setup: DeviceSetup) -> (Talk<DeviceFlow>, Request) {
    let (mut talk, next) = shown_with(setup, &answer());
    let (pause, next) = talk.sleep(next);
    assert_eq!(pause, seconds(5), "RFC 8628 §3.2: 5 where nothing is said");
    (talk, sent(next))
}

#[test]
fn a_login_from_beginning_to_end() {
    let mut talk = Talk::new(DeviceFlow::new(setup()));
    let request = talk.start();
    assert_eq!(request.uri(), "https://as.example/device");
    let params = form(&request);
    assert_eq!(params.get("client_id"), Some("app"));
    assert_eq!(params.get("scope"), Some("read"));
    assert_eq!(params.get("audience"), Some("https://api.example"));

    let Ok(Step::Show(notice)) = talk.answer(200, &answer()) else {
        panic!("expected a notice");
    };
    assert!(notice.text.contains("https://as.example/go\n"));
    assert!(notice.text.contains("WDJB-MJHT"));
    assert_eq!(notice.user_code.as_deref(), Some("WDJB-MJHT"));
    let link = notice.link.expect("a link");
    assert_eq!(link.as_str(), "https://as.example/go?user_code=WDJB-MJHT");

    // The person read it for a minute.
    talk.now = talk.now + seconds(60);
    let next = talk.feed(Input::Shown);
    let (pause, next) = talk.sleep(next);
    assert_eq!(pause, seconds(5));
    let request = sent(next);
    assert_eq!(request.uri(), "https://as.example/token");
    let params = form(&request);
    let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(params.get("grant_type"), Some(grant_type));
    assert_eq!(params.get("device_code"), Some("dev-code-1"));
    assert_eq!(params.get("client_id"), Some("app"));

    let asked_at = talk.now;
    let granted = done(talk.answer(200, &json!({ "access_token": "at", "expires_in": 60 })));
    assert_eq!(granted.token.access_token.expose(), "at");
    assert_eq!(granted.asked_at, asked_at);
}

#[test]
fn the_plain_link_serves_where_there_is_no_complete_one() {
    let mut plain = answer();
    plain["verification_uri_complete"] = Value::Null;
    let mut talk = Talk::new(DeviceFlow::new(setup()));
    talk.start();
    let Ok(Step::Show(notice)) = talk.answer(200, &plain) else {
        panic!("expected a notice");
    };
    assert_eq!(
        notice.link.expect("a link").as_str(),
        "https://as.example/go"
    );
}

#[test]
fn the_first_endpoint_refuses_for_good() {
    let begun = || {
        let mut talk = Talk::new(DeviceFlow::new(setup()));
        talk.start();
        talk
    };
    for (status, error) in [
        (400, "invalid_scope"),
        (401, "invalid_client"),
        (200, "invalid_scope"),
    ] {
        let next = begun().answer(status, &json!({ "error": error }));
        assert_eq!(refused(next), error);
    }
    assert!(failed(begun().hear(response(503, &[], ""))).is_temporary());
    assert!(failed(begun().lose()).is_temporary());
    for (name, value) in [
        ("device_code", json!("")),
        ("user_code", json!("A\u{1b}[2J")),
        ("verification_uri", json!("http://as.example/go")),
        ("verification_uri", json!("https://as.example/\u{7}")),
    ] {
        let mut wrong = answer();
        wrong[name] = value;
        let error = failed(begun().answer(200, &wrong));
        assert!(
            matches!(error, FlowError::BadAnswer(_)),
            "{name}: {error:?}"
        );
    }
    let mut nowhere = setup();
    nowhere.device_authorization_endpoint = "device".to_owned();
    let error = failed(Talk::new(DeviceFlow::new(nowhere)).feed(Input::Start));
    assert!(matches!(error, FlowError::Setup(_)));
}

#[test]
fn inputs_out_of_turn_are_noticed() {
    let out_of_turn = |next: Next<DeviceFlow>| matches!(next, Err(FlowError::OutOfTurn));
    let mut talk = Talk::new(DeviceFlow::new(setup()));
    assert!(out_of_turn(talk.feed(Input::Woke)));
    assert!(out_of_turn(talk.feed(Input::Shown)));
    let (mut talk, _) = shown_with(setup(), &answer());
    assert!(out_of_turn(talk.feed(Input::Start)));
    assert!(out_of_turn(talk.answer(200, &json!({}))));
}

#[test]
fn the_key_proves_itself_at_every_question() {
    let mut setup = setup();
    let dpop = Dpop::generate(&mut Cx::new(NOW, &mut Counting(7))).expect("a key");
    setup.token.endpoint.dpop = Some(dpop);
    let (mut talk, request) = asking(setup);
    let first = header(&request, "dpop").to_owned();
    let wants_nonce = response(
        400,
        &[("dpop-nonce", "n-1")],
        r#"{"error":"use_dpop_nonce"}"#,
    );
    // Asked again at once, for the server has not judged the code yet.
    let second = sent(talk.hear(wants_nonce));
    assert_ne!(header(&second, "dpop"), first);
    assert_eq!(form(&second).get("device_code"), Some("dev-code-1"));
    // The nonce is known to the next question too.
    let next = talk.answer(400, &pending());
    let third = sent(talk.sleep(next).1);
    assert!(header(&third, "dpop").len() > first.len());
}

#[test]
fn codes_do_not_print() {
    let (mut talk, _) = asking(setup());
    assert!(!format!("{:?}", talk.flow).contains("dev-code-1"));
    let next = talk.answer(400, &pending());
    assert!(!shown(&next).contains("dev-code-1"));
}
