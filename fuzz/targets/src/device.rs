//! The answers that begin a login elsewhere: of device authorization, of backchannel authentication, of a pushed
//! request. A person's terminal shows a part of them, and a clock is set by them.

use std::time::Duration;

use crate::world::{Counting, NOW};
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{
    DeviceFlow, DeviceSetup, Endpoint, Flow, Input, Notice, Response, Step,
};
use gatepass_proto::message::backchannel::BackchannelAuthenticationResponse;
use gatepass_proto::message::device::{DeviceAuthorizationRequest, DeviceAuthorizationResponse};
use gatepass_proto::message::par::ParResponse;
use gatepass_proto::{Cx, Timestamp};

/// Longer than this no server can make a client wait for the first question.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) fn run(body: &[u8]) {
    if let Ok(answer) = ParResponse::parse(body) {
        let written = answer.to_json().to_string();
        assert_eq!(ParResponse::parse(written.as_bytes()), Ok(answer));
    }
    if let Ok(answer) = BackchannelAuthenticationResponse::parse(body) {
        let written = answer.to_json().to_string();
        let read = BackchannelAuthenticationResponse::parse(written.as_bytes());
        assert_eq!(read, Ok(answer));
    }
    let answer = DeviceAuthorizationResponse::parse(body);
    if let Ok(answer) = &answer {
        let written = answer.to_json().to_string();
        // Percent-encoding makes a link longer, and may make it too long.
        if written.len() < 2048 {
            let read = DeviceAuthorizationResponse::parse(written.as_bytes());
            assert_eq!(read.as_ref(), Ok(answer));
        }
    }
    let mut flow = DeviceFlow::new(DeviceSetup {
        device_authorization_endpoint: "https://as.example/device".to_owned(),
        request: DeviceAuthorizationRequest::default(),
        extra: Default::default(),
        token: Endpoint::new("https://as.example/token", ClientCredentials::public("app")).into(),
    });
    let mut entropy = Counting(0);
    let cx = &mut Cx::new(NOW, &mut entropy);
    assert!(matches!(flow.step(Input::Start, cx), Ok(Step::Send(_))));
    let response = Response::new(body.to_vec());
    match flow.step(Input::Response(Ok(response)), cx) {
        Ok(Step::Show(notice)) => {
            check_notice(&notice);
            match flow.step(Input::Shown, cx) {
                Ok(Step::Wait(until)) => check_wait(until),
                _ => panic!("a login that was shown is waited for"),
            }
        }
        Ok(_) => panic!("nothing but a notice follows"),
        Err(_) => {}
    }
}

fn check_notice(notice: &Notice) {
    let harmless = |text: &str| text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    assert!(notice.text.lines().all(harmless), "{notice:?}");
    assert!(notice.user_code.as_deref().is_some_and(harmless));
    let link = notice.link.as_ref().expect("a link");
    let host = link.host_str().expect("a host");
    assert!(link.scheme() == "https" || host == "localhost" || !host.contains(char::is_alphabetic));
    assert!(link.username().is_empty() && link.password().is_none());
}

fn check_wait(until: Timestamp) {
    let pause = until.since(NOW);
    assert!(
        (Duration::from_secs(1)..=LONGEST).contains(&pause),
        "{pause:?}"
    );
}
