use std::collections::BTreeMap;

use super::elsewhere::{Elsewhere, Pending};
use super::{Flow, FlowError, Granted, Input, Notice, Step, TokenSetup};
use crate::Cx;
use crate::grant::ciba::AuthReqId;
use crate::message::backchannel::{
    BackchannelAuthenticationRequest, BackchannelAuthenticationResponse,
};

/// What a login on the person's own device needs to know.
#[derive(Clone, Debug)]
pub struct CibaSetup {
    /// `backchannel_authentication_endpoint`. The client shows itself there as it does at the token endpoint.
    pub backchannel_authentication_endpoint: String,
    /// What is asked for, and of whom.
    pub request: BackchannelAuthenticationRequest,
    /// What else the server wants to hear.
    pub extra: BTreeMap<String, String>,
    /// The token endpoint, and how the ID token is checked.
    pub token: TokenSetup,
}

/// A login on a device that the person has with them (OpenID Connect CIBA Core 1.0, poll mode): has the server ask them,
/// and asks it until they have answered, with the patience of a [`DeviceFlow`](super::DeviceFlow).
#[derive(Debug)]
pub struct CibaFlow {
    login: Elsewhere<AuthReqId>,
    notice: Notice,
}

impl CibaFlow {
    /// A login that has not begun.
    pub fn new(setup: CibaSetup) -> Self {
        let mut params = setup.request.to_params();
        for (name, value) in &setup.extra {
            params.push(name, value);
        }
        Self {
            notice: notice(setup.request.binding_message.as_deref()),
            login: Elsewhere::new(
                setup.backchannel_authentication_endpoint,
                params,
                setup.token,
            ),
        }
    }
}

impl Flow for CibaFlow {
    type Output = Granted;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        let Self { login, notice } = self;
        login.step(input, cx, |body| {
            let answer = BackchannelAuthenticationResponse::parse(body)?;
            Ok(Pending {
                grant: AuthReqId {
                    auth_req_id: answer.auth_req_id,
                },
                expires_in: answer.expires_in,
                interval: answer.interval,
                notice: notice.clone(),
            })
        })
    }
}

/// The person must see the same words on both devices, or they are asked in somebody else's name (CIBA §7.1).
fn notice(binding_message: Option<&str>) -> Notice {
    let text = "Confirm the login on your own device.\n".to_owned();
    match binding_message {
        Some(message) => format!("{text}Do so only if it shows: {message}\n").into(),
        None => text.into(),
    }
}

#[cfg(test)]
#[path = "ciba_tests.rs"]
mod tests;
