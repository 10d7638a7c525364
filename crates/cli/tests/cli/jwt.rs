//! `gatepass jwt`.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::helper::{Robot, given};
use crate::home::{Home, Told, text};

/// Keys that openssl wrote for the tests of `gatepass-proto`.
const P256: &str = include_str!("../../../proto/src/jose/tests/keys/p256.pem");
const RSA: &str = include_str!("../../../proto/src/jose/tests/keys/rsa.pem");

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

fn parts(token: &str) -> Vec<Value> {
    let parts = token.split('.').take(2);
    let read = |part| URL_SAFE_NO_PAD.decode(part).expect("base64url");
    parts
        .map(|part| serde_json::from_slice(&read(part)).expect("JSON"))
        .collect()
}

/// A home with signing keys and claims in files.
struct Desk {
    home: Home,
}

impl Desk {
    fn new() -> Self {
        let home = Home::new();
        let desk = Self { home };
        desk.write("key.pem", P256);
        desk.write("rsa.pem", RSA);
        desk.write(
            "claims",
            r#"{"iss":"https://as.example","sub":"s","aud":["a","b"],"client_id":"c","jti":"1"}"#,
        );
        desk
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).expect("written");
    }

    fn command(&self, words: &str) -> Command {
        let mut command = self.home.command(words);
        command.current_dir(self.home.path());
        command
    }

    fn run(&self, words: &str) -> Told {
        Told::of(&mut self.command(words))
    }

    /// A token by the P-256 key, with its key set in `keys.json`.
    fn token(&self, more: &str) -> String {
        let words = format!("jwt sign --key key.pem --claims claims --kid k1 {more}");
        let token = self.run(&words).done().line().to_owned();
        let key = SigningKey::from_pem(P256, None).map(|key| key.with_kid("k1"));
        let keys = json!({ "keys": [key.expect("a key").jwk()] });
        self.write("keys.json", &keys.to_string());
        token
    }
}

#[test]
fn a_token_is_shown_and_not_believed() {
    let robot = Robot::of(&[]);
    let token = robot.token();
    let shown = robot.run("jwt decode --profile robot").done().stdout;
    let piped = given(
        &mut robot.home.command("jwt decode"),
        &format!("Authorization: Bearer {token}\n"),
    );
    assert_eq!(piped.done().stdout, shown);
    for words in [
        "alg        ES256",
        "typ        at+jwt",
        "not verified",
        "anybody could have written this",
    ] {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&words), "{words}: {shown}");
    }
    let end =
        jiff::Timestamp::from_second(robot.end().try_into().expect("soon")).expect("a moment");
    assert!(shown.contains(&format!("  {end}, in ")), "{shown}");

    let json = robot.home.json("jwt decode --profile robot --output json");
    assert_eq!(json["verified"], false);
    assert_eq!(text(&json["claims"], "iss"), robot.server.issuer());
    assert_eq!(json["warnings"], json!([]));
}

