//! Tokens that are bound to a certificate (RFC 8705 §3, §4): what they open, and that they open nothing without it.

use std::sync::Arc;

use gatepass_proto::decide::details::ClientDetails;
use serde_json::json;

use crate::certificates::{Identity, Papers, robot};
use crate::clients::key;
use crate::pairs::Pairs;
use crate::prover::Prover;
use crate::proxies::{behind, shown};
use crate::wire::{Answer, Call};
use crate::world::{CHALLENGE, VERIFIER, World, redemption};

/// A server that takes certificates, and one of a client's.
struct Desk {
    papers: Papers,
    world: World,
    own: Identity,
    other: Identity,
}

impl Desk {
    async fn new() -> Self {
        let papers = Papers::new();
        let world = World::sealed(&papers, |_| ()).await;
        Self {
            papers,
            world,
            own: Identity::own(&robot()),
            other: Identity::own(&robot()),
        }
    }

    async fn send(&self, call: &Call, by: Option<&Identity>) -> Answer {
        self.papers.send(self.world.certified(), call, by).await
    }

    /// A client with the ready-made one's secret, changed.
    async fn client(&self, id: &str, change: impl FnOnce(&mut ClientDetails)) {
        self.world
            .detailed(id, |details| {
                details.tls_client_certificate_bound_access_tokens = true;
                change(details);
            })
            .await;
    }

    fn token(&self, id: &str, pairs: &[(&str, &str)]) -> Call {
        Call::post("/oauth/token")
            .basic(id, &self.world.set().client_secret)
            .form(&Pairs::of(pairs))
    }

    /// A person's token for a client, bound to the certificate.
    async fn bound(&self, id: &str) -> String {
        let set = self.world.set();
        let call = self.token(
            id,
            &[
                ("grant_type", "password"),
                ("username", &set.user),
                ("password", &set.password),
                ("scope", "openid read"),
            ],
        );
        let answer = self.send(&call, Some(&self.own)).await;
        assert_eq!(answer.good().text("token_type"), "Bearer");
        answer.text("access_token")
    }
}

const OWN_TOKEN: &[(&str, &str)] = &[("grant_type", "client_credentials"), ("scope", "read")];

