//! ID tokens (OpenID Connect Core 1.0 §2, §3.1.3, §12.2), checked as our own client checks them.

use gatepass_proto::id_token::{self, IdClaims, IdTokenExpect};
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, Secret, Timestamp};
use serde_json::{Value, json};

use crate::forge;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize, redemption};

impl World {
    /// A good authentication request of the confidential client.
    pub(crate) fn openid(&self) -> Pairs {
        self.request().with("scope", "openid").with("nonce", "n1")
    }

    pub(crate) async fn keys(&self) -> KeySet {
        let answer = self.send(Call::get("/jwks.json")).await;
        KeySet::parse(answer.body.as_bytes()).expect("a key set")
    }

    /// Redeems a code as a client that has the confidential one's secret.
    pub(crate) async fn redeem_as(&self, client_id: &str, code: &str) -> Answer {
        let call = Call::post("/oauth/token").basic(client_id, &self.set().client_secret);
        self.send(call.form(&Pairs::of(&redemption(code)))).await
    }

    /// What the ID token of a token response says, after every check.
    pub(crate) async fn checked(&self, answer: &Answer, nonce: Option<&str>) -> IdClaims {
        let mut expect = self.expect(&self.set().client_id);
        expect.nonce = nonce.map(str::to_owned);
        self.checked_by(answer, &expect).await
    }

    pub(crate) fn expect(&self, client_id: &str) -> IdTokenExpect {
        IdTokenExpect::new(self.issuer.as_str(), ClientId::new(client_id))
    }

    pub(crate) async fn checked_by(&self, answer: &Answer, expect: &IdTokenExpect) -> IdClaims {
        answer.good();
        let expect = IdTokenExpect {
            access_token: Some(Secret::new(answer.text("access_token"))),
            ..expect.clone()
        };
        let now = Timestamp::from_secs(forge::now());
        let token = answer.text("id_token");
        id_token::check(&token, &self.keys().await, &expect, now).expect("a good ID token")
    }
}

/// A part of a compact JWS: 0 is the header, 1 the claims.
pub(crate) fn part(token: &str, at: usize) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(at).expect("a part");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_login_with_openid_gives_one_that_says_who_and_how() {
    let world = World::dev().await;
    let before = forge::now();
    let answer = world.redeem(&world.code(&world.openid()).await).await;
    let claims = world.checked(&answer, Some("n1")).await;
    assert_eq!(claims.aud, [world.set().client_id.as_str()]);
    assert!(claims.sub.starts_with("us_"));
    let logged_in = claims.auth_time.expect("always there");
    assert!((before..=forge::now()).contains(&logged_in));
    assert_eq!(claims.amr, ["pwd"]);
    assert_eq!(claims.acr.as_deref(), Some("urn:gatepass:acr:password"));
    assert_eq!(claims.azp, None);
    assert!(claims.sid.is_some_and(|sid| sid.len() >= 22));
    assert!(claims.extra["at_hash"].is_string());
    assert_eq!(claims.extra.len(), 1, "{:?}", claims.extra);
    let token = answer.text("id_token");
    let header = part(&token, 0);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("RS256"), &json!("JWT"))
    );
    // The same person, by the same name, in either token.
    let access_token = part(&answer.text("access_token"), 1);
    assert_eq!(access_token["sub"], claims.sub);
    assert_eq!(part(&answer.text("access_token"), 0)["alg"], "ES256");
    // An API learns when and how the person logged in, from either kind of check (RFC 9470 §6).
    assert_eq!(access_token["auth_time"], logged_in);
    assert_eq!(access_token["acr"], "urn:gatepass:acr:password");
}

#[tokio::test]
async fn without_openid_there_is_none() {
    let world = World::dev().await;
    let request = world.openid().with("scope", "profile read");
    let answer = world.redeem(&world.code(&request).await).await;
    assert_eq!(answer.good().json().get("id_token"), None);
}

