//! `gatepass helper kubectl`.

use gatepass_proto::jose::SigningKey;
use serde_json::json;

use super::Robot;
use crate::canned::Canned;
use crate::home::{Home, Told};

const API: &str = "https://cluster.example:6443";

fn info(version: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"ExecCredential","spec":{spec}}}"#
    )
}

#[test]
fn the_answer_is_to_the_letter() {
    let robot = Robot::of(&[API]);
    let token = robot.token();
    let end =
        jiff::Timestamp::from_second(robot.end().try_into().expect("soon")).expect("a moment");
    let expected = |version: &str, interactive: bool| {
        format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"ExecCredential","spec":{{"interactive":{interactive}}},"status":{{"token":"{token}","expirationTimestamp":"{end}"}}}}"#
        )
    };
    let told = |said: Option<String>| {
        let mut command = robot.command("helper kubectl robot");
        command.envs(said.map(|said| ("KUBERNETES_EXEC_INFO", said)));
        Told::of(&mut command).done().line().to_owned()
    };
    assert_eq!(told(None), expected("v1", false));
    assert_eq!(
        told(Some(info("v1", r#"{"interactive":true}"#))),
        expected("v1", true)
    );
    assert_eq!(
        told(Some(info("v1beta1", "{}"))),
        expected("v1beta1", false)
    );
    let cluster =
        format!(r#"{{"interactive":false,"cluster":{{"server":"{API}","config":null}}}}"#);
    assert_eq!(told(Some(info("v1", &cluster))), expected("v1", false));
}

#[test]
fn an_unknown_expiry_is_left_out() {
    let home = Home::new();
    home.run(&format!("profile add fixed --api {API} --token-env T"))
        .done();
    let told = Told::of(home.command("helper kubectl").env("T", "abc")).done();
    assert_eq!(
        told.line(),
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false},"status":{"token":"abc"}}"#
    );
}

#[test]
fn what_kubernetes_must_not_have_is_refused() {
    let home = Home::new();
    home.run(&format!("profile add fixed --api {API} --token-env T"))
        .done();
    home.run(&format!(
        "profile add basic --api {API} --username u --password-env T"
    ))
    .done();
    let run = |words: &str, said: &str| {
        let mut command = home.command(words);
        let told = Told::of(command.env("T", "abc").env("KUBERNETES_EXEC_INFO", said));
        assert!(!told.stderr.contains("abc"), "{told:?}");
        told.code(1)
    };
    for (said, complaint) in [
        ("{", "expected an ExecCredential"),
        ("{}", "apiVersion"),
        (&info("v1alpha1", "{}"), "not spoken here"),
        (
            &info("v1", r#"{"cluster":{"server":"https://evil.example"}}"#),
            "not for https://evil.example",
        ),
        (&info("v1", r#"{"cluster":{"server":"?"}}"#), "not a URL"),
    ] {
        run("helper kubectl fixed", said).complaining(complaint);
    }
    run("helper kubectl basic", "").complaining("Kubernetes takes tokens");
    run("helper kubectl fixed --id-token", "").complaining("token");
    home.run("helper kubectl nobody")
        .code(1)
        .complaining("no profile");
}

#[test]
fn nobody_is_asked_unless_both_sides_want_it() {
    let home = Home::new();
    let add = format!("profile add web --issuer https://as.invalid --client-id c --api {API}");
    home.run(&add).done();
    for (words, said) in [
        ("helper kubectl web", info("v1", r#"{"interactive":true}"#)),
        (
            "helper kubectl web --login",
            info("v1", r#"{"interactive":false}"#),
        ),
    ] {
        let told = Told::of(home.command(words).env("KUBERNETES_EXEC_INFO", said));
        told.code(4).complaining("gatepass login web");
    }
}

#[test]
fn the_entry_of_a_kubeconfig_is_printed() {
    let home = Home::new();
    home.run(&format!("profile add 1.0 --api {API} --token-env T"))
        .done();
    let entry = home.run("helper kubectl --print-config 1.0").done().stdout;
    assert_eq!(
        entry,
        "\
users:
- name: \"1.0\"
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: gatepass
      args:
      - helper
      - kubectl
      - \"1.0\"
      interactiveMode: Never
      provideClusterInfo: true
"
    );
    let entry = home
        .run("helper kubectl --print-config 1.0 --login --id-token")
        .done()
        .stdout;
    assert!(
        entry.contains("      - --id-token\n      - --login\n      interactiveMode: IfAvailable\n"),
        "{entry}"
    );
}

/// An issuer whose token endpoint adds an ID token; it takes any client.
struct Issuer {
    server: Canned,
    key: SigningKey,
}

impl Issuer {
    fn start() -> Self {
        let pem = include_str!("../../../../proto/src/jose/tests/keys/p256.pem");
        let key = SigningKey::from_pem(pem, None).expect("a key");
        let server = Canned::start();
        let origin = &server.origin;
        let metadata = json!({
            "issuer": origin,
            "token_endpoint": format!("{origin}/token"),
            "jwks_uri": format!("{origin}/keys"),
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        let answer = |path: &str, body: &serde_json::Value| {
            server.answer(path, "200 OK", "", &body.to_string());
        };
        answer("/.well-known/oauth-authorization-server", &metadata);
        answer("/keys", &json!({ "keys": [key.jwk()] }));
        Self { server, key }
    }

    /// From now on the ID token is good for so many seconds; that ID token, and its end.
    fn gives(&self, seconds: i64) -> (String, String) {
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({
            "iss": self.server.origin, "aud": "c", "sub": "somebody", "iat": now, "exp": now + seconds,
        });
        let id_token = self.key.sign("JWT", &claims).expect("signed");
        let answer = json!({
            "access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": id_token,
        });
        self.server
            .answer("/token", "200 OK", "", &answer.to_string());
        let end = jiff::Timestamp::from_second(now + seconds).expect("a moment");
        (id_token, end.to_string())
    }
}

#[test]
fn an_id_token_has_an_end_of_its_own() {
    let home = Home::new();
    let issuer = Issuer::start();
    home.run(&format!(
        "profile add oidc --issuer {} --client-id c --client-secret-env S --grant client_credentials --api {API}",
        issuer.server.origin
    ))
    .done();
    let run = |words: &str| Told::of(home.command(words).env("S", "s")).done().json();
    let (first, end) = issuer.gives(40);
    assert_eq!(run("helper kubectl oidc")["status"]["token"], "opaque");
    // It ends too soon to be of use, long before the access token.
    let (second, later) = issuer.gives(600);
    let status = run("helper kubectl oidc --id-token")["status"].clone();
    assert_eq!(
        status,
        json!({"token": second, "expirationTimestamp": later})
    );
    assert!(first != second && end != later);
    assert_eq!(run("helper kubectl oidc --id-token")["status"], status);
}
