//! The examples of RFC 7616 §3.9, and what servers say otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::{Entropy, Secret};
use http::Method;

use super::{Asked, Remembered, is_stale};
use crate::Error;

/// The challenges of §3.9.1 as one list.
const OF_MUFASA: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5,
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

const OUR_NONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

/// The randomness that makes this nonce of ours.
struct Of(&'static str);

impl Entropy for Of {
    fn fill(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&STANDARD.decode(self.0).expect("base64"));
    }
}

/// The challenges of a header, one by one.
fn list(header: &str) -> Vec<Challenge> {
    Challenge::parse_list(&header.replace('\n', " "))
}

fn best_of(header: &str) -> Result<Remembered, Error> {
    Remembered::best_of(&list(header), &mut Of(OUR_NONCE))
}

/// The answer of §3.9.1's user to this challenge, read back.
fn mufasa(challenge: &mut Remembered) -> Challenge {
    let password = Secret::new("Circle of Life");
    let answer = challenge.answer("Mufasa", &password, &get("/dir/index.html"));
    one(answer.expect("an answer").expose())
}

fn get(target: &str) -> Asked<'_> {
    Asked {
        method: &Method::GET,
        target,
        body: None,
    }
}

fn one(header: &str) -> Challenge {
    let list = Challenge::parse_list(header);
    let [one] = list.as_slice() else {
        panic!("{header}")
    };
    one.clone()
}

/// §3.9.1 with one challenge, whose algorithm and quality of protection are these.
fn challenge(algorithm: &str, qop: &str) -> String {
    format!(
        r#"Digest realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"{algorithm}{qop}"#
    )
}

