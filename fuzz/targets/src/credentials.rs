//! The `Authorization` header, as such and as a client's proof.

use gatepass_proto::Params;
use gatepass_proto::client_auth::{self, Presented, Trial};
use gatepass_proto::decide::{Done, Halt};
use gatepass_proto::message::credentials::Credentials;

use crate::world::{NOW, RULES};

pub(crate) fn run(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(credentials) = Credentials::parse(header) {
        let written = credentials.to_header();
        assert_eq!(
            Credentials::parse(written.expose()).as_ref(),
            Ok(&credentials)
        );
        if let Credentials::Basic { username, password } = &credentials {
            assert!(!username.contains(':'));
            assert!(
                !username
                    .chars()
                    .chain(password.expose().chars())
                    .any(char::is_control)
            );
        }
    }
    let params = Params::new();
    let presented = Presented::read(Some(header), &params);
    let trial = Trial {
        facts: &crate::world::facts(),
        rules: &RULES,
        now: NOW,
    };
    match client_auth::proven(&presented, trial, |_| Ok(Done::unchanged(()))) {
        Ok(_) => panic!("the client has no secret, so nothing proves it"),
        Err(Halt::Need(_) | Halt::Refuse(_)) => {}
    }
}
