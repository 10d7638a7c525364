use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::FindResourceFlow;
use crate::flow::testing::{Talk, done, failed, response, sent};
use crate::flow::{FlowError, Response, Step};
use crate::message::protected_resource::covers;

const API: &str = "https://api.example/v1/items?page=2";
const NAMED: &str = "https://meta.example/api.json";
const INSERTED: &str = "https://api.example/.well-known/oauth-protected-resource/v1/items";
const ROOT: &str = "https://api.example/.well-known/oauth-protected-resource";

fn talk(named: Option<&str>) -> Talk<FindResourceFlow> {
    let url: Url = API.parse().expect("a URL");
    Talk::new(FindResourceFlow::new(&url, named).expect("a flow"))
}

fn document(resource: &str) -> Response {
    response(200, &[], &json!({ "resource": resource }).to_string())
}

#[test]
fn what_the_challenge_named_comes_first_and_then_both_places() {
    let mut talk = talk(Some(NAMED));
    assert_eq!(talk.start().uri(), NAMED);
    for (nothing, next) in [
        (response(404, &[], ""), INSERTED),
        (response(302, &[("location", NAMED)], ""), ROOT),
    ] {
        assert_eq!(sent(talk.hear(nothing)).uri(), next);
    }
    assert_eq!(done(talk.hear(response(200, &[], "<html>"))), None);
}

#[test]
fn the_url_itself_and_a_path_above_it_are_believed() {
    for resource in [
        "https://api.example/v1/items",
        "https://api.example/v1",
        "https://api.example",
        "https://api.example/",
    ] {
        for named in [None, Some(NAMED)] {
            let mut talk = talk(named);
            talk.start();
            let found = done(talk.hear(document(resource))).expect("found");
            assert_eq!(found.resource, resource);
        }
    }
}

#[test]
fn metadata_for_somebody_else_ends_the_search() {
    for resource in [
        "https://api.example/v1/item",
        "https://api.example/v1/items/7",
        "https://api.example/v2",
        "https://other.example/v1/items",
        "http://api.example/v1/items",
        "https://api.example/v1/items#x",
    ] {
        let mut talk = talk(Some(NAMED));
        talk.start();
        let fault = failed(talk.hear(document(resource)));
        assert!(matches!(fault, FlowError::BadAnswer(_)), "{resource}");
        assert!(
            !fault.is_temporary() && fault.to_string().contains(NAMED),
            "{fault}"
        );
    }
}

#[test]
fn trouble_is_not_absence() {
    for status in [429, 500, 503] {
        let mut talk = talk(None);
        assert_eq!(talk.start().uri(), INSERTED);
        assert!(failed(talk.hear(response(status, &[], ""))).is_temporary());
    }
    let mut talk = talk(None);
    talk.start();
    assert!(failed(talk.lose()).is_temporary());
}

#[test]
fn a_place_that_is_no_url_is_refused_and_one_twice_is_asked_once() {
    let url: Url = API.parse().expect("a URL");
    for wrong in ["", "/relative", "mailto:a@b.example", "https://"] {
        assert!(FindResourceFlow::new(&url, Some(wrong)).is_err(), "{wrong}");
    }
    let mut talk = talk(Some(ROOT));
    assert_eq!(talk.start().uri(), ROOT);
    assert_eq!(sent(talk.hear(response(404, &[], ""))).uri(), INSERTED);
    assert_eq!(done(talk.hear(response(404, &[], ""))), None);
}

proptest! {
    /// Whatever the world answers: at most three requests, each a GET without a body, and nothing is believed that is for
    /// somebody else.
    #[test]
    fn the_search_ends_and_believes_nobody_else(
        named in proptest::option::of("https://[a-c]\\.example/[a-z/]{0,6}"),
        answers in prop::collection::vec((200_u16..600, "https://(api|b)\\.example(/v1|/v2|/items|\\.\\.){0,3}|<p>"), 4),
    ) {
        let url: Url = API.parse().expect("a URL");
        let mut talk = talk(named.as_deref());
        let mut request = talk.start();
        let mut requests = 1;
        for (status, text) in answers {
            prop_assert!(request.method() == http::Method::GET && request.body().is_empty());
            let body = if text.starts_with('<') { text } else { json!({ "resource": text }).to_string() };
            match talk.hear(response(status, &[], &body)) {
                Ok(Step::Send(next)) => request = next,
                Ok(Step::Done(found)) => {
                    if let Some(found) = found {
                        prop_assert!(covers(&found.identifier().expect("read before"), &url));
                    }
                    return Ok(());
                }
                Err(_) => return Ok(()),
                Ok(_) => prop_assert!(false, "a search asks nobody"),
            }
            requests += 1;
            prop_assert!(requests <= 3);
        }
    }
}