#[test]
fn the_example_with_sha_256_and_md5() {
    let challenges = list(OF_MUFASA);
    assert_eq!(challenges.len(), 2);
    let sha_256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    let md5 = "8ca523f5e9506fed4657c9700eebdbec";
    for (offered, algorithm, response) in [
        (&challenges[..], "SHA-256", sha_256),
        (&challenges[1..], "MD5", md5),
    ] {
        let best = Remembered::best_of(offered, &mut Of(OUR_NONCE));
        let answer = mufasa(&mut best.expect("a known one"));
        let expected = [
            ("username", "Mufasa"),
            ("realm", "http-auth@example.org"),
            ("nonce", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
            ("uri", "/dir/index.html"),
            ("qop", "auth"),
            ("nc", "00000001"),
            ("cnonce", OUR_NONCE),
            ("response", response),
            ("opaque", "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"),
            ("algorithm", algorithm),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(answer.params, expected);
    }
}

/// The hashes are those of erratum 4897: what the RFC prints is no SHA-512/256.
#[test]
fn the_example_with_a_hashed_name_and_with_one_that_is_not_ascii() {
    let hashed = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    for (userhash, name, value) in [
        ("true", "username", hashed),
        ("false", "username*", "UTF-8''J%C3%A4s%C3%B8n%20Doe"),
    ] {
        let header = format!(
            r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, charset=UTF-8, userhash={userhash},
            nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS""#
        );
        let mut random = Of("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
        let best = Remembered::best_of(&list(&header), &mut random);
        let password = Secret::new("Secret, or not?");
        let answer = best
            .expect("a known one")
            .answer("Jäsøn Doe", &password, &get("/doe.json"));
        let answer = one(answer.expect("an answer").expose());
        let (first, shown) = answer.params.first().expect("some");
        assert_eq!((first.as_str(), shown.as_str()), (name, value));
        assert_eq!(
            answer.param("response"),
            Some("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5")
        );
        let said = answer.param("userhash").unwrap_or("false");
        assert_eq!(said, userhash);
    }
}

#[test]
fn a_name_goes_in_clear_where_the_server_says_nothing_of_its_letters() {
    let mut best = best_of(&challenge("", ", qop=\"auth\"")).expect("a known one");
    let password = Secret::new("p");
    let answer = best.answer("Jäsøn \"J\"", &password, &get("/"));
    let answer = one(answer.expect("an answer").expose());
    assert_eq!(answer.param("username"), Some("Jäsøn \"J\""));
}

/// §3.4.2: the key of a session is made of the first two nonces. The hashes are by another implementation.
#[test]
fn a_session_keeps_the_nonces_that_its_key_is_made_of() {
    for (algorithm, first, second) in [
        (
            "md5-sess",
            "e783283f46242139c486a698fec7211d",
            "6914b51e16f9459d9abc967ad41c4599",
        ),
        (
            "SHA-256-sess",
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
            "6bb0010aa4bdf46422a798c509ea32e256f27bd37de5cc3bdf8ed51e1d77d650",
        ),
        (
            "\"SHA-512-256-sess\"",
            "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
            "3f0b079c78edc3f154dc32cd155ef358aab704e07c9fda1f425282a15cc97cf7",
        ),
    ] {
        let header = challenge(&format!(", algorithm={algorithm}"), ", qop=\"auth\"");
        let mut best = best_of(&header).expect("a known one");
        let answer = mufasa(&mut best);
        assert_eq!(answer.param("response"), Some(first), "{algorithm}");
        best.proceed("another");
        let answer = mufasa(&mut best);
        assert_eq!(answer.param("response"), Some(second), "{algorithm}");
        assert_eq!(answer.param("nc"), Some("00000002"));
        assert_eq!(answer.param("cnonce"), Some(OUR_NONCE));
    }
}

#[test]
fn the_strongest_is_answered_whatever_the_order() {
    let named = |names: &[&str]| {
        let all = names
            .iter()
            .map(|name| challenge(&format!(", Algorithm={name}"), ""));
        all.collect::<Vec<_>>().join(", ")
    };
    for (offered, best) in [
        (&["MD5", "SHA-256", "SHA-512-256"][..], "SHA-512-256"),
        (&["SHA-512-256", "MD5"], "SHA-512-256"),
        (&["sha-256", "MD5", "SHA-1024"], "SHA-256"),
        (&["SHA-1024", "md5"], "MD5"),
        (&["SHA3-256", "\"SHA-256\""], "SHA-256"),
    ] {
        let chosen = best_of(&named(offered)).expect("a known one");
        assert_eq!(chosen.challenge.algorithm.to_string(), best, "{offered:?}");
    }
    let error = best_of(&named(&["SHA-1024", "SHA3-256"]))
        .err()
        .expect("none is known");
    assert!(
        matches!(&error, Error::Setup(text) if text.contains("\"SHA-1024\"")),
        "{error}"
    );
}

#[test]
fn the_quality_of_protection_is_auth_where_it_is_offered() {
    for offered in ["auth", "auth,auth-int", "auth-int , AUTH", "auth, another"] {
        let header = challenge("", &format!(", qop=\"{offered}\""));
        let answer = mufasa(&mut best_of(&header).expect("a known one"));
        assert_eq!(answer.param("qop"), Some("auth"), "{offered}");
        assert_eq!(
            answer.param("response"),
            Some("8ca523f5e9506fed4657c9700eebdbec")
        );
    }
    // As before there was any (RFC 2069); the hash is by another implementation.
    for nothing in ["", ", qop=\"\""] {
        let answer = mufasa(&mut best_of(&challenge("", nothing)).expect("a known one"));
        assert_eq!(
            answer.param("response"),
            Some("7b2cc3b30e75b4777ea31027084363fd")
        );
        for absent in ["qop", "nc", "cnonce"] {
            assert_eq!(answer.param(absent), None);
        }
    }
    for (algorithm, qop) in [("", ", qop=\"auth-all\""), (", algorithm=MD5-sess", "")] {
        let error = best_of(&challenge(algorithm, qop)).err().expect("unknown");
        assert!(error.to_string().contains("with qop"), "{error}");
    }
    // What cannot be answered leaves what can.
    let both = format!(
        "{}, {}",
        challenge(", algorithm=SHA-256", ", qop=\"auth-all\""),
        challenge("", ", qop=\"auth\"")
    );
    let chosen = best_of(&both).expect("the other");
    assert_eq!(chosen.challenge.algorithm.to_string(), "MD5");
}

/// The hash is by another implementation.
#[test]
fn a_digest_may_be_of_the_body_too() {
    let header = challenge(", algorithm=SHA-256", ", qop=\"auth-int\"");
    let mut best = best_of(&header).expect("a known one");
    let password = Secret::new("Circle of Life");
    let mut asked = Asked {
        method: &Method::POST,
        body: Some(b"a body"),
        ..get("/dir/index.html")
    };
    let answer = best.answer("Mufasa", &password, &asked);
    let answer = one(answer.expect("an answer").expose());
    assert_eq!(answer.param("qop"), Some("auth-int"));
    assert_eq!(
        answer.param("response"),
        Some("a95b7ce72b72d6f746935df2dad3d9a06071265b595c918bf26a271bf043b21f")
    );
    asked.body = None;
    let error = best.answer("Mufasa", &password, &asked).unwrap_err();
    assert!(error.to_string().contains("auth-int"), "{error}");
}

#[test]
fn each_nonce_is_counted() {
    let mut best = best_of(&challenge("", ", qop=\"auth\"")).expect("a known one");
    let count = |best: &mut Remembered| {
        let answer = mufasa(best);
        let part = |name| answer.param(name).expect("there").to_owned();
        (part("nonce"), part("nc"))
    };
    for nc in ["00000001", "00000002"] {
        assert_eq!(count(&mut best).1, nc);
    }
    // It may be named by several answers (§3.5); a count never begins again.
    for nc in ["00000001", "00000002"] {
        best.proceed("next");
        best.proceed("");
        assert_eq!(count(&mut best), ("next".to_owned(), nc.to_owned()));
    }
}

#[test]
fn what_is_quoted_comes_back_quoted() {
    let header = r#"DIGEST Realm="a \"realm\" \\ é, Digest", NONCE="n\"1", OPAQUE="", qop="auth", charset=utf-8, algorithm=MD5-sess"#;
    let mut best = best_of(header).expect("a known one");
    let answer = mufasa(&mut best);
    assert_eq!(answer.param("realm"), Some(r#"a "realm" \ é, Digest"#));
    assert_eq!(answer.param("nonce"), Some("n\"1"));
    assert_eq!(answer.param("opaque"), Some(""));
}

#[test]
fn what_is_missing_is_named() {
    for (header, missing) in [
        ("Digest", "realm"),
        (r#"Digest nonce="n""#, "realm"),
        (r#"Digest realm="r", qop="auth""#, "nonce"),
        (r#"Digest abc=="#, "realm"),
    ] {
        let error = best_of(header).err().expect("malformed").to_string();
        assert!(
            error.contains("malformed") && error.contains(missing),
            "{error}"
        );
    }
}

#[test]
fn stale_is_true_or_nothing() {
    for (said, stale) in [
        (", stale=true", true),
        (", STALE=\"TRUE\"", true),
        (", stale=false", false),
        (", stale=1", false),
        ("", false),
    ] {
        assert_eq!(is_stale(&list(&challenge("", said))), stale, "{said}");
    }
}
