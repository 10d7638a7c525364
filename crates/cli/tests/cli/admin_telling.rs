//! Where `gatepass admin client add` has clients told of things, and what their tokens look like.

use serde_json::json;

use crate::home::{Home, text};

#[test]
fn a_client_is_told_where_it_wants_to_be() {
    let home = Home::new();
    let client = home.json(
        "admin client add Shop --redirect-uri https://shop.example/cb --opaque-access-tokens \
         --backchannel-logout-uri https://shop.example/out --introspection-signed-by ES256 --output json",
    );
    let logout = text(&client, "backchannel_logout_uri");
    assert_eq!(logout, "https://shop.example/out");
    assert_eq!(client["backchannel_logout_session_required"], true);
    assert_eq!(client["opaque_access_tokens"], true);
    assert_eq!(client["introspection_signed_response_alg"], "ES256");
    let bank = home.json(
        "admin client add Bank --grant urn:openid:params:grant-type:ciba --scope openid \
         --ping https://bank.example/ping --output json",
    );
    assert_eq!(bank["backchannel_token_delivery_mode"], "ping");
    let endpoint = &bank["backchannel_client_notification_endpoint"];
    assert_eq!(endpoint, &json!("https://bank.example/ping"));
}

#[test]
fn where_nobody_can_be_told_is_refused() {
    let home = Home::new();
    let add = |options: &str| home.run(&format!("admin client add Shop {options}"));
    for (option, named) in [
        ("--backchannel-logout-uri", "backchannel_logout_uri"),
        ("--ping", "backchannel_client_notification_endpoint"),
    ] {
        for uri in [
            "http://shop.example/out",
            "https://me@shop.example/out",
            "https://shop.example/out#x",
            "javascript:alert(1)",
            "out",
        ] {
            add(&format!("{option} {uri}")).code(1).complaining(named);
        }
    }
    add("--introspection-signed-by none")
        .code(1)
        .complaining("introspection_signed_response_alg");
}
