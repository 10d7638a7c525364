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
    assert_eq!(told("a==@f").as_deref(), Some("a|==@|f"));
    assert_eq!(told("X-A:@f").as_deref(), Some("X-A|:@|f"));
    assert_eq!(told("a@f;type=x/y").as_deref(), Some("a|@|f;type=x/y"));
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
fn headers_and_parameters_come_from_files_without_the_end_of_the_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("value");
    std::fs::write(&path, "k 1\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    let made = request(
        &[&format!("X-A:@{path}"), &format!("b==@{path}")],
        Kind::Json,
    );
    assert_eq!(made.headers()["x-a"], "k 1");
    assert_eq!(made.uri(), "https://a.example/x?a=1&b=k+1");
}

#[tokio::test]
async fn brackets_nest_in_json_only() {
    let items = ["a[b]=c", "d[]:=1", "d[]:=2"];
    assert_eq!(
        body(request(&items, Kind::Json)).await,
        r#"{"a":{"b":"c"},"d":[1,2]}"#
    );
    assert_eq!(body(request(&["a[b]=c"], Kind::Form)).await, "a%5Bb%5D=c");
}

#[tokio::test]
async fn a_form_with_files_is_a_multipart_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("note.txt");
    std::fs::write(&path, "hello").expect("written");
    let path = path.to_str().expect("UTF-8");
    let named = format!("b@{path};filename=x y.bin;type=image/png");
    let made = request(&["c=d", &format!("a@{path}"), &named], Kind::Form);
    let kind = made.headers()["content-type"].to_str().expect("text");
    assert!(
        kind.starts_with("multipart/form-data; boundary=gatepass-"),
        "{kind}"
    );
    let length = made.headers()["content-length"]
        .to_str()
        .expect("text")
        .to_owned();
    let body = body(made).await;
    assert_eq!(length, body.len().to_string());
    for part in [
        "name=\"c\"\r\n\r\nd\r\n",
        "name=\"a\"; filename=\"note.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n",
        "name=\"b\"; filename=\"x y.bin\"\r\nContent-Type: image/png\r\n\r\nhello\r\n",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    let plain = request(&["c=d"], Kind::Multipart);
    let kind = plain.headers()["content-type"].to_str().expect("text");
    assert!(kind.starts_with("multipart/form-data"), "{kind}");
}

#[test]
fn a_file_tells_its_type_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, kind) in [
        ("a.png", "image/png"),
        ("a.xml", "text/xml"),
        ("a", "application/json"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, "x").expect("written");
        let made = request(&[&format!("@{}", path.display())], Kind::Json);
        assert_eq!(made.headers()["content-type"], kind, "{name}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (items, kind) in [
        (&["plain"][..], Kind::Json),
        (&["a:={"], Kind::Json),
        (&["a:=1"], Kind::Form),
        (&["a@file"], Kind::Json),
        (&["a@/no/such/file"], Kind::Form),
        (&["a@/dev/null;type=x\ny"], Kind::Form),
        (&["X-A:@/no/such/file"], Kind::Json),
        (&["X-A:@/proc/self/stat\nx"], Kind::Json),
        (&["a=@/bin/sh"], Kind::Json),
        (&["a=@/dev/zero"], Kind::Json),
        (&["@/dev/null", "@/dev/null"], Kind::Json),
        (&["bad name:x"], Kind::Json),
        (&["X-A:b\nc"], Kind::Json),
        (&["@/no/such/file"], Kind::Json),
        (&["@/dev/null", "a=b"], Kind::Json),
    ] {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        assert!(Items::read(&items, kind).is_err(), "{items:?}");
    }
    let url = || "https://a.example".parse().expect("a URL");
    for items in [["a[=1", "b=1"], ["a=1", "a[b]=1"], ["[]=1", "a=1"]] {
        let items = items.map(str::to_owned);
        let items = Items::read(&items, Kind::Json).expect("items");
        assert!(items.request(None, url()).is_err());
    }
}
