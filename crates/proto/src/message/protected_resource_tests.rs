use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::{ProtectedResource, ResourceFault, closeness, covers, identifier, locations};

fn url(text: &str) -> Url {
    text.parse().expect(text)
}

fn parse(value: &Value) -> Result<ProtectedResource, ResourceFault> {
    ProtectedResource::parse(value.to_string().as_bytes())
}

#[test]
fn a_document_is_read_and_what_is_not_known_is_kept() {
    let own = parse(&json!({
        "resource": "https://api.example/v1",
        "authorization_servers": ["https://as.example"],
        "scopes_supported": ["read"],
        "dpop_bound_access_tokens_required": true,
        "signed_metadata": "not.looked.at",
        "resource_name#it": "La mia",
    }))
    .expect("metadata");
    assert_eq!(own.authorization_servers, ["https://as.example"]);
    assert!(own.dpop_bound_access_tokens_required);
    assert_eq!(own.extra["signed_metadata"], "not.looked.at");
    let written = serde_json::to_vec(&own).expect("serialises");
    assert_eq!(ProtectedResource::parse(&written), Ok(own));
}

#[test]
fn pages_are_no_documents_and_documents_keep_the_rules() {
    for page in ["", "<html>", "null", "[]", "\"{}\"", "{", "{\"resource\":"] {
        let fault = ProtectedResource::parse(page.as_bytes());
        assert_eq!(fault, Err(ResourceFault::NotJson), "{page}");
    }
    let many = vec!["https://as.example"; 65];
    let extra: serde_json::Map<String, Value> =
        (0..70).map(|n| (format!("m{n}"), n.into())).collect();
    let mut crowded = json!({ "resource": "https://a.example" });
    crowded.as_object_mut().expect("an object").extend(extra);
    for wrong in [
        json!({}),
        json!({ "resource": 1 }),
        json!({ "resource": "" }),
        json!({ "resource": "/api" }),
        json!({ "resource": "urn:example:api" }),
        json!({ "resource": "ftp://a.example/" }),
        json!({ "resource": "x://a.example/" }),
        json!({ "resource": "https://a.example/#f" }),
        json!({ "resource": "https://u@a.example/" }),
        json!({ "resource": format!("https://a.example/{}", "x".repeat(3000)) }),
        json!({ "resource": "https://a.example", "authorization_servers": "https://as.example" }),
        json!({ "resource": "https://a.example", "authorization_servers": many }),
        json!({ "resource": "https://a.example", "scopes_supported": ["x".repeat(3000)] }),
        crowded,
    ] {
        let fault = parse(&wrong).expect_err("refused");
        assert!(matches!(fault, ResourceFault::Rule(_)), "{wrong} {fault}");
    }
    let twice = r#"{"resource":"https://a.example","resource":"https://b.example"}"#;
    assert!(ProtectedResource::parse(twice.as_bytes()).is_err());
    let long = format!(
        r#"{{"resource":"https://a.example","x":"{}"}}"#,
        "x".repeat(300_000)
    );
    assert!(ProtectedResource::parse(long.as_bytes()).is_err());
    let deep = format!(
        r#"{{"resource":"https://a.example","x":{}{}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert!(ProtectedResource::parse(deep.as_bytes()).is_err());
}

#[test]
fn an_identifier_reads_as_it_leads() {
    for good in [
        "https://a.example",
        "https://a.example/",
        "https://A.example:443/v1/",
        "https://a.example/a%20b/~x?tenant=1",
        "https://a.example?tenant=/../1",
        "http://[::1]:8080/x",
    ] {
        assert!(identifier(good).is_ok(), "{good}");
    }
    for odd in [
        " https://a.example",
        "https://a.example/\n",
        "https://a.exa\tmple/",
        "https:a.example",
        "https:///a.example",
        "https:\\\\a.example",
        "https://a.example\\x",
        "https://a.example/x/../y",
        "https://a.example/x/%2e%2e/y",
        "https://a.example/./x",
        "https://a.example/é",
    ] {
        assert!(identifier(odd).is_err(), "{odd:?}");
    }
}

#[test]
fn a_resource_is_the_url_itself_or_a_path_above_it() {
    for (resource, request, covered) in [
        ("https://a.example", "https://a.example/", true),
        ("https://a.example", "https://a.example/x/y?z", true),
        ("https://a.example/api", "https://a.example/api", true),
        ("https://a.example/api", "https://a.example/api?q=1#f", true),
        ("https://a.example/api", "https://a.example/api/items", true),
        ("https://A.example:443/api", "https://a.example/api", true),
        (
            "https://a.example/api/",
            "https://a.example/api/items",
            true,
        ),
        ("https://a.example/api", "https://a.example/apix", false),
        ("https://a.example/api", "https://a.example/API", false),
        ("https://a.example/api/", "https://a.example/api", false),
        ("https://a.example/api", "https://a.example/", false),
        ("https://a.example/api", "https://a.example/api/../x", false),
        (
            "https://a.example/api",
            "https://a.example/api/%2e%2e/x",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/..%2fx",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/%2e%2e%2fx",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/%252e%252e%252fx",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/..%5cx",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/..;a/x",
            false,
        ),
        (
            "https://a.example/api",
            "https://a.example/api/group%2Fproject",
            true,
        ),
        ("https://a.example/api", "https://a.example/api/...", true),
        ("https://a.example/api", "http://a.example/api", false),
        ("https://a.example/api", "https://a.example:444/api", false),
        ("https://a.example/api", "https://b.example/api", false),
        (
            "https://a.example/api",
            "https://a.example.evil.example/api",
            false,
        ),
        (
            "https://a.example/x?tenant=1",
            "https://a.example/x?tenant=1",
            true,
        ),
        (
            "https://a.example/x?tenant=1",
            "https://a.example/x?tenant=12",
            false,
        ),
        ("https://a.example/x?tenant=1", "https://a.example/x", false),
    ] {
        assert_eq!(
            covers(&url(resource), &url(request)),
            covered,
            "{resource} {request}"
        );
    }
    let close = |resource: &str| closeness(&url(resource), &url("https://a.example/api/x"));
    assert!(close("https://a.example/api") > close("https://a.example"));
    assert_eq!(close("https://a.example/other"), None);
}

#[test]
fn it_is_looked_for_before_the_path_and_at_the_root() {
    let of = |text: &str| -> Vec<String> {
        locations(&url(text))
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        of("https://a.example/"),
        ["https://a.example/.well-known/oauth-protected-resource"]
    );
    assert_eq!(
        of("https://a.example:8443/mcp/x?page=2#f"),
        [
            "https://a.example:8443/.well-known/oauth-protected-resource/mcp/x",
            "https://a.example:8443/.well-known/oauth-protected-resource",
        ]
    );
}

proptest! {
    #[test]
    fn what_is_covered_is_of_the_origin_and_below(
        base in "(/[a-z%.;]{0,4}){0,3}", rest in "[a-z%./;25ef\\\\]{0,16}"
    ) {
        let resource = url(&format!("https://a.example/r{base}"));
        let request = url(&format!("https://a.example/r{base}{rest}"));
        prop_assert!(covers(&resource, &resource) || resource.path().contains('%') || resource.path().contains(".."));
        if covers(&resource, &request) {
            let path = request.path();
            prop_assert!(path.starts_with(resource.path()));
            let next = path.as_bytes().get(resource.path().len()).copied();
            prop_assert!(resource.path().ends_with('/') || matches!(next, None | Some(b'/')));
        }
        for place in locations(&request) {
            prop_assert_eq!(place.origin(), request.origin());
        }
    }

    #[test]
    fn any_text_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".*") {
        let _ = ProtectedResource::parse(&bytes);
        let _ = identifier(&text);
    }
}
