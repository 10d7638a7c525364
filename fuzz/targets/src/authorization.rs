//! Authorization requests and answers: the same when written and read again.

use gatepass_proto::Params;
use gatepass_proto::message::authorization::{AuthorizationRequest, AuthorizationResponse};

pub(crate) fn run(query: &[u8]) {
    let Ok(params) = Params::parse_form(query) else {
        return;
    };
    if let Ok(request) = AuthorizationRequest::parse(&params) {
        let written = request.to_params().to_form();
        let params = Params::parse_form(written.as_bytes()).expect("well formed");
        assert_eq!(AuthorizationRequest::parse(&params), Ok(request));
    }
    if let Some(response) = AuthorizationResponse::parse(&params) {
        let written = response.to_params().to_form();
        let params = Params::parse_form(written.as_bytes()).expect("well formed");
        assert_eq!(AuthorizationResponse::parse(&params), Some(response));
    }
}
