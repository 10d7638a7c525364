//! Tokens that are bound to a key (RFC 9449 §7): what they open, and that they open nothing without it.

use serde_json::json;

use crate::dpop::{bound, exchange, for_itself, public};
use crate::forge::now;
use crate::prover::Prover;
use crate::wire::{Answer, Call};
use crate::world::World;

async fn data(world: &World, token: &str, proofs: &[String]) -> Answer {
    let call = Call::get("/api/data").header("Authorization", format!("DPoP {token}"));
    let call = proofs
        .iter()
        .fold(call, |call, proof| call.header("DPoP", proof.clone()));
    world.send(call).await
}

/// The challenge of this scheme.
fn challenge<'a>(answer: &'a Answer, scheme: &str) -> &'a str {
    let all = answer.all("www-authenticate");
    let own = all.into_iter().find(|own| own.starts_with(scheme));
    own.unwrap_or_else(|| panic!("no {scheme}: {answer:?}"))
}

#[tokio::test]
async fn a_bound_token_opens_the_api_with_its_key_alone() {
    let world = World::dev().await;
    let prover = Prover::new();
    let token = bound(&world, &prover).await;
    let good = || prover.api_proof(&world, "/api/data", &token);
    let proof = [prover.sign(&good())];
    data(&world, &token, &proof).await.good();
    let again = data(&world, &token, &proof).await;
    again.refused(401, "invalid_dpop_proof");
    assert!(
        challenge(&again, "DPoP").contains(r#"algs="ES256 "#),
        "{again:?}"
    );
    // As a plain Bearer token it is worth nothing, with or without the proof.
    let answer = world.data(&token).await;
    answer.refused(401, "invalid_token");
    assert!(challenge(&answer, "Bearer").contains("invalid_token"));
    let call = Call::get("/api/data").bearer(&token);
    let with_proof = call.header("DPoP", prover.sign(&good()));
    world.send(with_proof).await.refused(401, "invalid_token");
    for (name, draft) in [
        ("no ath", good().without("ath")),
        ("ath", good().claim("ath", "AAAA")),
        ("htm", good().claim("htm", "POST")),
        (
            "htu",
            good().claim("htu", format!("{}/api/endpoint", world.issuer)),
        ),
        ("iat", good().claim("iat", now() - 120)),
        ("typ", good().head("typ", "JWT")),
    ] {
        let answer = data(&world, &token, &[prover.sign(&draft)]).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        assert_eq!(answer.text("error"), "invalid_dpop_proof", "{name}");
    }
    data(&world, &token, &[])
        .await
        .refused(401, "invalid_dpop_proof");
    let two = [prover.sign(&good()), prover.sign(&good())];
    data(&world, &token, &two)
        .await
        .refused(401, "invalid_dpop_proof");
    let thief = Prover::new();
    let theirs = thief.sign(&thief.api_proof(&world, "/api/data", &token));
    data(&world, &token, &[theirs])
        .await
        .refused(401, "invalid_token");
    let plain = for_itself(&world, &[]).await.text("access_token");
    let proof = prover.sign(&prover.api_proof(&world, "/api/data", &plain));
    data(&world, &plain, &[proof])
        .await
        .refused(401, "invalid_token");
    data(&world, &token, &[prover.sign(&good())]).await.good();
}

/// What it is bound to nobody here can check: then nobody passes.
#[tokio::test]
async fn a_token_that_is_bound_to_something_else_opens_nothing() {
    let world = World::dev().await;
    let key = crate::forge::signing_key(&world).await;
    let prover = Prover::new();
    let jkt = prover.jkt();
    let mut claims = crate::forge::claims(&world);
    claims["client_id"] = world.set().client_id.as_str().into();
    let unbound = key.sign("at+jwt", &claims).expect("signs");
    world.data(&unbound).await.good();
    for cnf in [
        json!({}),
        json!({ "x5t#S256": "AAAA" }),
        json!({ "jwk": {} }),
        json!({ "jkt": jkt, "x5t#S256": "AAAA" }),
    ] {
        claims["cnf"] = cnf.clone();
        let token = key.sign("at+jwt", &claims).expect("signs");
        world.data(&token).await.refused(401, "invalid_token");
        let proof = prover.sign(&prover.api_proof(&world, "/api/data", &token));
        let answer = data(&world, &token, &[proof]).await;
        assert_eq!(answer.status, 401, "{cnf}: {answer:?}");
    }
}

/// The server's own resource keeps to the same rules (OpenID Connect Core §5.3, RFC 9449 §7).
#[tokio::test]
async fn userinfo_takes_a_bound_token_with_its_key_alone() {
    const PATH: &str = "/oauth/userinfo";
    let world = World::dev().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let request = world.public_request().with("scope", "openid");
    let code = world.code(&request).await;
    let answer = public(&world, Some(&prover), &exchange(&code)).await;
    let token = answer.good().text("access_token");
    let by = |key: &Prover| key.sign(&key.api_proof(&world, PATH, &token));
    let call = |scheme: &str, proof: Option<String>| {
        let call = Call::get(PATH).header("Authorization", format!("{scheme} {token}"));
        proof
            .into_iter()
            .fold(call, |call, proof| call.header("DPoP", proof))
    };
    for (scheme, proof, error) in [
        ("Bearer", None, "invalid_token"),
        ("Bearer", Some(by(&prover)), "invalid_token"),
        ("DPoP", Some(by(&thief)), "invalid_token"),
        ("DPoP", None, "invalid_dpop_proof"),
    ] {
        let answer = world.send(call(scheme, proof)).await;
        answer.refused(401, error);
        // RFC 9449 §7.1: the answer is in the scheme of the request.
        let said = challenge(&answer, scheme);
        assert!(said.contains(&format!(r#"error="{error}""#)), "{said}");
    }
    let good = call("DPoP", Some(by(&prover)));
    world.send(good.clone()).await.good();
    world.send(good).await.refused(401, "invalid_dpop_proof");
}