#[test]
fn what_is_wrong_with_a_token_is_said() {
    let home = Home::new();
    let bad = unsigned(
        &json!({"alg": "none", "jku": "https://evil.example"}),
        &json!({"exp": 1000, "sub": "\u{1b}[31mred\nline"}),
    );
    let told = given(&mut home.command("jwt decode -"), &bad).done();
    for words in [
        "alg is none",
        "jku names the key",
        "it expired",
        "iss is missing",
        "1970-01-01T00:16:40Z",
    ] {
        assert!(told.stdout.contains(words), "{words}: {told:?}");
    }
    assert!(
        !told.stdout.contains('\x1b') && !told.stdout.contains("red\nline"),
        "{told:?}"
    );
    for (input, complaint) in [
        ("", "expected a token"),
        ("gp_at_abc", "opaque"),
        ("a.b.c", "not a JWT"),
        ("one two", "not a JWT"),
    ] {
        given(&mut home.command("jwt decode"), input)
            .code(1)
            .complaining(complaint);
    }
    let long = "x".repeat(300_000);
    given(&mut home.command("jwt decode"), &long)
        .code(1)
        .complaining("longer than");
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_repeated() {
    let home = Home::new();
    let token = unsigned(&json!({"alg": "none"}), &json!({}));
    for words in [
        format!("jwt decode {token}"),
        format!("jwt verify --jwks k {token}"),
    ] {
        let told = home.run(&words).code(2).complaining("standard input");
        assert!(!told.stderr.contains(&token), "{told:?}");
    }
    let told = home
        .run("jwt decode something-else")
        .code(1)
        .complaining("cannot be read");
    assert!(!told.stderr.contains("something-else"), "{told:?}");
    home.run("jwt decode --profile x file").code(2);
}

#[test]
fn an_issuers_token_is_accepted_and_another_refused() {
    let robot = Robot::of(&[]);
    let issuer = robot.server.issuer().to_owned();
    let token = robot.token();
    let verify = |more: &str, input: &str| {
        given(
            &mut robot.home.command(&format!("jwt verify {more}")),
            input,
        )
    };
    let audience = parts(&token)[1]["aud"].as_str().expect("one").to_owned();
    let all = format!("--issuer {issuer} --audience {audience} --output json");
    let json = verify(&all, &token).done().json();
    assert_eq!(json["accepted"], true);
    assert_eq!(json["claims"]["iss"], issuer);
    let results: Vec<&str> = json["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|check| text(check, "result"))
        .collect();
    assert!(results.iter().all(|result| *result == "ok"), "{json}");

    let told = verify(&format!("--issuer {issuer}"), &token).done();
    assert!(
        told.stdout.contains("Accepted.") && told.stdout.contains("not checked"),
        "{told:?}"
    );
    let told = verify(
        &format!("--issuer {issuer} --audience other --type JWT"),
        &token,
    )
    .code(5);
    assert!(told.stdout.contains("Refused: typ, aud."), "{told:?}");

    let (signed, _) = token.rsplit_once('.').expect("three parts");
    let told = verify(&format!("--issuer {issuer}"), &format!("{signed}.AAAA")).code(5);
    assert!(told.stdout.contains("Refused: signature."), "{told:?}");
    let forged = unsigned(&json!({"alg": "none", "typ": "at+jwt"}), &parts(&token)[1]);
    let told = verify(&format!("--issuer {issuer} --output json"), &forged)
        .code(5)
        .json();
    assert_eq!(
        (&told["accepted"], &told["claims"]),
        (&json!(false), &Value::Null)
    );
    verify(&format!("--issuer {issuer}"), "opaque")
        .code(5)
        .complaining("not a JWT");
}

#[test]
fn keys_that_cannot_be_had_are_no_verdict() {
    let home = Home::new();
    let token = unsigned(&json!({"alg": "ES256", "kid": "k"}), &json!({}));
    let verify = |more: &str| given(&mut home.command(&format!("jwt verify {more}")), &token);
    verify("--issuer http://127.0.0.1:9")
        .code(3)
        .complaining("could not reach");
    verify("--jwks http://127.0.0.1:9/keys")
        .code(3)
        .complaining("cannot connect");
    verify("--jwks nowhere.json")
        .code(1)
        .complaining("cannot be read");
    verify("--issuer http://as.example")
        .code(2)
        .complaining("plain http");
    verify("--issuer nothing")
        .code(2)
        .complaining("expected a URL");
    verify("").code(2);
    std::fs::write(home.path().join("bad"), "{}").expect("written");
    verify(&format!("--jwks {}/bad", home.path().display()))
        .code(1)
        .complaining("no keys");
}

#[test]
fn what_is_signed_is_verified() {
    let desk = Desk::new();
    let token = desk.token("--type at+jwt --expires-in 60");
    let [header, claims] = parts(&token).try_into().expect("two");
    assert_eq!(
        header,
        json!({"alg": "ES256", "kid": "k1", "typ": "at+jwt"})
    );
    assert_eq!(
        claims["exp"].as_u64(),
        claims["iat"].as_u64().map(|iat| iat + 60)
    );
    let verify = |more: &str, input: &str| {
        given(
            &mut desk.command(&format!("jwt verify --jwks keys.json {more}")),
            input,
        )
    };
    verify("--issuer https://as.example --audience b", &token).done();
    let told = verify("--issuer https://other.example", &token).code(5);
    assert!(told.stdout.contains("Refused: iss."), "{told:?}");

    let plain = desk.token("");
    let told = verify("", &plain).code(5);
    assert!(
        told.stdout.contains("Refused: typ, exp, claims."),
        "{told:?}"
    );
    let told = verify("--type JWT", &plain).code(5);
    assert!(told.stdout.contains("Refused: exp."), "{told:?}");
    desk.write("claims", r#"{"exp":1000,"nbf":99999999999,"iat":"soon"}"#);
    let old = desk.token("");
    let told = verify("--type any", &old).code(5);
    assert!(told.stdout.contains("Refused: exp, nbf, iat."), "{told:?}");
}

#[test]
fn keys_of_several_kinds_sign() {
    let desk = Desk::new();
    let alg = |words: &str| {
        let told = desk
            .run(&format!("jwt sign --claims claims {words}"))
            .done();
        text(&parts(told.line())[0], "alg").to_owned()
    };
    assert_eq!(alg("--key rsa.pem"), "RS256");
    assert_eq!(alg("--key rsa.pem --alg PS256"), "PS256");
    let key = SigningKey::from_pem(P256, None)
        .expect("a key")
        .to_private_jwk();
    desk.write("key.jwk", key.expect("a JWK").expose());
    assert_eq!(alg("--key key.jwk"), "ES256");
    let piped = given(&mut desk.command("jwt sign --key key.jwk --claims -"), "{}").done();
    assert_eq!(parts(piped.line())[1], json!({}));
}

#[test]
fn what_cannot_be_signed_is_said() {
    let desk = Desk::new();
    desk.write("list", "[1]");
    desk.write(
        "public.jwk",
        r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
    );
    for (words, code, complaint) in [
        ("--key key.pem --claims list", 1, "expected a JSON object"),
        ("--key claims --claims claims", 1, "--key:"),
        ("--key public.jwk --claims claims", 1, "--key:"),
        (
            "--key key.pem --alg RS256 --claims claims",
            1,
            "not for that algorithm",
        ),
        (
            "--key key.pem --alg none --claims claims",
            1,
            "not for that algorithm",
        ),
        ("--key nowhere --claims claims", 1, "cannot be read"),
        ("--key - --claims -", 2, "read once"),
        ("--key key.pem", 2, "--claims"),
        ("--key key.pem --claims claims --type a\"b", 2, "media type"),
    ] {
        let told = desk
            .run(&format!("jwt sign {words}"))
            .code(code)
            .complaining(complaint);
        assert!(!told.stderr.contains("PRIVATE"), "{told:?}");
    }
}
