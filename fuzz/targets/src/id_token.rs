//! ID tokens: any text is survived and none is believed; claims under a right signature are believed only when they are
//! what was expected.

use crate::world::{KEY, NOW, RULES};
use gatepass_proto::id_token::{IdClaims, IdTokenExpect, check};
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, Secret};

const TEMPLATE: &str = "https://as.example/{tenantid}";

pub(crate) fn run(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let keys = KeySet::of([KEY.jwk()]);
    let is = |bit: u8| flags & bit != 0;
    let mut expect = IdTokenExpect::new(RULES.issuer.clone(), ClientId::new("cl_1"));
    expect.nonce = is(1).then(|| "n".to_owned());
    expect.max_age = is(2).then_some(60);
    expect.subject = is(4).then(|| "us_1".to_owned());
    expect.issuer_template = is(8).then(|| TEMPLATE.to_owned());
    expect.acr_values = is(16).then(|| "gold".to_owned()).into_iter().collect();
    expect.access_token = is(32).then(|| Secret::new("token"));
    if is(64) {
        expect.algorithms = vec!["HS256".to_owned()];
        expect.client_secret = Some(Secret::new("0123456789abcdef0123456789abcdef"));
    }
    assert!(check(text, &keys, &expect, NOW).is_err());
    expect.algorithms.clear();
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let Ok(token) = KEY.sign("JWT", &claims) else {
        return;
    };
    let Ok(read) = check(&token, &keys, &expect, NOW) else {
        return;
    };
    let (us, now) = ("cl_1", NOW.as_secs());
    assert!(!read.sub.is_empty());
    assert!(read.aud.iter().any(|own| own == us));
    assert!(read.azp.is_none() || read.azp.as_deref() == Some(us));
    assert!(read.azp.is_some() || read.aud.iter().all(|own| own == us));
    assert!(read.exp.saturating_add(60) > now && read.iat <= now + 60);
    if is(8) {
        let tenant = read.extra["tid"].as_str().expect("a tenant");
        assert_eq!(read.iss, TEMPLATE.replace("{tenantid}", tenant));
    } else {
        assert_eq!(read.iss, RULES.issuer);
    }
    if is(4) {
        assert_eq!(read.sub, "us_1");
    } else {
        assert_eq!(read.nonce, expect.nonce);
    }
    if is(2) {
        let asked = read.auth_time.expect("a time");
        assert!(asked + 120 >= now && asked <= now + 60);
    }
    if is(16) {
        assert_eq!(read.acr.as_deref(), Some("gold"));
    }
    let written = serde_json::to_string(&read).expect("writes");
    assert_eq!(
        serde_json::from_str::<IdClaims>(&written).expect("reads back"),
        read
    );
}
