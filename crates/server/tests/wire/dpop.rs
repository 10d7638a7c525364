//! DPoP (RFC 9449): whose key a token is bound to, and that nobody else can use it.

use gatepass_proto::decide::details::ClientDetails;
use serde_json::{Value, json};

use crate::forge::now;
use crate::pairs::Pairs;
use crate::prover::{Draft, Prover, by_assertion, nonce, register, robot, token_endpoint};
use crate::wire::{Answer, Call};
use crate::world::{CALLBACK, VERIFIER, World};

/// The confidential client's token for itself, with these proofs.
pub(crate) async fn for_itself(world: &World, proofs: &[String]) -> Answer {
    let call = world.token_call(&[("grant_type", "client_credentials")]);
    let call = proofs
        .iter()
        .fold(call, |call, proof| call.header("DPoP", proof.clone()));
    world.send(call).await
}

/// The same, bound to this key.
pub(crate) async fn bound(world: &World, prover: &Prover) -> String {
    let proof = prover.sign(&prover.token_proof(world).await);
    let answer = for_itself(world, &[proof]).await;
    answer.good().text("access_token")
}

#[tokio::test]
async fn a_token_is_bound_to_the_key_of_the_proof() {
    let world = World::dev().await;
    let prover = Prover::new();
    let proof = prover.sign(&prover.token_proof(&world).await);
    let answer = for_itself(&world, &[proof]).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
    let next = answer.header("dpop-nonce").expect("a nonce for the next");
    assert_eq!(next.len(), 22);
    let said = world.introspect(&answer.text("access_token")).await;
    assert_eq!(said["token_type"], "DPoP");
    assert_eq!(said["cnf"], json!({ "jkt": prover.jkt() }));
    // Without a proof nothing has changed.
    let plain = for_itself(&world, &[]).await;
    assert_eq!(plain.good().text("token_type"), "Bearer");
    assert_eq!(plain.header("dpop-nonce"), None);
    let said = world.introspect(&plain.text("access_token")).await;
    assert_eq!(
        (said.get("cnf"), &said["token_type"]),
        (None, &json!("Bearer"))
    );
}

/// The client repeats its request with the nonce, and may not have another assertion at hand.
#[tokio::test]
async fn a_nonce_is_asked_for_before_anything_is_spent() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let form = by_assertion(&prover.sign(&prover.assertion(&client_id, &world.issuer)));
    let call = |proof: &Draft| {
        let call = Call::post("/oauth/token").header("DPoP", prover.sign(proof));
        call.form(&form)
    };
    let proof = || prover.proof("POST", &token_endpoint(&world));
    let first = world.send(call(&proof())).await;
    first.refused(400, "use_dpop_nonce");
    let nonce = first.header("dpop-nonce").expect("a nonce");
    let second = call(&proof().claim("nonce", nonce));
    world.send(second.clone()).await.good();
    // The same again is a replay of both; with another proof, of the assertion; with another assertion, of the proof.
    world.send(second).await.refused(400, "invalid_dpop_proof");
    let third = call(&proof().claim("nonce", nonce));
    world.send(third).await.refused(401, "invalid_client");
    let used = prover.sign(&proof().claim("nonce", nonce));
    let fresh = || by_assertion(&prover.sign(&prover.assertion(&client_id, &world.issuer)));
    let again = || {
        Call::post("/oauth/token")
            .header("DPoP", used.clone())
            .form(&fresh())
    };
    world.send(again()).await.good();
    let answer = world.send(again()).await;
    answer.refused(400, "invalid_dpop_proof");
    assert!(answer.header("dpop-nonce").is_some());
}

