//! Forms and JSON bodies: what is read, written and read again is the same, and within bounds.

use std::collections::HashSet;

use gatepass_proto::Params;

pub(crate) fn run(data: &[u8]) {
    if let Ok(params) = Params::parse_form(data) {
        check(&params);
    }
    if let Ok(params) = Params::parse_json(data) {
        check(&params);
        let object: serde_json::Map<String, serde_json::Value> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        if object.len() == params.iter().count() {
            let body = serde_json::to_vec(&object).expect("serialises");
            let again = Params::parse_json(&body).expect("reads back");
            assert_eq!(
                again.iter().collect::<HashSet<_>>(),
                params.iter().collect()
            );
        }
    }
}

fn check(params: &Params) {
    assert!(params.iter().count() <= 64);
    let mut seen = HashSet::new();
    for (name, value) in params.iter() {
        assert!(name.len() <= 128 && value.len() <= 16 * 1024);
        assert!(seen.insert(name) || name == "resource", "{name} twice");
        assert_ne!(params.get(name), Some(""));
    }
    let form = params.to_form();
    assert_eq!(
        &Params::parse_form(form.as_bytes()).expect("reads back"),
        params
    );
    let url = params.append_to("https://h.example/cb?x=1#f");
    assert!(url.starts_with("https://h.example/cb?x=1&") && url.ends_with("#f") && url.is_ascii());
}
