//! What OpenID Connect adds to an authorization request, `prompt` and its like: reads back, within bounds, and never asks for
//! a page and for none.

use gatepass_proto::Params;
use gatepass_proto::message::authentication::{AuthenticationRequest, Prompt};

pub(crate) fn run(query: &[u8]) {
    let Ok(params) = Params::parse_form(query) else {
        return;
    };
    let Ok(request) = AuthenticationRequest::parse(&params) else {
        return;
    };
    let Prompt {
        none,
        login,
        consent,
        select_account,
    } = request.prompt;
    assert!(!none || !(login || consent || select_account));
    let words = params.get("prompt").unwrap_or_default();
    let known = |word: &str| word.is_empty() || Prompt::VALUES.contains(&word);
    assert!(words.split(' ').all(known), "{words}");
    assert!(request.acr_values.len() <= 32);
    assert!(
        request
            .nonce
            .as_ref()
            .is_none_or(|nonce| nonce.len() <= 2048)
    );
    assert!(
        request
            .login_hint
            .as_ref()
            .is_none_or(|hint| hint.len() <= 256)
    );
    // A number may be longer when it is written again, and so the claims too long.
    if !request.claims.is_empty() {
        return;
    }
    let mut written = Params::new();
    request.write_to(&mut written);
    let form = written.to_form();
    let read = Params::parse_form(form.as_bytes()).expect("well formed");
    assert_eq!(AuthenticationRequest::parse(&read), Ok(request));
}
