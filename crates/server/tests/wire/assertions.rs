//! `private_key_jwt` and `client_secret_jwt` (RFC 7523, OpenID Connect Core §9): what is believed, and what is not.

use aws_lc_rs::hmac;
use gatepass_proto::decide::details::ClientDetails;
use serde_json::{Value, json};

use crate::forge::{compact, now, signing_input};
use crate::prover::{Draft, Prover, ask, by_assertion, claims, register, robot, token_endpoint};
use crate::wire::Call;
use crate::world::World;

#[tokio::test]
async fn whoever_has_the_key_is_the_client() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let good = || prover.assertion(&client_id, &world.issuer);
    let both = json!([world.issuer, token_endpoint(&world)]);
    for draft in [
        good(),
        good().claim("aud", token_endpoint(&world)),
        good().claim("aud", both),
        good().claim("exp", now() + 3600),
        good().claim("iat", now() + 10).claim("nbf", now() + 10),
        good().without("iat"),
        good().headless("kid").headless("typ"),
        good().head("typ", "client-authentication+jwt"),
    ] {
        let answer = ask(&world, &by_assertion(&prover.sign(&draft))).await;
        answer.good();
        let form = by_assertion(&prover.sign(&good()));
        let form = form.with_all(&[("token", &answer.text("access_token"))]);
        let said = world
            .send(Call::post("/oauth/introspect").form(&form))
            .await;
        assert_eq!(said.good().json()["active"], true);
    }
    let named = by_assertion(&prover.sign(&good())).with_all(&[("client_id", &client_id)]);
    ask(&world, &named).await.good();
}

/// What is wrong with each is in its name; the answer is the same to all.
#[tokio::test]
async fn nothing_else_is_believed() {
    let world = World::with(|_| ()).await;
    let (prover, stranger) = (Prover::new(), Prover::new());
    let client_id = register(&world, &prover, |_| ()).await;
    let good = || prover.assertion(&client_id, &world.issuer);
    let foreign = json!([world.issuer, "https://elsewhere.example"]);
    for (name, draft) in [
        ("iss", good().claim("iss", "other")),
        ("sub", good().claim("sub", "other")),
        ("both", good().claim("iss", "other").claim("sub", "other")),
        ("aud", good().claim("aud", "https://elsewhere.example")),
        (
            "aud with a slash",
            good().claim("aud", format!("{}/", world.issuer)),
        ),
        ("aud in company", good().claim("aud", foreign)),
        ("aud empty", good().claim("aud", json!([]))),
        ("no aud", good().without("aud")),
        ("no exp", good().without("exp")),
        ("exp as text", good().claim("exp", (now() + 60).to_string())),
        ("exp past", good().claim("exp", now() - 31)),
        ("exp far", good().claim("exp", now() + 2 * 3600)),
        ("exp endless", good().claim("exp", u64::MAX)),
        ("nbf", good().claim("nbf", now() + 90)),
        ("iat", good().claim("iat", now() + 90)),
        ("no jti", good().without("jti")),
        ("jti empty", good().claim("jti", "")),
        ("jti long", good().claim("jti", "x".repeat(513))),
        ("typ", good().head("typ", "at+jwt")),
        ("typ of a proof", good().head("typ", "dpop+jwt")),
        ("crit", good().head("crit", json!(["exp"])).head("exp", 1)),
        ("b64", good().head("b64", true)),
        ("kid", good().head("kid", "other")),
        ("alg none", good().head("alg", "none")),
        ("alg", good().head("alg", "RS256")),
        ("alg unknown", good().head("alg", "ES256K")),
    ] {
        let answer = ask(&world, &by_assertion(&prover.sign(&draft))).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        answer.refused(401, "invalid_client");
    }
    let jwk = || stranger.jwk().clone();
    for (name, draft) in [
        ("another's key", good()),
        ("jwk", good().headless("kid").head("jwk", jwk())),
        ("jku", good().head("jku", "https://evil.example/jwks")),
        ("x5u", good().head("x5u", "https://evil.example/cert")),
    ] {
        let answer = ask(&world, &by_assertion(&stranger.sign(&draft))).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
    }
    for text in ["", "a", "a.b", "a.b.c", "....", &"x.".repeat(2000)] {
        ask(&world, &by_assertion(text))
            .await
            .refused(401, "invalid_client");
    }
    ask(&world, &by_assertion(&prover.sign(&good())))
        .await
        .good();
}

