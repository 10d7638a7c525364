mod keys;

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{IdClaims, IdTokenExpect, IdTokenFault, check, half_hash};
use crate::jose::{KeySet, SigningKey};
use crate::{ClientId, Cx, Entropy, Secret, Timestamp};

const NOW: u64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| generate("ES256", 1));

/// Bytes in a row, the same at every run.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

fn generate(alg: &str, seed: u8) -> SigningKey {
    let mut entropy = Counting(seed);
    let mut cx = Cx::new(Timestamp::from_secs(NOW), &mut entropy);
    SigningKey::generate(alg, &mut cx).expect("a key")
}

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "sub": "us_1", "aud": "cl_1", "iat": NOW, "exp": NOW + 600, "nonce": "n",
        "auth_time": NOW - 30, "acr": "gold", "amr": ["pwd"], "email": "mail@example.com",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

fn expect() -> IdTokenExpect {
    IdTokenExpect {
        nonce: Some("n".to_owned()),
        leeway: Duration::from_secs(10),
        ..IdTokenExpect::new("https://as.example", ClientId::new("cl_1"))
    }
}

fn judge(claims: &Value, expect: &IdTokenExpect) -> Result<IdClaims, IdTokenFault> {
    let token = KEY.sign("JWT", claims).expect("signs");
    let keys = KeySet::of([KEY.jwk()]);
    check(&token, &keys, expect, Timestamp::from_secs(NOW))
}

fn fault(claims: &Value, expect: &IdTokenExpect) -> IdTokenFault {
    judge(claims, expect).expect_err("bad")
}

#[test]
fn a_good_token_is_believed() {
    let read = judge(&claims(), &expect()).expect("good");
    assert_eq!(
        (read.sub.as_str(), read.aud.as_slice()),
        ("us_1", &["cl_1".to_owned()][..])
    );
    assert_eq!(read.extra["email"], "mail@example.com");
    assert_eq!(read.amr, ["pwd"]);
    let shown = format!("{read:?}");
    assert!(
        !shown.contains("us_1") && !shown.contains("mail"),
        "{shown}"
    );
    let written = serde_json::to_value(&read).expect("writes");
    let again: IdClaims = serde_json::from_value(written).expect("reads back");
    assert_eq!(again, read);
}

#[test]
fn sloppy_servers_are_understood() {
    let expect = expect();
    judge(&with("aud", json!(["cl_1"])), &expect).expect("a list of one");
    judge(&with("amr", json!("pwd")), &expect).expect("one text");
    judge(&with("amr", json!(null)), &expect).expect("null is nothing");
    judge(&with("auth_time", json!(null)), &expect).expect("null is nothing");
    judge(&with("azp", json!("cl_1")), &expect).expect("ourselves");
    let several = with("aud", json!(["cl_1", "other"]));
    let mut several = several;
    several["azp"] = json!("cl_1");
    judge(&several, &expect).expect("several, but issued to us");
    let fraction = with("exp", json!(NOW as f64 + 0.5));
    judge(&fraction, &expect).expect("a NumericDate may have a fraction");
    judge(&with("exp", json!(1e300)), &expect).expect("never");
    let keys = KeySet::of([KEY.jwk()]);
    let header = serde_json::Map::new();
    for typ in ["jwt", "application/JWT"] {
        let token = KEY.sign_header(&header, typ, &claims()).expect("signs");
        check(&token, &keys, &expect, Timestamp::from_secs(NOW)).expect("good");
    }
}

/// One line for each rule: the claims, and what is said of them.
#[test]
fn each_claim_is_checked() {
    use IdTokenFault as Fault;

    for (claims, expected) in [
        (with("iss", json!("https://as.example/")), Fault::Issuer),
        (with("iss", json!("https://evil.example")), Fault::Issuer),
        (without("iss"), Fault::Claims),
        (with("sub", json!("")), Fault::Claims),
        (with("sub", json!(7)), Fault::Claims),
        (without("sub"), Fault::Claims),
        (with("aud", json!("cl_2")), Fault::Audience),
        (with("aud", json!([])), Fault::Audience),
        (with("aud", json!(["cl_1x", "x"])), Fault::Audience),
        (with("aud", json!([7])), Fault::Claims),
        (without("aud"), Fault::Claims),
        (
            with("aud", json!(["cl_1", "other"])),
            Fault::AuthorizedParty,
        ),
        (with("azp", json!("other")), Fault::AuthorizedParty),
        (with("exp", json!(NOW - 10)), Fault::Expired),
        (with("exp", json!(0)), Fault::Expired),
        (with("exp", json!(-1)), Fault::Claims),
        (with("exp", json!("1800000600")), Fault::Claims),
        (without("exp"), Fault::Claims),
        (with("iat", json!(NOW + 11)), Fault::NotYet),
        (without("iat"), Fault::Claims),
        (with("nbf", json!(NOW + 11)), Fault::NotYet),
        (with("nbf", json!("x")), Fault::Claims),
        (with("nonce", json!("m")), Fault::Nonce),
        (with("nonce", json!("")), Fault::Nonce),
        (with("nonce", json!(["n"])), Fault::Claims),
        (without("nonce"), Fault::Nonce),
        (with("auth_time", json!("x")), Fault::Claims),
        (json!([]), Fault::Claims),
        (json!("x"), Fault::Claims),
    ] {
        assert_eq!(fault(&claims, &expect()), expected, "{claims}");
    }
    judge(&with("exp", json!(NOW - 9)), &expect()).expect("within the leeway");
    judge(&with("iat", json!(NOW + 10)), &expect()).expect("within the leeway");
}

