//! Where a login has to be of some kind, or recent (RFC 9470).

use serde_json::json;

use super::{NOW, basic, bearer, get, house, scope, send};
use crate::Requirement;

fn required() -> Requirement {
    Requirement {
        scope: scope("read"),
        acr_values: vec!["phr".to_owned(), "phrh".to_owned()],
        max_age: Some(300),
    }
}

#[tokio::test]
async fn a_login_that_is_good_enough_passes() {
    let layer = house().guard.layer(required());
    for (acr, auth_time) in [("phr", NOW), ("phrh", NOW - 300)] {
        let token = bearer(|claims| {
            claims["acr"] = json!(acr);
            claims["auth_time"] = json!(auth_time);
        });
        let answer = send(&layer, get().header("Authorization", token)).await;
        assert!(answer.starts_with("200"), "{answer}");
        assert!(
            answer.contains(&format!("auth_time: Some({auth_time})")),
            "{answer}"
        );
        assert!(answer.contains(&format!("acr: Some({acr:?})")), "{answer}");
    }
}

#[tokio::test]
async fn any_other_is_told_what_to_do() {
    let layer = house().guard.layer(required());
    let text = "a login of another kind is required, or a more recent one";
    let challenge = format!(
        "www-authenticate: Bearer realm=\"api\", error=\"insufficient_user_authentication\", \
         error_description=\"{text}\", acr_values=\"phr phrh\", max_age=\"300\", scope=\"read\"\n"
    );
    for change in [
        json!({}),
        json!({ "acr": "phr" }),
        json!({ "auth_time": NOW }),
        json!({ "acr": "pwd", "auth_time": NOW }),
        json!({ "acr": "phr phrh", "auth_time": NOW }),
        json!({ "acr": "phr", "auth_time": NOW - 301 }),
    ] {
        let token = bearer(|claims| {
            for (name, value) in change.as_object().expect("an object") {
                claims[name] = value.clone();
            }
        });
        let answer = send(&layer, get().header("Authorization", token)).await;
        assert!(answer.starts_with("401"), "{change}: {answer}");
        assert!(answer.contains(&challenge), "{change}: {answer}");
        assert!(!answer.contains("Basic"), "{answer}");
    }
}

#[tokio::test]
async fn a_password_is_no_login_and_scope_comes_first() {
    let layer = house().guard.layer(required());
    let answer = send(&layer, get().header("Authorization", basic("ada", "right"))).await;
    assert!(
        answer.starts_with("401") && answer.contains("insufficient_user_authentication"),
        "{answer}"
    );
    let poor = bearer(|claims| claims["scope"] = json!("write"));
    let answer = send(&layer, get().header("Authorization", poor)).await;
    assert!(answer.starts_with("403"), "{answer}");
}