#[tokio::test]
async fn a_client_has_the_algorithm_that_it_registered() {
    let world = World::dev().await;
    for alg in ["ES256", "RS256", "EdDSA", "PS256"] {
        world
            .detailed(alg, |details| {
                details.id_token_signed_response_alg = Some(alg.to_owned());
            })
            .await;
        let code = world.code(&world.openid().with("client_id", alg)).await;
        let answer = world.redeem_as(alg, &code).await;
        let mut expect = world.expect(alg);
        expect.nonce = Some("n1".to_owned());
        expect.algorithms = vec![alg.to_owned()];
        world.checked_by(&answer, &expect).await;
    }
    for alg in ["none", "HS256", "PS512"] {
        world
            .detailed(alg, |details| {
                details.id_token_signed_response_alg = Some(alg.to_owned());
            })
            .await;
        let request = world.openid().with("client_id", alg);
        let answer = world.browser().get(&authorize(&request)).await;
        assert_eq!(
            answer.location().get("error"),
            Some("invalid_request"),
            "{alg}"
        );
    }
}

#[tokio::test]
async fn a_refresh_gives_one_of_the_same_login_without_its_nonce() {
    let world = World::dev().await;
    let request = world.openid().with("scope", "openid email offline_access");
    let answer = world.redeem(&world.code(&request).await).await;
    let first = world.checked(&answer, Some("n1")).await;
    let answer = world.refresh(&answer.text("refresh_token")).await;
    let mut expect = world.expect(&world.set().client_id);
    expect.subject = Some(first.sub.clone());
    let second = world.checked_by(&answer, &expect).await;
    assert_eq!(second.nonce, None);
    assert_eq!(
        (second.sub, second.auth_time, second.sid, second.aud),
        (first.sub, first.auth_time, first.sid, first.aud)
    );
    // Less scope, and no openid in it: no ID token.
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &answer.text("refresh_token")),
        ("scope", "email"),
    ];
    let answer = world.token(&pairs).await;
    assert_eq!(answer.good().json().get("id_token"), None);
}

#[tokio::test]
async fn offline_access_has_to_be_asked_for() {
    let world = World::dev().await;
    let answer = world.redeem(&world.code(&world.openid()).await).await;
    assert_eq!(answer.good().json().get("refresh_token"), None);
}

#[tokio::test]
async fn it_is_no_access_token() {
    let world = World::dev().await;
    let answer = world.redeem(&world.code(&world.openid()).await).await;
    let token = answer.text("id_token");
    world.is_dead(&token).await;
    let call = Call::get("/oauth/userinfo").bearer(&token);
    world.send(call).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn what_the_claims_parameter_wants_stands_in_it() {
    let world = World::dev().await;
    let claims = json!({ "id_token": {
        "email": { "essential": true }, "nickname": null, "no_such_claim": { "essential": true },
        "given_name": { "value": "Somebody Else" }, "aud": { "value": "x" }, "auth_time": { "essential": true },
        "locale": { "values": ["de", "en"] },
    }});
    let request = world.openid().with("claims", &claims.to_string());
    let answer = world.redeem(&world.code(&request).await).await;
    let told = world.checked(&answer, Some("n1")).await;
    let mut names: Vec<&String> = told.extra.keys().collect();
    names.sort();
    assert_eq!(names, ["at_hash", "email", "locale", "nickname"]);
    assert_eq!(told.extra["email"], "dev@example.com");
}

#[tokio::test]
async fn no_operator_can_forge_what_it_says_of_itself() {
    let world = World::dev().await;
    for name in ["sub", "iss", "aud", "exp", "nonce", "acr", "azp", "at_hash"] {
        let mut changes = gatepass_server::ClaimChanges::new();
        assert!(changes.set(name, "x").is_err(), "{name}");
    }
    let mut changes = gatepass_server::ClaimChanges::new();
    changes
        .set("groups", r#"["a","b"]"#)
        .expect("any other may be");
    let admin = world.admin().await;
    let user = admin
        .set_claims(&world.set().user, &changes)
        .await
        .expect("set");
    assert_eq!(user.details.claims["groups"], json!(["a", "b"]));
}
