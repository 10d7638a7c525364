//! What a client publishes at its own site, and the sector that it belongs to, as `gatepass admin client add` takes it.

use serde_json::json;

use crate::home::Home;

const SHOP: &str = "admin client add Shop --redirect-uri https://shop.example/cb";

#[test]
fn a_client_has_its_addresses_and_its_sector() {
    let home = Home::new();
    let client = home.json(&format!(
        "{SHOP} --request-uri https://shop.example/a.jwt --request-uri https://shop.example/b.jwt#x \
         --pairwise --sector-identifier-uri https://shops.example/all --output json"
    ));
    assert_eq!(
        client["request_uris"],
        json!(["https://shop.example/a.jwt", "https://shop.example/b.jwt#x"])
    );
    assert_eq!(client["pairwise"], true);
    assert_eq!(client["sector_identifier_uri"], "https://shops.example/all");
    let one_host = "--redirect-uri https://shop.example/other --pairwise --output json";
    let client = home.json(&format!("{SHOP} {one_host}"));
    assert_eq!(client["pairwise"], true);
}

#[test]
fn what_cannot_work_is_refused() {
    let home = Home::new();
    let add = |options: &str| home.run(&format!("{SHOP} {options}"));
    for uri in [
        "http://shop.example/a.jwt",
        "https://me@shop.example/a.jwt",
        "shop.example",
        "file:///etc/passwd",
    ] {
        add(&format!("--request-uri {uri}"))
            .code(1)
            .complaining("request_uri");
        add(&format!("--pairwise --sector-identifier-uri {uri}"))
            .code(1)
            .complaining("sector_identifier_uri");
    }
    add("--redirect-uri https://other.example/cb --pairwise")
        .code(1)
        .complaining("redirect URIs of one host");
    add("--sector-identifier-uri https://shops.example/all").code(2);
}
