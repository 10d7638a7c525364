//! Redirect URIs through the whole judgement: nothing but what is registered, and for native loopback any port.

use crate::world::{NOW, REDIRECT_URIS, RULES, facts};
use gatepass_proto::Params;
use gatepass_proto::decide::check_redirect_uri;
use gatepass_proto::endpoint::authorize::{Authorize, authorize};
use url::Url;

pub(crate) fn run(data: &[u8]) {
    let Ok(given) = std::str::from_utf8(data) else {
        return;
    };
    if check_redirect_uri(given).is_ok() {
        assert!(
            given.bytes().all(|byte| byte.is_ascii_graphic()),
            "it stands in a header"
        );
    }
    if given.is_empty() {
        return;
    }
    let mut params = Params::new();
    params.push("client_id", "cl_1");
    params.push("redirect_uri", given);
    let Ok(done) = authorize(&params, &facts(), &RULES, NOW) else {
        return;
    };
    let Authorize::Back(return_to, error) = done.value else {
        panic!("response_type is missing")
    };
    assert_eq!(return_to.redirect_uri(), given);
    let given = Url::parse(given).expect("a registered URI is a URL");
    let known = REDIRECT_URIS.iter().any(|own| {
        let mut own = Url::parse(own).expect("a URL");
        if own.scheme() == "http" && own.port().is_none() {
            own.set_port(given.port()).expect("http has ports");
        }
        own == given
    });
    assert!(known, "{given}");
    let back = Url::parse(&return_to.url(Err(&error))).expect("a URL");
    assert_eq!(
        back.origin().ascii_serialization(),
        given.origin().ascii_serialization()
    );
    assert_eq!((back.path(), back.fragment()), (given.path(), None));
}
