use gatepass_client::Body;
use http::{Method, Request};

use super::{Items, Kind, split};

fn request(items: &[&str], kind: Kind) -> Request<Body> {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    let url = "https://a.example/x?a=1#part".parse().expect("a URL");
    Items::read(&items, kind)
        .expect("items")
        .request(None, url)
        .expect("a request")
}

async fn body(request: Request<Body>) -> String {
    let bytes = request.into_body().collect(1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn the_first_separator_counts_and_the_longest() {
    let told =
        |item| split(item).map(|(name, separator, value)| format!("{name}|{separator}|{value}"));
    assert_eq!(told("a=b=c").as_deref(), Some("a|=|b=c"));
    assert_eq!(told("a==b").as_deref(), Some("a|==|b"));
    assert_eq!(told("a:=[1]").as_deref(), Some("a|:=|[1]"));
    assert_eq!(told("a:=@f").as_deref(), Some("a|:=@|f"));
    assert_eq!(told("a=@f").as_deref(), Some("a|=@|f"));
    assert_eq!(told("X-A:b:c=d").as_deref(), Some("X-A|:|b:c=d"));
    assert_eq!(told(r"a\:b=c\=d").as_deref(), Some(r"a:b|=|c\=d"));
    assert_eq!(told(r"a\x=b").as_deref(), Some(r"a\x|=|b"));
    assert_eq!(told("ü=ö").as_deref(), Some("ü|=|ö"));
    assert_eq!(told("plain"), None);
    assert_eq!(told("=b"), None);
}

#[tokio::test]
async fn fields_make_a_json_body_and_a_post() {
    let request = request(
        &["name=lamp", "price:=12.5", "page==2 3", "X-A: b"],
        Kind::Json,
    );
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://a.example/x?a=1&page=2+3");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.headers()["x-a"], "b");
    assert_eq!(body(request).await, r#"{"name":"lamp","price":12.5}"#);
}

#[tokio::test]
async fn members_keep_their_order_and_numbers_their_digits() {
    let made = request(&["z=\"", "a:=1.50", "z:=1e400"], Kind::Json);
    assert_eq!(body(made).await, r#"{"a":1.50,"z":1e400}"#);
}

#[tokio::test]
async fn fields_make_a_form() {
    let request = request(&["a b=c&d", "e="], Kind::Form);
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(body(request).await, "a+b=c%26d&e=");
}

#[test]
fn without_fields_it_is_a_get() {
    let request = request(&["Accept:", "X-Empty;"], Kind::Json);
    assert_eq!(request.method(), Method::GET);
    assert!(!request.headers().contains_key("accept"));
    assert_eq!(request.headers()["x-empty"], "");
    assert!(request.body().is_empty());
}

#[tokio::test]
async fn bodies_and_values_come_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("value");
    std::fs::write(&path, "[1, 2]").expect("written");
    let path = path.to_str().expect("UTF-8");
    let made = request(&[&format!("a=@{path}"), &format!("b:=@{path}")], Kind::Json);
    assert_eq!(body(made).await, r#"{"a":"[1, 2]","b":[1, 2]}"#);
    assert_eq!(
        body(request(&[&format!("@{path}")], Kind::Json)).await,
        "[1, 2]"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (items, kind) in [
        (&["plain"][..], Kind::Json),
        (&["a:={"], Kind::Json),
        (&["a:=1"], Kind::Form),
        (&["a@file"], Kind::Form),
        (&["bad name:x"], Kind::Json),
        (&["X-A:b\nc"], Kind::Json),
        (&["@/no/such/file"], Kind::Json),
        (&["@/dev/null", "a=b"], Kind::Json),
    ] {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        assert!(Items::read(&items, kind).is_err(), "{items:?}");
    }
}