/// The key of an asymmetric signature is public: as the key of an HMAC it would be everybody's.
#[tokio::test]
async fn a_public_key_is_no_secret() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let secret = prover.jwk().to_string();
    let assertion = by_secret(&secret, &client_id, &world.issuer);
    ask(&world, &by_assertion(&assertion))
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn an_assertion_is_good_once_wherever_it_is_shown() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let fresh = || prover.sign(&prover.assertion(&client_id, &world.issuer));
    let form = by_assertion(&fresh());
    ask(&world, &form).await.good();
    for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        let form = form.clone().with_all(&[("token", "t")]);
        let answer = world.send(Call::post(path).form(&form)).await;
        answer.refused(401, "invalid_client");
    }
    // A refusal spends it too.
    let form = by_assertion(&fresh());
    let asked = form.clone().with_all(&[("scope", "admin")]);
    ask(&world, &asked).await.refused(400, "invalid_scope");
    ask(&world, &form).await.refused(401, "invalid_client");
    // Of many at once one passes.
    let form = by_assertion(&fresh());
    let asked = (0..8).map(|_| ask(&world, &form));
    let answers = futures_util::future::join_all(asked).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{answers:?}");
}

/// Nobody else can use up a client's assertions: what is not signed is not remembered.
#[tokio::test]
async fn a_stranger_spends_nothing() {
    let world = World::with(|_| ()).await;
    let (prover, stranger) = (Prover::new(), Prover::new());
    let client_id = register(&world, &prover, |_| ()).await;
    let draft = prover.assertion(&client_id, &world.issuer);
    let forged = by_assertion(&stranger.sign(&draft));
    ask(&world, &forged).await.refused(401, "invalid_client");
    ask(&world, &by_assertion(&prover.sign(&draft)))
        .await
        .good();
    // The same `jti` of another client is another.
    let other = Prover::new();
    let other_id = register(&world, &other, |_| ()).await;
    let same = other.assertion(&other_id, &world.issuer);
    let same = same.claim("jti", draft.claims["jti"].clone());
    ask(&world, &by_assertion(&other.sign(&same))).await.good();
}

#[tokio::test]
async fn one_method_at_a_time() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |_| ()).await;
    let fresh = || by_assertion(&prover.sign(&prover.assertion(&client_id, &world.issuer)));
    let basic = Call::post("/oauth/token").basic(&client_id, "s");
    world
        .send(basic.form(&fresh()))
        .await
        .refused(400, "invalid_request");
    let post = fresh().with_all(&[("client_id", &client_id), ("client_secret", "s")]);
    ask(&world, &post).await.refused(400, "invalid_request");
    let other = fresh().with_all(&[("client_id", "other")]);
    ask(&world, &other).await.refused(400, "invalid_request");
    for (name, value) in [
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ),
        ("client_assertion_type", ""),
        ("client_assertion", ""),
    ] {
        let answer = ask(&world, &fresh().with_all(&[(name, value)])).await;
        assert_eq!(answer.status, 401, "{name}={value}: {answer:?}");
    }
    // Its name alone makes it nobody.
    let name = by_assertion("").with_all(&[("client_id", &client_id)]);
    ask(&world, &name).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn a_method_and_an_algorithm_are_good_where_they_are_registered() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let admin = world.admin().await;
    let mut new = robot(None, ClientDetails::default());
    new.details.jwks = Some(prover.jwks());
    let (client, _) = admin.add_client(new).await.expect("a client");
    let by_key = prover.assertion(client.client_id.as_str(), &world.issuer);
    let answer = ask(&world, &by_assertion(&prover.sign(&by_key))).await;
    answer.refused(401, "invalid_client");
    for (alg, status) in [("PS256", 401), ("ES256", 200)] {
        let client_id = register(&world, &prover, |details| {
            details.token_endpoint_auth_signing_alg = Some(alg.to_owned());
        })
        .await;
        let draft = prover.assertion(&client_id, &world.issuer);
        let answer = ask(&world, &by_assertion(&prover.sign(&draft))).await;
        assert_eq!(answer.status, status, "{alg}: {answer:?}");
    }
}

