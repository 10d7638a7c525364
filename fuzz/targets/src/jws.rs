//! Tokens: any text is survived and none is believed; any claims under a right signature are survived.

use std::sync::LazyLock;
use std::time::Duration;

use crate::world::{KEY, NOW, RULES};
use gatepass_proto::jose::access_token::{AccessToken, Expect, TYP};
use gatepass_proto::jose::{KeySet, VerifiedJws};

/// One key of each kind (RFC 7515 appendix A, RFC 8037 appendix A, and our own), so that every algorithm finds one.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = KeySet::parse(include_bytes!("../../keys.json")).expect("a key set");
    let mut document = keys.to_json();
    let list = document["keys"].as_array_mut().expect("a list");
    assert_eq!(list.len(), 3);
    list.push(KEY.jwk().clone());
    KeySet::parse(document.to_string().as_bytes()).expect("a key set")
});

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let expect = Expect {
        issuer: &RULES.issuer,
        audience: Some(&RULES.default_audience),
        leeway: Duration::from_secs(5),
    };
    let _ = VerifiedJws::check(text, &KEYS);
    let _ = AccessToken::check(text, &KEYS, &expect, NOW);
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let Ok(token) = KEY.sign(TYP, &claims) else {
        return;
    };
    if token.len() > 16 * 1024 {
        assert!(AccessToken::check(&token, &KEYS, &expect, NOW).is_err());
        return;
    }
    VerifiedJws::check(&token, &KEYS).expect("our own signature");
    if let Ok(read) = AccessToken::check(&token, &KEYS, &expect, NOW) {
        assert_eq!(read.iss, RULES.issuer);
        assert!(read.aud.has(&RULES.default_audience));
        assert!(read.exp.saturating_add(5) > NOW.as_secs());
        assert!(read.iat <= NOW.as_secs() + 5);
    }
}