#[test]
fn a_nonce_that_nobody_sent_is_refused() {
    let mut expect = expect();
    expect.nonce = None;
    assert_eq!(fault(&claims(), &expect), IdTokenFault::Nonce);
    judge(&without("nonce"), &expect).expect("good");
    judge(&with("nonce", json!(null)), &expect).expect("null is none");
}

#[test]
fn the_login_is_as_recent_as_was_asked_for() {
    let mut expect = expect();
    for (auth_time, max_age, good) in [
        (Some(NOW - 30), 30, Ok(())),
        (Some(NOW - 70), 60, Ok(())),
        (Some(NOW - 71), 60, Err(IdTokenFault::MaxAge)),
        (Some(NOW), 0, Ok(())),
        (Some(NOW + 11), 60, Err(IdTokenFault::AuthTime)),
        (Some(0), u64::MAX, Ok(())),
        (None, 60, Err(IdTokenFault::AuthTime)),
    ] {
        expect.max_age = Some(max_age);
        let claims = with("auth_time", json!(auth_time));
        assert_eq!(judge(&claims, &expect).map(|_| ()), good, "{auth_time:?}");
    }
    expect.max_age = None;
    judge(&with("auth_time", json!(1)), &expect).expect("nobody asked");
}

#[test]
fn the_login_is_as_strong_as_was_asked_for() {
    let mut expect = expect();
    expect.acr_values = vec!["platinum".to_owned(), "gold".to_owned()];
    judge(&claims(), &expect).expect("one of them");
    assert_eq!(
        fault(&with("acr", json!("tin")), &expect),
        IdTokenFault::Acr
    );
    assert_eq!(fault(&without("acr"), &expect), IdTokenFault::Acr);
}

/// OpenID Connect Core appendix A.6.
#[test]
fn the_specification_agrees_on_hashes() {
    let token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    let code = Secret::new("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk");
    assert_eq!(
        half_hash("RS256", &token).as_deref(),
        Some("77QmUPtjPfzWtF2AnpK9RQ")
    );
    assert_eq!(
        half_hash("RS256", &code).as_deref(),
        Some("LDktKdoQak3Pk0cnXxCltA")
    );
    assert_eq!(half_hash("ES384", &code).map(|hash| hash.len()), Some(32));
    assert_eq!(half_hash("EdDSA", &code).map(|hash| hash.len()), Some(43));
    assert_eq!(half_hash("none", &code), None);
}

#[test]
fn hashes_bind_what_came_with_the_token() {
    let (token, code) = (Secret::new("token"), Secret::new("code"));
    let mut expect = expect();
    expect.access_token = Some(token.clone());
    expect.code = Some(code.clone());
    let mut claims = claims();
    judge(&claims, &expect).expect("neither is required of a code flow");
    claims["at_hash"] = json!(null);
    judge(&claims, &expect).expect("null is nothing");
    claims["at_hash"] = json!(half_hash("ES256", &token));
    claims["c_hash"] = json!(half_hash("ES256", &code));
    judge(&claims, &expect).expect("both fit");
    expect.access_token = Some(Secret::new("other"));
    assert_eq!(fault(&claims, &expect), IdTokenFault::AccessTokenHash);
    expect.access_token = Some(token);
    expect.code = Some(Secret::new("other"));
    assert_eq!(fault(&claims, &expect), IdTokenFault::CodeHash);
    expect.code = Some(code);
    for wrong in [
        json!(""),
        json!(7),
        json!(half_hash("ES384", &Secret::new("token"))),
    ] {
        claims["at_hash"] = wrong;
        assert_eq!(fault(&claims, &expect), IdTokenFault::AccessTokenHash);
    }
}

/// §12.2.
#[test]
fn a_refresh_is_about_the_same_person() {
    let mut expect = expect();
    expect.subject = Some("us_1".to_owned());
    judge(&claims(), &expect).expect("the nonce of the login");
    judge(&without("nonce"), &expect).expect("no nonce");
    assert_eq!(
        fault(&with("nonce", json!("m")), &expect),
        IdTokenFault::Nonce
    );
    expect.nonce = None;
    judge(&claims(), &expect).expect("a nonce that we do not know any more");
    expect.subject = Some("us_2".to_owned());
    assert_eq!(fault(&claims(), &expect), IdTokenFault::Subject);
}

proptest! {
    /// Whatever the server signs, what is believed keeps every promise.
    #[test]
    fn what_is_believed_is_what_was_expected(
        iss in prop::sample::select(vec!["https://as.example", "https://as.example/", "x"]),
        aud in prop::collection::vec(prop::sample::select(vec!["cl_1", "cl_2", ""]), 0..3),
        azp in prop::option::of(prop::sample::select(vec!["cl_1", "cl_2"])),
        nonce in prop::option::of(prop::sample::select(vec!["n", "m"])),
        iat in NOW - 20..NOW + 20, exp in NOW - 20..NOW + 20, auth_time in prop::option::of(NOW - 90..NOW + 20),
    ) {
        let mut expect = expect();
        expect.max_age = Some(60);
        let claims = json!({
            "iss": iss, "sub": "s", "aud": aud, "azp": azp, "nonce": nonce, "iat": iat, "exp": exp, "auth_time": auth_time,
        });
        let good = iss == "https://as.example"
            && aud.contains(&"cl_1")
            && azp.map_or(aud.iter().all(|own| *own == "cl_1"), |azp| azp == "cl_1")
            && nonce == Some("n")
            && exp > NOW - 10
            && iat <= NOW + 10
            && auth_time.is_some_and(|at| (NOW - 70..=NOW + 10).contains(&at));
        prop_assert_eq!(judge(&claims, &expect).is_ok(), good, "{}", claims);
    }
}