/// FAPI 2.0 Security Profile §5.3.2.1: the issuer, as one text; and every token is bound.
#[tokio::test]
async fn under_fapi_the_issuer_alone_is_the_audience() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let client_id = register(&world, &prover, |details| details.fapi = true).await;
    let good = || prover.assertion(&client_id, &world.issuer);
    for aud in [json!(token_endpoint(&world)), json!([world.issuer])] {
        let draft = good().claim("aud", aud);
        let answer = ask(&world, &by_assertion(&prover.sign(&draft))).await;
        answer.refused(401, "invalid_client");
    }
    let unbound = ask(&world, &by_assertion(&prover.sign(&good()))).await;
    unbound.refused(400, "invalid_request");
    let proof = prover.sign(&prover.token_proof(&world).await);
    let call = Call::post("/oauth/token").header("DPoP", proof);
    let answer = world
        .send(call.form(&by_assertion(&prover.sign(&good()))))
        .await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
}

#[tokio::test]
async fn a_secret_signs_without_being_shown() {
    let world = World::with(|_| ()).await;
    let new = robot(Some("client_secret_jwt"), ClientDetails::default());
    let (client, secret) = world.admin().await.add_client(new).await.expect("a client");
    let (client_id, secret) = (client.client_id.to_string(), secret.expect("a secret"));
    let sealed = client.details.sealed_secret.as_deref().expect("it is kept");
    assert!(!sealed.contains(secret.expose()));
    let form = || by_assertion(&by_secret(secret.expose(), &client_id, &world.issuer));
    let once = form();
    ask(&world, &once).await.good();
    ask(&world, &once).await.refused(401, "invalid_client");
    ask(&world, &form()).await.good();
    let wrong = by_secret(&"x".repeat(40), &client_id, &world.issuer);
    ask(&world, &by_assertion(&wrong))
        .await
        .refused(401, "invalid_client");
    let far = by_secret(secret.expose(), &client_id, "https://elsewhere.example");
    ask(&world, &by_assertion(&far))
        .await
        .refused(401, "invalid_client");
    // It registered to sign with it, not to send it.
    let call = Call::post("/oauth/token").basic(&client_id, secret.expose());
    let shown = call.form(&crate::pairs::Pairs::of(&[(
        "grant_type",
        "client_credentials",
    )]));
    world.send(shown).await.refused(401, "invalid_client");
    // Another client's seal opens nothing.
    let prover = Prover::new();
    let by_key = prover.assertion(&client_id, &world.issuer);
    let answer = ask(&world, &by_assertion(&prover.sign(&by_key))).await;
    answer.refused(401, "invalid_client");
}

/// An assertion by HS256.
fn by_secret(secret: &str, client_id: &str, audience: &str) -> String {
    let draft = Draft {
        header: json!({ "alg": "HS256", "typ": "JWT" }),
        claims: claims(client_id, audience),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let message = signing_input(&draft.header, &draft.claims);
    let tag = hmac::sign(&key, message.as_bytes());
    compact(&draft.header, &draft.claims, tag.as_ref())
}

/// What cannot work, or should not lie here, is not registered.
#[tokio::test]
async fn keys_are_looked_at_when_they_are_registered() {
    let world = World::with(|_| ()).await;
    let admin = world.admin().await;
    let prover = Prover::new();
    let mut private = prover.jwks();
    private["keys"][0]["d"] = "AAAA".into();
    let uri = |uri: &str| (None, Some(uri.to_owned()));
    for (jwks, jwks_uri) in [
        (None, None),
        (
            Some(prover.jwks()),
            Some("https://client.example/jwks".to_owned()),
        ),
        (Some(private), None),
        (Some(json!({ "keys": [] })), None),
        (
            Some(json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
            None,
        ),
        (Some(Value::Null), None),
        uri("not a URL"),
        uri("http://client.example/jwks"),
        uri("file:///etc/passwd"),
        uri("https://user:pw@client.example/jwks"),
    ] {
        let said = format!("{jwks:?} {jwks_uri:?}");
        let details = ClientDetails {
            jwks,
            jwks_uri,
            ..ClientDetails::default()
        };
        let added = admin
            .add_client(robot(Some("private_key_jwt"), details))
            .await;
        assert!(added.is_err(), "{said}");
    }
    let unknown = robot(Some("tls_client_auth"), ClientDetails::default());
    assert!(admin.add_client(unknown).await.is_err());
}
