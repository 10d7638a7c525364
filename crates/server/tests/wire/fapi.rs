//! Clients that are held to FAPI 2.0: the Security Profile, and Message Signing.

use std::sync::Arc;

use gatepass_proto::client_auth::{ClientCredentials, Draft};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::dpop::Dpop;
use gatepass_proto::jose::SigningKey;
use serde_json::json;

use crate::clients::{key, named, signed, with_cx};
use crate::pairs::Pairs;
use crate::par::prove;
use crate::wire::{Answer, Call};
use crate::world::{CHALLENGE, VERIFIER, World, authorize, redemption};

const CLIENT: &str = "cl_fapi";

struct Fapi {
    world: World,
    client: ClientCredentials,
    key: Arc<SigningKey>,
    dpop: Dpop,
}

impl Fapi {
    async fn new(change: impl FnOnce(&mut ClientDetails)) -> Self {
        let world = World::dev().await;
        let key = Arc::new(key("ES256"));
        let jwks = json!({ "keys": [key.jwk()] });
        world
            .client(CLIENT, |client| {
                client.auth_methods = vec!["private_key_jwt".to_owned()];
                let details = Arc::make_mut(&mut client.details);
                details.jwks = Some(jwks);
                details.fapi = true;
                change(details);
            })
            .await;
        Self {
            client: ClientCredentials {
                key: Some(Arc::clone(&key)),
                method: Some("private_key_jwt".to_owned()),
                audience: Some(world.issuer.clone()),
                ..ClientCredentials::public(CLIENT)
            },
            dpop: with_cx(Dpop::generate).expect("a key"),
            world,
            key,
        }
    }

    fn request(&self) -> Pairs {
        self.world.request().with_all(&[
            ("client_id", CLIENT),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }

    /// The parameters, with a fresh proof of who the client is.
    fn proven(&self, pairs: &Pairs) -> Pairs {
        let mut draft = Draft::default();
        with_cx(|cx| self.client.attach(&mut draft, cx)).expect("attached");
        draft
            .params
            .iter()
            .fold(pairs.clone(), |all, (name, value)| all.with(name, value))
    }

    async fn push(&self, request: &Pairs) -> Answer {
        let call = Call::post("/oauth/par").form(&self.proven(request));
        self.world.send(call).await
    }

    async fn token(&self, pairs: &[(&str, &str)], proves: bool) -> Answer {
        let call = Call::post("/oauth/token").form(&self.proven(&Pairs::of(pairs)));
        match proves {
            true => prove(&self.world, &self.dpop, "/oauth/token", call).await,
            false => self.world.send(call).await,
        }
    }

    /// The answer to a request that is good.
    async fn answer(&self, request: &Pairs) -> Pairs {
        let pushed = self.push(request).await;
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let target = authorize(&named(CLIENT, &pushed.text("request_uri")));
        let mut browser = self.world.logged_in().await;
        browser.decide(&target, "allow").await.location()
    }
}

#[tokio::test]
async fn the_whole_way() {
    let fapi = Fapi::new(|_| ()).await;
    let back = fapi.answer(&fapi.request()).await;
    assert_eq!(back.get("iss"), Some(fapi.world.issuer.as_str()));
    let code = back.get("code").expect("a code");
    let pairs = [&redemption(code)[..], &[("code_verifier", VERIFIER)]].concat();
    fapi.token(&pairs, false)
        .await
        .refused(400, "invalid_request");
    let answer = fapi.token(&pairs, true).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");

    // The same refresh token, again and again.
    let refresh = answer.text("refresh_token");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    fapi.token(&pairs, false)
        .await
        .refused(400, "invalid_request");
    for _ in 0..3 {
        let answer = fapi.token(&pairs, true).await;
        assert_eq!(answer.good().text("refresh_token"), refresh);
        assert_eq!(answer.text("token_type"), "DPoP");
    }
}

#[tokio::test]
async fn whatever_the_profile_demands_is_demanded() {
    let fapi = Fapi::new(|_| ()).await;
    let request = fapi.request();
    let answer = fapi.world.browser().get(&authorize(&request)).await;
    assert_eq!(answer.location().get("error"), Some("invalid_request"));
    let unproven = request
        .clone()
        .without("code_challenge")
        .without("code_challenge_method");
    for wrong in [
        unproven.clone(),
        request.clone().with("code_challenge_method", "plain"),
        request.clone().without("redirect_uri"),
    ] {
        fapi.push(&wrong).await.refused(400, "invalid_request");
    }
    // A secret is no proof, even if the record admits it.
    let world = &fapi.world;
    world
        .detailed("cl_secret", |details| details.fapi = true)
        .await;
    world
        .push(&request.with("client_id", "cl_secret"))
        .await
        .refused(401, "invalid_client");
    fapi.token(&[("grant_type", "client_credentials")], false)
        .await
        .refused(400, "invalid_request");
    let answer = fapi
        .token(&[("grant_type", "client_credentials")], true)
        .await;
    assert_eq!(answer.good().text("token_type"), "DPoP");
}

#[tokio::test]
async fn message_signing_signs_both_ways() {
    let fapi = Fapi::new(|details| details.fapi_message_signing = true).await;
    let request = fapi.request().with("response_mode", "jwt");
    fapi.push(&request).await.refused(400, "invalid_request");
    let around = |request: &Pairs| {
        let token = signed(&fapi.world, request, &fapi.key);
        Pairs::of(&[("client_id", CLIENT), ("request", &token)])
    };
    for mode in ["", "query", "form_post"] {
        let unsigned = request.clone().with("response_mode", mode);
        fapi.push(&around(&unsigned))
            .await
            .refused(400, "invalid_request");
    }
    let mut undated = crate::clients::claims(&fapi.world, &request);
    undated["nbf"] = serde_json::Value::Null;
    let token = fapi
        .key
        .sign("oauth-authz-req+jwt", &undated)
        .expect("signed");
    fapi.push(&Pairs::of(&[("client_id", CLIENT), ("request", &token)]))
        .await
        .refused(400, "invalid_request_object");
    let back = fapi.answer(&around(&request)).await;
    assert!(back.get("response").is_some() && back.get("code").is_none());
}
