use std::collections::BTreeMap;

use super::elsewhere::{Elsewhere, Pending};
use super::{Flow, FlowError, Granted, Input, Notice, Step, TokenSetup};
use crate::Cx;
use crate::grant::device_code::DeviceCode;
use crate::message::device::{DeviceAuthorizationRequest, DeviceAuthorizationResponse};

/// What a login on another device needs to know.
#[derive(Clone, Debug)]
pub struct DeviceSetup {
    /// `device_authorization_endpoint`. The client shows itself there as it does at the token endpoint.
    pub device_authorization_endpoint: String,
    /// What is asked for.
    pub request: DeviceAuthorizationRequest,
    /// What else the server wants to hear, such as Auth0's `audience`.
    pub extra: BTreeMap<String, String>,
    /// The token endpoint, and how an ID token is checked.
    pub token: TokenSetup,
}

/// A login on another device (RFC 8628): shows a link and a code, and asks until the person has used them.
///
/// It waits as long as the server said. Meanwhile a network that fails, and a server that is busy, only make the
/// questions rarer.
#[derive(Debug)]
pub struct DeviceFlow(Elsewhere<DeviceCode>);

impl DeviceFlow {
    /// A login that has not begun.
    pub fn new(setup: DeviceSetup) -> Self {
        let mut params = setup.request.to_params();
        for (name, value) in &setup.extra {
            params.push(name, value);
        }
        Self(Elsewhere::new(
            setup.device_authorization_endpoint,
            params,
            setup.token,
        ))
    }
}

impl Flow for DeviceFlow {
    type Output = Granted;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        self.0.step(input, cx, |body| {
            let answer = DeviceAuthorizationResponse::parse(body)?;
            Ok(Pending {
                notice: notice(&answer),
                grant: DeviceCode {
                    device_code: answer.device_code,
                },
                expires_in: answer.expires_in,
                interval: answer.interval,
            })
        })
    }
}

/// The code is shown beside the complete link too, for the person to compare (RFC 8628 §3.3.1).
fn notice(answer: &DeviceAuthorizationResponse) -> Notice {
    let (link, code) = (&answer.verification_uri, &answer.user_code);
    let complete = answer.verification_uri_complete.as_ref();
    Notice {
        text: format!("Log in on any device: open\n\n  {link}\n\nand enter the code {code}\n"),
        link: Some(complete.unwrap_or(link).clone()),
        user_code: Some(code.clone()),
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
pub(super) mod tests;
