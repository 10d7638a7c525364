use proptest::prelude::*;

use super::{AuthenticationRequest, Prompt};
use crate::message::claims::{Claim, ClaimsRequest};
use crate::{ErrorCode, Params, Secret};

fn parse(query: &str) -> Result<AuthenticationRequest, ErrorCode> {
    let params = Params::parse_form(query.as_bytes()).expect("well formed");
    AuthenticationRequest::parse(&params).map_err(|error| error.code())
}

#[test]
fn each_fault_has_its_code() {
    let acr = format!("acr_values={}", "a+".repeat(33));
    let nonce = format!("nonce={}", "n".repeat(2049));
    for query in [
        "prompt=none+login",
        "prompt=consent+none",
        "prompt=create",
        "prompt=NONE",
        "max_age=-1",
        "max_age=soon",
        "max_age=1.5",
        "max_age=99999999999999999999",
        "claims=x",
        "claims=[]",
        &acr,
        &nonce,
    ] {
        assert_eq!(parse(query), Err(ErrorCode::InvalidRequest), "{query}");
    }
    assert_eq!(
        parse("registration=%7B%7D"),
        Err(ErrorCode::RegistrationNotSupported)
    );
}

#[test]
fn what_only_touches_the_looks_is_admitted() {
    let query = "display=touch&ui_locales=fr-CA+fr+en&claims_locales=de&prompt=";
    assert_eq!(parse(query), Ok(AuthenticationRequest::default()));
    let long = format!("login_hint={}", "x".repeat(257));
    assert_eq!(parse(&long), Ok(AuthenticationRequest::default()));
}

#[test]
fn an_essential_acr_is_demanded_and_a_voluntary_one_is_not() {
    let claims = |essential: bool| {
        let text = format!(
            r#"{{"id_token":{{"acr":{{"essential":{essential},"values":["gold"]}},"sub":{{"value":"s"}}}}}}"#
        );
        let mut params = Params::new();
        params.push("claims", text);
        AuthenticationRequest::parse(&params).expect("good")
    };
    assert!(claims(true).lacks_acr(None) && claims(true).lacks_acr(Some("lead")));
    assert!(!claims(true).lacks_acr(Some("gold")) && !claims(false).lacks_acr(Some("lead")));
    assert_eq!(claims(true).subject(), Some("s"));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        nonce in prop::option::of("\\PC{1,30}"), which in 0..9_u8, max_age in prop::option::of(any::<u64>()),
        login_hint in prop::option::of("\\PC{1,30}"), hint in prop::option::of("[!-~]{1,30}"),
        acr_values in prop::collection::vec("[!-~]{1,8}", 0..4), claim in prop::option::of("[a-z]{1,8}"),
    ) {
        let flags = |bit: u8| which < 8 && which & bit != 0;
        let mut claims = ClaimsRequest::default();
        claims.userinfo.extend(claim.map(|name| (name, Claim::default())));
        let request = AuthenticationRequest {
            nonce, max_age, login_hint, acr_values, claims,
            prompt: Prompt { none: which == 8, login: flags(1), consent: flags(2), select_account: flags(4) },
            id_token_hint: hint.map(Secret::new),
        };
        let mut params = Params::new();
        request.write_to(&mut params);
        let params = Params::parse_form(params.to_form().as_bytes()).expect("well formed");
        prop_assert_eq!(AuthenticationRequest::parse(&params), Ok(request));
    }
}