#[tokio::test]
async fn a_proof_is_for_one_request_of_this_moment() {
    let world = World::dev().await;
    let prover = Prover::new();
    let good = prover.token_proof(&world).await;
    let good = || good.clone();
    let mut private = good().header["jwk"].clone();
    private["d"] = "AAAA".into();
    let other = Prover::new();
    let foreign = other.proof("POST", "").header["jwk"].clone();
    for (name, draft) in [
        ("htm", good().claim("htm", "GET")),
        ("htm in small letters", good().claim("htm", "post")),
        ("no htm", good().without("htm")),
        (
            "htu",
            good().claim("htu", format!("{}/oauth/par", world.issuer)),
        ),
        (
            "htu elsewhere",
            good().claim("htu", "https://elsewhere.example/oauth/token"),
        ),
        ("htu is no URL", good().claim("htu", "/oauth/token")),
        ("no htu", good().without("htu")),
        ("no iat", good().without("iat")),
        ("iat as text", good().claim("iat", now().to_string())),
        ("iat past", good().claim("iat", now() - 120)),
        ("iat future", good().claim("iat", now() + 120)),
        ("no jti", good().without("jti")),
        ("jti empty", good().claim("jti", "")),
        ("jti long", good().claim("jti", "x".repeat(513))),
        ("typ", good().head("typ", "JWT")),
        ("no typ", good().headless("typ")),
        ("alg none", good().head("alg", "none")),
        ("alg symmetric", good().head("alg", "HS256")),
        ("alg of another kind", good().head("alg", "RS256")),
        ("crit", good().head("crit", json!(["x"])).head("x", 1)),
        ("no jwk", good().headless("jwk")),
        ("private jwk", good().head("jwk", private)),
        ("jwk is no key", good().head("jwk", "x")),
        (
            "symmetric jwk",
            good().head("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ),
        ("another's jwk", good().head("jwk", foreign)),
    ] {
        let answer = for_itself(&world, &[prover.sign(&draft)]).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        assert_eq!(answer.text("error"), "invalid_dpop_proof", "{name}");
    }
    for (name, draft) in [
        ("no nonce", good().without("nonce")),
        ("nonce", good().claim("nonce", "AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let answer = for_itself(&world, &[prover.sign(&draft)]).await;
        assert_eq!(answer.text("error"), "use_dpop_nonce", "{name}");
        assert!(answer.header("dpop-nonce").is_some());
    }
    for text in ["", "a.b.c", "x"] {
        let answer = for_itself(&world, &[text.to_owned()]).await;
        answer.refused(400, "invalid_dpop_proof");
    }
    let two = [
        prover.sign(&good()),
        prover.sign(&good().claim("jti", "two")),
    ];
    for_itself(&world, &two)
        .await
        .refused(400, "invalid_dpop_proof");
    // Query and fragment do not count, nor how the same address is written (§4.3).
    let htu = format!(
        "{}?a=b#c",
        token_endpoint(&world).replace("http://", "HTTP://")
    );
    for_itself(&world, &[prover.sign(&good().claim("htu", htu))])
        .await
        .good();
}

#[tokio::test]
async fn a_proof_is_good_once() {
    let world = World::dev().await;
    let prover = Prover::new();
    let proof = [prover.sign(&prover.token_proof(&world).await)];
    let asked = (0..8).map(|_| for_itself(&world, &proof));
    let answers = futures_util::future::join_all(asked).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(400, "invalid_dpop_proof");
    }
}

/// Every node with the same master key knows the nonces of the others.
#[tokio::test]
async fn a_nonce_outlives_the_process() {
    let world = World::with(|_| ()).await;
    let nonce = nonce(&world).await;
    let (folder, config) = world.stop().await;
    let world = World::start(folder, config).await.expect("it starts again");
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let proof = prover
        .proof("POST", &token_endpoint(&world))
        .claim("nonce", nonce);
    let call = Call::post("/oauth/token").header("DPoP", prover.sign(&proof));
    let form = by_assertion(&prover.sign(&prover.assertion(&client_id, &world.issuer)));
    world.send(call.form(&form)).await.good();
}

/// RFC 9449 §5.2.
#[tokio::test]
async fn a_client_that_registered_for_it_gets_no_other_tokens() {
    let world = World::with(|_| ()).await;
    let details = ClientDetails {
        dpop_bound_access_tokens: true,
        ..ClientDetails::default()
    };
    let added = world.admin().await.add_client(robot(None, details)).await;
    let (client, secret) = added.expect("a client");
    let secret = secret.expect("a secret");
    let form = Pairs::of(&[("grant_type", "client_credentials")]);
    let call = || Call::post("/oauth/token").basic(client.client_id.as_str(), secret.expose());
    world
        .send(call().form(&form))
        .await
        .refused(400, "invalid_request");
    let prover = Prover::new();
    let proof = prover.sign(&prover.token_proof(&world).await);
    let answer = world.send(call().header("DPoP", proof).form(&form)).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
}

/// What the public client asks for, with its proof if it has one.
pub(crate) async fn public(
    world: &World,
    prover: Option<&Prover>,
    pairs: &[(&str, &str)],
) -> Answer {
    let form = Pairs::of(pairs).with("client_id", &world.set().public_client_id);
    let mut call = Call::post("/oauth/token");
    if let Some(prover) = prover {
        call = call.header("DPoP", prover.sign(&prover.token_proof(world).await));
    }
    world.send(call.form(&form)).await
}

pub(crate) fn exchange(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// RFC 9449 §10: whoever finds the code cannot redeem it, nor spend it.
#[tokio::test]
async fn a_code_is_bound_to_the_key_of_its_request() {
    let world = World::dev().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let request = world.public_request().with("dpop_jkt", prover.jkt());
    let code = world.code(&request).await;
    for key in [None, Some(&thief)] {
        let answer = public(&world, key, &exchange(&code)).await;
        answer.refused(400, "invalid_grant");
    }
    let answer = public(&world, Some(&prover), &exchange(&code)).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
}

/// RFC 9449 §5: the refresh token of a public client is good with the key alone, whether or not the code was.
#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_too() {
    let world = World::dev().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let code = world.code(&world.public_request()).await;
    let answer = public(&world, Some(&prover), &exchange(&code)).await;
    let refresh = answer.good().text("refresh_token");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    for key in [None, Some(&thief)] {
        public(&world, key, &pairs)
            .await
            .refused(400, "invalid_grant");
    }
    let answer = public(&world, Some(&prover), &pairs).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
    let said = world.introspect(&answer.text("access_token")).await;
    assert_eq!(said["cnf"], json!({ "jkt": prover.jkt() }));
    let next = answer.text("refresh_token");
    assert_ne!(next, refresh);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", next.as_str()),
    ];
    public(&world, Some(&thief), &pairs)
        .await
        .refused(400, "invalid_grant");
    public(&world, Some(&prover), &pairs).await.good();
}

/// A client that can authenticate may change its key.
#[tokio::test]
async fn a_confidential_clients_refresh_token_is_not() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
    ];
    let prover = Prover::new();
    let proof = prover.sign(&prover.token_proof(&world).await);
    let answer = world
        .send(world.token_call(&pairs).header("DPoP", proof))
        .await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
    world.refresh(&answer.text("refresh_token")).await.good();
}

#[tokio::test]
async fn the_metadata_says_what_is_served() {
    let world = World::with(|_| ()).await;
    let path = "/.well-known/oauth-authorization-server";
    let said = world.send(Call::get(path)).await.json();
    let list = |name: &str| {
        let list = said.get(name).and_then(Value::as_array);
        list.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let methods = list("token_endpoint_auth_methods_supported");
    for method in ["private_key_jwt", "client_secret_jwt"] {
        assert!(methods.contains(&method.into()), "{methods:?}");
    }
    assert!(!methods.contains(&"tls_client_auth".into()));
    assert!(list("dpop_signing_alg_values_supported").contains(&"ES256".into()));
    for endpoint in ["token", "introspection", "revocation"] {
        let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        let algorithms = list(&name);
        assert!(algorithms.contains(&"ES256".into()) && algorithms.contains(&"HS256".into()));
        assert!(!algorithms.contains(&"none".into()));
    }
}
