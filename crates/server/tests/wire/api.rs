//! The protected API: which tokens, keys and passwords open it.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::forge::{claims, compact, now, signing_input, signing_key};
use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::World;

async fn refused(world: &World, token: &str) {
    let answer = world.data(token).await;
    answer.refused(401, "invalid_token");
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert!(!answer.body.contains(token));
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_not_the_tokens() {
    let world = World::dev().await;
    let key = signing_key(&world).await;
    let claims = claims(&world);
    let jwks = world.send(Call::get("/jwks.json")).await;
    let keys = jwks.json()["keys"].as_array().expect("keys").clone();
    let public = keys.into_iter().find(|key| key["kty"] == "EC");
    let public = public.expect("a key of P-256");
    let header = |alg: &str| json!({ "alg": alg, "typ": "at+jwt", "kid": key.kid() });
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        refused(&world, &compact(&header(alg), &claims, b"")).await;
        refused(&world, &compact(&header(alg), &claims, &[0; 64])).await;
    }
    for secret in [
        jwks.body.clone(),
        public.to_string(),
        format!("{}{}", public["x"], public["y"]),
        public["x"].as_str().expect("x").to_owned(),
        String::from("x"),
    ] {
        let header = header("HS256");
        let mac = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            signing_input(&header, &claims).as_bytes(),
        );
        refused(&world, &compact(&header, &claims, mac.as_ref())).await;
    }
    let good = key.sign("at+jwt", &claims).expect("signs");
    let (_, signature) = good.rsplit_once('.').expect("three parts");
    for alg in [
        "RS256", "PS256", "ES384", "EdDSA", "ES256K", "ES512", "HS256",
    ] {
        refused(
            &world,
            &format!("{}.{signature}", signing_input(&header(alg), &claims)),
        )
        .await;
    }
    // Zeros for r and s, which careless libraries have believed.
    refused(&world, &compact(&header("ES256"), &claims, &[0; 64])).await;
    world.data(&good).await.good();
}

#[tokio::test]
async fn headers_do_not_bring_their_own_keys_or_rules() {
    let world = World::dev().await;
    let key = signing_key(&world).await;
    let claims = claims(&world);
    for header in [
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": "other" }),
        json!({ "alg": "ES256", "typ": "at+jwt", "jwk": key.jwk() }),
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": key.kid(), "crit": ["x"] }),
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": key.kid(), "b64": false }),
        json!({ "typ": "at+jwt", "kid": key.kid() }),
        json!([]),
    ] {
        refused(&world, &compact(&header, &claims, &[1; 64])).await;
    }
}

