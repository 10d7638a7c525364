use gatepass_proto::{Digest, Timestamp};

use super::{ApiKeyEntry, agree};
use crate::config::Config;

const KEY: &str = "gp_ak_AAAA";

fn hex(digest: &Digest) -> String {
    let digits = digest.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

fn table(name: &str, sha256: &str, rest: &str) -> String {
    format!("[[api_key]]\nname = {name:?}\nsubject = 'robots'\nsha256 = {sha256:?}\n{rest}\n")
}

fn entries(text: &str) -> Result<Vec<ApiKeyEntry>, String> {
    let read = toml::from_str(text).map(|config: Config| config.api_key);
    read.map_err(|error| error.message().to_owned())
}

#[test]
fn a_key_is_its_digest() {
    let digest = Digest::of(KEY);
    let read = entries(&table("a", &hex(&digest), "scope = 'read'")).expect("a table");
    assert_eq!(read[0].sha256, digest);
    assert_eq!(read[0].expires_at, None);
    let good = hex(&digest);
    let (upper, short) = (good.to_uppercase(), &good[1..]);
    let (long, other) = (format!("{good}00"), format!("g{short}"));
    for wrong in [
        "",
        short,
        &good[2..],
        &long,
        &upper,
        &other,
        &digest.to_base64url(),
    ] {
        let said = entries(&table("a", wrong, "")).expect_err(wrong);
        assert!(said.contains("64 lower-case hexadecimal digits"), "{said}");
    }
    let said = entries(&table("a", KEY, "")).expect_err("a key");
    assert!(said.contains("does not belong in this file"), "{said}");
    assert!(!said.contains(KEY), "{said}");
}

#[test]
fn a_moment_is_written_with_its_offset() {
    let digits = hex(&Digest::of(KEY));
    for text in [
        "'2030-12-31T23:59:59Z'",
        "2030-12-31T23:59:59Z",
        "'2031-01-01T00:59:59+01:00'",
        "2031-01-01T00:59:59+01:00",
    ] {
        let read = entries(&table("a", &digits, &format!("expires_at = {text}")));
        let end = read.expect(text)[0].expires_at;
        assert_eq!(end, Some(Timestamp::from_secs(1_924_991_999)), "{text}");
    }
    for text in [
        "''",
        "'tomorrow'",
        "'30d'",
        "1924991999",
        "2030-12-31",
        "2030-12-31T23:59:59",
        "'1969-12-31T23:59:59Z'",
    ] {
        let read = entries(&table("a", &digits, &format!("expires_at = {text}")));
        let said = read.expect_err(text);
        assert!(said.contains("RFC 3339"), "{text}: {said}");
    }
}

#[test]
fn no_two_are_the_same() {
    let [one, other] = ["one", "other"].map(|key| hex(&Digest::of(key)));
    for (tables, said) in [
        (
            [table("a", &one, ""), table("a", &other, "")],
            "api_key: two of them are called \"a\"",
        ),
        (
            [table("a", &one, ""), table("b", &one, "")],
            "api_key: \"a\" and \"b\" are the same key",
        ),
        (
            [table("a", &one, ""), table(" ", &other, "")],
            "api_key.name: expected",
        ),
        (
            [table("a", &one, ""), table("b\n", &other, "")],
            "api_key.name: expected",
        ),
        (
            [table(&"a".repeat(257), &one, ""), String::new()],
            "api_key.name: expected",
        ),
    ] {
        let error = agree(&entries(&tables.concat()).expect("tables")).expect_err(said);
        assert!(error.to_string().starts_with(said), "{error}");
    }
    let nobody = table("a", &one, "").replace("'robots'", "''");
    let error = agree(&entries(&nobody).expect("a table")).expect_err("nobody");
    assert!(error.to_string().starts_with("api_key.subject"), "{error}");
    let tables = [table("a", &one, ""), table("b", &other, "")].concat();
    agree(&entries(&tables).expect("tables")).expect("two keys");
}
