//! Tokens that are bound to a key (RFC 9449): the proof names the request that the client has made.

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Cx, Digest};
use serde_json::{Map, json};

use crate::world::{API, World};

const SETTINGS: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\nforward_auth = [\"nginx\"]\n\
                        proxies = { trusted = [\"127.0.0.1\"] }\n[[issuer]]\nissuer = \"@ISSUER@\"\n";

/// A client with a key.
struct Holder(SigningKey);

impl Holder {
    fn new() -> Self {
        let key = SigningKey::generate("ES256", &mut Cx::new(SystemClock.now(), &mut OsEntropy));
        Self(key.expect("a key"))
    }

    /// The header lines of a request with a token that is bound to the key.
    fn headers(&self, world: &World, method: &str, path: &str, jti: &str) -> [String; 2] {
        let bound = json!({ "cnf": { "jkt": self.0.thumbprint() } });
        let token = world.issuer.token(API, "read", bound);
        let header = Map::from_iter([("jwk".to_owned(), self.0.jwk().clone())]);
        let claims = json!({
            "htm": method, "htu": format!("{API}{path}"), "iat": SystemClock.now().as_secs(),
            "jti": jti, "ath": Digest::of(&token).to_base64url(),
        });
        let proof = self.0.sign_header(&header, "dpop+jwt", &claims);
        let proof = proof.expect("signed");
        [
            format!("Authorization: DPoP {token}"),
            format!("DPoP: {proof}"),
        ]
    }
}

#[tokio::test]
async fn a_proof_is_for_the_clients_request_and_passes_once() {
    let world = World::usual().await;
    world.reload(SETTINGS).await.expect("reloaded");
    let holder = Holder::new();
    let lines = holder.headers(&world, "GET", "/a", "1");
    let ask = async |line: &str, lines: &[String; 2]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        world.send(line, &lines).await
    };
    let said = ask("GET /b", &lines).await;
    assert_eq!(
        (said.status, said.error()),
        (401, "invalid_dpop_proof".to_owned())
    );
    let said = ask("GET /a?b=c", &lines).await;
    assert_eq!(said.status, 200, "{said:?}");
    let seen = said.json();
    assert_eq!(seen["headers"]["x-gatepass-scheme"], "dpop");
    assert_eq!(seen["headers"]["dpop"], json!(null));
    assert_eq!(ask("GET /a", &lines).await.status, 401, "it has been used");
    // New rules do not make the guard forget.
    let rules = format!("{SETTINGS}[[rule]]\npath = \"/never\"\naccess = \"denied\"\n");
    world.reload(&rules).await.expect("reloaded");
    assert_eq!(ask("GET /a", &lines).await.status, 401, "it has been used");
    // Without its proof the token is worth nothing.
    let [token, _] = &lines;
    let bearer = token.replace("DPoP", "Bearer");
    assert_eq!(world.send("GET /a", &[&bearer]).await.status, 401);
}

#[tokio::test]
async fn a_proxy_asks_about_the_clients_request() {
    let world = World::usual().await;
    world.reload(SETTINGS).await.expect("reloaded");
    let holder = Holder::new();
    for (target, method, jti, status) in [
        ("/a?b=c", "GET", "1", 200),
        ("/b", "GET", "2", 401),
        ("/.gatepass/auth/nginx", "GET", "3", 401),
        ("/a", "POST", "4", 401),
    ] {
        let [token, proof] = holder.headers(&world, method, "/a", jti);
        let (asked, path) = (
            "X-Original-Method: GET".to_owned(),
            format!("X-Original-URI: {target}"),
        );
        let lines = [&*token, &proof, &asked, &path];
        let said = world.send("GET /.gatepass/auth/nginx", &lines).await;
        assert_eq!(said.status, status, "{method} {target}: {said:?}");
    }
}