#[tokio::test]
async fn a_bound_token_opens_everything_with_its_certificate_alone() {
    let desk = Desk::new().await;
    desk.client("cl_bound", |_| ()).await;
    let token = desk.bound("cl_bound").await;
    for path in ["/oauth/userinfo", "/api/data"] {
        let call = Call::get(path).bearer(&token);
        desk.send(&call, Some(&desk.own)).await.good();
        for by in [None, Some(&desk.other)] {
            let answer = desk.send(&call, by).await;
            answer.refused(401, "invalid_token");
            let challenges = answer.all("www-authenticate").join(", ");
            assert!(challenges.contains("bound to"), "{path}: {challenges}");
        }
        // The usual door asks for no certificate.
        let usual = desk.papers.send(desk.world.address, &call, Some(&desk.own));
        usual.await.refused(401, "invalid_token");
        // With a proof of some key it is worth no more.
        let call = Call::get(path).header("Authorization", format!("DPoP {token}"));
        let answer = desk.send(&call, Some(&desk.own)).await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
    // A resource server learns what it is bound to (§3.2).
    let set = desk.world.set();
    let call = Call::post("/oauth/introspect")
        .basic(&set.client_id, &set.client_secret)
        .form(&Pairs::of(&[("token", &token)]));
    let said = desk.send(&call, None).await.good().json();
    assert_eq!(said["active"], true);
    assert_eq!(said["cnf"], json!({ "x5t#S256": desk.own.thumbprint() }));
    // A token that is not bound needs none, and is none the worse for one.
    let plain = desk.token(&set.client_id, OWN_TOKEN);
    let plain = desk
        .send(&plain, Some(&desk.own))
        .await
        .text("access_token");
    let call = Call::get("/api/data").bearer(&plain);
    for by in [None, Some(&desk.own), Some(&desk.other)] {
        desk.send(&call, by).await.good();
    }
}

#[tokio::test]
async fn a_client_that_wants_bound_tokens_gets_no_others() {
    let desk = Desk::new().await;
    desk.client("cl_bound", |_| ()).await;
    let call = desk.token("cl_bound", OWN_TOKEN);
    for to in [desk.world.certified(), desk.world.address] {
        let answer = desk.papers.send(to, &call, None).await;
        answer.refused(400, "invalid_request");
        let why = answer.text("error_description");
        assert!(why.contains("mtls_endpoint_aliases"), "{why}");
    }
    desk.send(&call, Some(&desk.own)).await.good();
    // Both a key and a certificate, where both are asked for.
    desk.client("cl_both", |details| details.dpop_bound_access_tokens = true)
        .await;
    let prover = Prover::new();
    let call = desk.token("cl_both", OWN_TOKEN);
    desk.send(&call, Some(&desk.own))
        .await
        .refused(400, "invalid_request");
    let base = format!("https://{}", desk.world.certified());
    let answer = prove(&desk, &prover, &base, call.clone(), Some(&desk.own)).await;
    let token = answer.good().text("access_token");
    assert_eq!(answer.text("token_type"), "DPoP");
    let desk = &desk;
    let by = |identity| {
        let proof = prover.api_proof(&desk.world, "/api/data", &token);
        let call = Call::get("/api/data")
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", prover.sign(&proof));
        async move { desk.send(&call, identity).await }
    };
    by(Some(&desk.own)).await.good();
    by(Some(&desk.other)).await.refused(401, "invalid_token");
    by(None).await.refused(401, "invalid_token");
    let alone = Call::get("/api/data").bearer(&token);
    desk.send(&alone, Some(&desk.own))
        .await
        .refused(401, "invalid_token");
}

/// Sends a token request with a proof for it at this base, which brings the server's nonce.
async fn prove(
    desk: &Desk,
    prover: &Prover,
    base: &str,
    call: Call,
    by: Option<&Identity>,
) -> Answer {
    let proof = || prover.proof("POST", &format!("{base}/oauth/token"));
    let first = call.clone().header("DPoP", prover.sign(&proof()));
    let asked = desk.send(&first, by).await;
    asked.refused(400, "use_dpop_nonce");
    let nonce = asked.header("dpop-nonce").expect("a nonce").to_owned();
    let proof = prover.sign(&proof().claim("nonce", nonce));
    desk.send(&call.header("DPoP", proof), by).await
}

/// RFC 8705 §5 and RFC 9449 together: the proof names the address that the client knows.
#[tokio::test]
async fn a_proof_names_whichever_address_the_client_uses() {
    let desk = Desk::new().await;
    let prover = Prover::new();
    let set = desk.world.set();
    let call = desk.token(&set.client_id, OWN_TOKEN);
    let mtls = format!("https://{}", desk.world.certified());
    for base in [&mtls, &desk.world.issuer] {
        prove(&desk, &prover, base, call.clone(), None).await.good();
    }
    let elsewhere = prover.proof("POST", "https://login.example.com/oauth/token");
    let call = call.header("DPoP", prover.sign(&elsewhere));
    desk.send(&call, None)
        .await
        .refused(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn fapi_takes_a_certificate_in_place_of_a_key() {
    let desk = Desk::new().await;
    let dn = Some("CN=Robot,O=Example".to_owned());
    let fapi = |id: &'static str, change: fn(&mut ClientDetails)| {
        let dn = dn.clone();
        desk.world.client(id, move |client| {
            client.auth_methods = vec!["tls_client_auth".to_owned()];
            let details = Arc::make_mut(&mut client.details);
            details.fapi = true;
            details.tls_client_auth_subject_dn = dn;
            change(details);
        })
    };
    fapi("cl_fapi", |_| ()).await;
    fapi("cl_key", |details| details.dpop_bound_access_tokens = true).await;
    let vouched = desk.papers.robot();
    let asking = |id: &str| {
        let pairs = Pairs::of(OWN_TOKEN).with("client_id", id);
        Call::post("/oauth/token").form(&pairs)
    };
    let token = desk.send(&asking("cl_fapi"), Some(&vouched)).await;
    let token = token.good().text("access_token");
    let call = Call::get("/api/data").bearer(&token);
    desk.send(&call, Some(&vouched)).await.good();
    desk.send(&call, None).await.refused(401, "invalid_token");
    // Who has asked for a key is not content with less.
    desk.send(&asking("cl_key"), Some(&vouched))
        .await
        .refused(400, "invalid_request");
    let prover = Prover::new();
    let answer = prove(
        &desk,
        &prover,
        &desk.world.issuer,
        asking("cl_key"),
        Some(&vouched),
    )
    .await;
    assert_eq!(answer.good().text("token_type"), "DPoP");

    // One that signs assertions may bind its tokens to a certificate all the same.
    let signing = key("ES256");
    let jwks = json!({ "keys": [signing.jwk()] });
    desk.world
        .client("cl_signs", |client| {
            client.auth_methods = vec!["private_key_jwt".to_owned()];
            let details = Arc::make_mut(&mut client.details);
            details.fapi = true;
            details.jwks = Some(jwks);
        })
        .await;
    let assertion = || {
        let now = crate::forge::now();
        let claims = json!({
            "iss": "cl_signs", "sub": "cl_signs", "aud": desk.world.issuer, "exp": now + 60,
            "jti": format!("{now} {}", Prover::new().jkt()),
        });
        let signed = signing
            .sign("client-authentication+jwt", &claims)
            .expect("signed");
        let typ = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let pairs = [
            ("client_assertion_type", typ),
            ("client_assertion", &signed),
        ];
        Call::post("/oauth/token").form(&Pairs::of(OWN_TOKEN).with_all(&pairs))
    };
    desk.send(&assertion(), Some(&desk.own)).await.good();
    desk.send(&assertion(), None)
        .await
        .refused(400, "invalid_request");
}

/// RFC 8693: of a token that one certificate alone can use none is made that anybody can.
#[tokio::test]
async fn an_exchange_does_not_take_the_binding_off() {
    let desk = Desk::new().await;
    desk.client("cl_bound", |_| ()).await;
    let token = desk.bound("cl_bound").await;
    let exchange = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", &token),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("scope", "read"),
    ];
    let plain = |details: &mut ClientDetails| {
        details.may_exchange = vec!["cl_bound".to_owned()];
    };
    desk.world.detailed("cl_plain", plain).await;
    let call = desk.token("cl_plain", &exchange);
    desk.send(&call, Some(&desk.own))
        .await
        .refused(400, "invalid_request");
    let call = desk.token("cl_bound", &exchange);
    let answer = desk.send(&call, Some(&desk.own)).await;
    let token = answer.good().text("access_token");
    let call = Call::get("/api/data").bearer(&token);
    desk.send(&call, Some(&desk.own)).await.good();
    desk.send(&call, None).await.refused(401, "invalid_token");
}

/// §4: a public client has nothing else by which its refresh token could be its own.
#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_too() {
    let world = behind(|_| ()).await;
    let (own, other) = (Identity::own(&robot()), Identity::own(&robot()));
    world
        .client("cl_phone", |client| {
            client.auth_methods = vec!["none".to_owned()];
            client.client_secrets.clear();
            let details = Arc::make_mut(&mut client.details);
            details.tls_client_certificate_bound_access_tokens = true;
        })
        .await;
    let request = world.request().with_all(&[
        ("client_id", "cl_phone"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let code = world.code(&request).await;
    let ask = |pairs: &[(&str, &str)], by: Option<&Identity>| {
        let form = Pairs::of(pairs).with("client_id", "cl_phone");
        let call = shown(Call::post("/oauth/token").form(&form), by);
        world.send(call)
    };
    let redeemed = [&redemption(&code)[..], &[("code_verifier", VERIFIER)]].concat();
    ask(&redeemed, None).await.refused(400, "invalid_request");
    let answer = ask(&redeemed, Some(&own)).await;
    let refresh = answer.good().text("refresh_token");
    let again = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    ask(&again, None).await.refused(400, "invalid_request");
    ask(&again, Some(&other))
        .await
        .refused(400, "invalid_grant");
    let answer = ask(&again, Some(&own)).await;
    let token = answer.good().text("access_token");
    let call = |by| shown(Call::get("/api/data").bearer(&token), by);
    world.send(call(Some(&own))).await.good();
    world
        .send(call(Some(&other)))
        .await
        .refused(401, "invalid_token");
    world.send(call(None)).await.refused(401, "invalid_token");
    // A client that can authenticate may change its certificate, as it may change its secret.
    world
        .detailed("cl_shop", |details| {
            details.tls_client_certificate_bound_access_tokens = true;
        })
        .await;
    let code = world
        .code(&world.request().with("client_id", "cl_shop"))
        .await;
    let secret = world.set().client_secret.clone();
    let ask = |pairs: &[(&str, &str)], by: &Identity| {
        let call = Call::post("/oauth/token").basic("cl_shop", &secret);
        world.send(shown(call.form(&Pairs::of(pairs)), Some(by)))
    };
    let answer = ask(&redemption(&code), &own).await;
    let refresh = answer.good().text("refresh_token");
    let again = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let token = ask(&again, &other).await.good().text("access_token");
    let call = |by| shown(Call::get("/api/data").bearer(&token), by);
    world.send(call(Some(&other))).await.good();
    world
        .send(call(Some(&own)))
        .await
        .refused(401, "invalid_token");
}