#[tokio::test]
async fn every_claim_is_checked_though_the_signature_is_right() {
    let world = World::dev().await;
    let key = signing_key(&world).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&world);
        claims[name] = value;
        key.sign("at+jwt", &claims).expect("signs")
    };
    let issuer = world.issuer.as_str();
    for (name, value) in [
        ("exp", json!(now() - 1)),
        ("exp", json!(0)),
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("nbf", json!(now() + 60)),
        ("iat", json!(now() + 60)),
        ("aud", json!("https://other.example")),
        ("aud", json!(issuer)),
        ("aud", json!(format!("{issuer}/api/"))),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("iss", json!("https://other.example")),
        ("iss", json!(format!("{issuer}/"))),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("client_id", Value::Null),
        ("jti", Value::Null),
        ("scope", json!(["read"])),
        // Of a login that is gone, or never was.
        ("grant_id", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("grant_id", json!("x")),
    ] {
        refused(&world, &with(name, value)).await;
    }
    for typ in ["JWT", "jwt", "", "id+jwt", "logout+jwt", "at+jwt+x"] {
        refused(&world, &key.sign(typ, &claims(&world)).expect("signs")).await;
    }
    let good = with(
        "aud",
        json!(["https://other.example", format!("{issuer}/api")]),
    );
    world.data(&good).await.good();
    let none = with("scope", json!(""));
    world.data(&none).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn pieces_of_tokens_are_not_tokens() {
    let world = World::dev().await;
    let token = world.tokens().await.access;
    let (rest, signature) = token.rsplit_once('.').expect("three parts");
    let (header, payload) = rest.split_once('.').expect("three parts");
    for piece in [
        &token[..token.len() - 1],
        &token[1..],
        rest,
        &format!("{rest}."),
        &format!("{rest}.."),
        &format!("{rest}.{signature}."),
        &format!("{rest}.{signature}.{signature}"),
        &format!("{header}.{signature}"),
        &format!("{payload}.{header}.{signature}"),
        &format!("{rest}.{signature}="),
        "x",
        ".",
        "..",
        "eyJhbGciOiJub25lIn0..",
    ] {
        refused(&world, piece).await;
    }
    let long = format!("{rest}.{}", "A".repeat(20_000));
    let answer = world.data(&long).await;
    assert!([400, 401, 431].contains(&answer.status), "{answer:?}");
    world.data(&token).await.good();
}

#[tokio::test]
async fn a_token_in_the_query_or_body_is_not_seen() {
    let world = World::dev().await;
    let token = world.tokens().await.access;
    for name in ["access_token", "token", "bearer"] {
        let call = Call::get(format!("/api/data?{name}={token}"));
        let answer = world.send(call).await;
        let challenges = answer.all("www-authenticate").concat();
        // RFC 6750 §2.3 has a name for it, so whoever uses that is told what is wrong.
        match name {
            "access_token" => {
                answer.refused(400, "invalid_request");
                assert!(!challenges.contains(&token), "{challenges}");
            }
            _ => {
                assert_eq!(answer.status, 401);
                assert!(!challenges.is_empty());
                assert!(!challenges.contains("error="), "{challenges}");
            }
        }
        answer.is_private();
    }
}

#[tokio::test]
async fn malformed_and_doubled_credentials_are_400_or_401_and_never_in() {
    let world = World::dev().await;
    let set = world.set();
    let token = world.tokens().await.access;
    let paths = [
        "/api/data",
        "/api/protected_data",
        "/api/endpoint",
        "/protected-resource",
    ];
    for path in paths {
        for header in [
            &b"Basic"[..],
            b"Basic =",
            b"Basic !!!!",
            b"Basic YWJj",
            b"Basic /////w==",
            b"Basic OnA=",
            b"Bearer",
            b"Bearer ",
            b"Bearer a b",
            b"Bearer \xff",
            b"Token x",
            b"\xff",
        ] {
            let call = Call::get(path).header("Authorization", header);
            let answer = world.send(call).await;
            assert!([400, 401].contains(&answer.status), "{path} {answer:?}");
            answer.is_private();
        }
        let twice = Call::get(path).bearer(&token).bearer(&token);
        world.send(twice).await.refused(400, "invalid_request");
        let mixed = Call::get(path)
            .bearer(&token)
            .basic(&set.user, &set.password);
        world.send(mixed).await.refused(400, "invalid_request");
        world.send(Call::get(path).bearer(&token)).await.good();
        assert_eq!(world.send(Call::get(path)).await.status, 401);
    }
    let both = Call::get("/api/endpoint")
        .bearer(&set.api_key)
        .header("X-API-Key", set.api_key.as_str());
    world.send(both).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn keys_open_their_door_only() {
    let world = World::dev().await;
    let set = world.set();
    let key = set.api_key.as_str();
    let with = |path: &str, key: &str| Call::get(path).header("X-API-Key", key);
    world.send(with("/api/endpoint", key)).await.good();
    let bearer = Call::get("/api/endpoint").bearer(key);
    world.send(bearer).await.good();
    for wrong in ["", "x", &key[..key.len() - 1], &key.to_lowercase()] {
        let answer = world.send(with("/api/endpoint", wrong)).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    for path in ["/api/data", "/protected-resource"] {
        assert_eq!(world.send(with(path, key)).await.status, 401);
        let bearer = Call::get(path).bearer(key);
        world.send(bearer).await.refused(401, "invalid_token");
    }
    let basic = |path: &str| Call::get(path).basic(&set.user, &set.password);
    world.send(basic("/protected-resource")).await.good();
    for path in ["/api/data", "/api/endpoint"] {
        assert_eq!(world.send(basic(path)).await.status, 401);
    }
}

/// RFC 9728: from the refusal to who issues tokens, and for which audience.
#[tokio::test]
async fn a_refusal_leads_to_the_metadata() {
    for path in ["", "/tenant"] {
        let world = World::dev_with(|config| {
            config.issuer = Some(format!("http://127.0.0.1:8484{path}"));
        })
        .await;
        let place = format!("/.well-known/oauth-protected-resource{path}/api");
        let resource = format!("http://127.0.0.1:8484{path}/api");
        for own in ["/api/data", "/api/protected_data", "/api/endpoint"] {
            let refusal = world.send(Call::get(format!("{path}{own}"))).await;
            assert_eq!(refusal.status, 401);
            let challenge = refusal.all("www-authenticate")[0];
            let named = format!(r#"resource_metadata="http://127.0.0.1:8484{place}""#);
            assert!(challenge.contains(&named), "{challenge}");
            assert!(challenge.contains(r#"scope="read""#), "{challenge}");
        }
        let metadata = world.send(Call::get(place.clone())).await.json();
        assert_eq!(metadata["resource"], resource.as_str());
        assert_eq!(metadata["authorization_servers"], json!([world.issuer]));
        assert_eq!(metadata["scopes_supported"], json!(["read", "write"]));
        assert_eq!(world.send(Call::post(place)).await.status, 405);
        // What is not below that resource does not name it.
        let refusal = world
            .send(Call::get(format!("{path}/protected-resource")))
            .await;
        let challenges = refusal.all("www-authenticate").concat();
        assert!(!challenges.contains("resource_metadata"), "{challenges}");
        // The token endpoint takes that resource.
        let form = Pairs::of(&[
            ("grant_type", "client_credentials"),
            ("resource", &resource),
            ("scope", "read"),
        ]);
        let set = world.set();
        let asked = Call::post(format!("{path}/oauth/token")).form(&form);
        let asked = asked.basic(&set.client_id, &set.client_secret);
        let token = world.send(asked).await.good().text("access_token");
        let data = Call::get(format!("{path}/api/data")).bearer(&token);
        assert_eq!(world.send(data).await.status, 200);
    }
}

#[tokio::test]
async fn an_audience_elsewhere_has_no_metadata_here() {
    for audience in [
        "urn:example:api",
        "https://api.example/api",
        "http://127.0.0.1:8484/a",
    ] {
        let world = World::dev_with(|config| {
            config.issuer = Some("http://127.0.0.1:8484".to_owned());
            config.default_audience = Some(audience.to_owned());
        })
        .await;
        let refusal = world.send(Call::get("/api/data")).await;
        let challenges = refusal.all("www-authenticate").concat();
        assert!(!challenges.contains("resource_metadata"), "{challenges}");
        let place = "/.well-known/oauth-protected-resource/api";
        assert_eq!(world.send(Call::get(place)).await.status, 404);
    }
}
