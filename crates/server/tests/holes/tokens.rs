//! Tokens in places that are not theirs.

use gatepass_proto::decide::details::ClientDetails;

use crate::forge::{claims, signing_key};
use crate::pairs::Pairs;
use crate::registered::Registration;
use crate::wire::Call;
use crate::world::{Tokens, VERIFIER, World, redemption};

/// RFC 9068 §5: an ID token is signed by the same server for the same person, and says more than it should where it is
/// taken for an access token.
#[tokio::test]
async fn id_token_taken_as_access_token() {
    let world = World::dev().await;
    let request = world.request().with("scope", "openid");
    let answer = world.redeem(&world.code(&request).await).await;
    let id_token = answer.text("id_token");
    let call = Call::get("/oauth/userinfo").bearer(&id_token);
    world.send(call).await.refused(401, "invalid_token");
    world.is_dead(&id_token).await;
    let call = Call::get("/oauth/userinfo").bearer(&answer.text("access_token"));
    assert_eq!(world.send(call).await.status, 200);

    // Not even one whose audience and claims would do: it is its type that tells.
    let key = signing_key(&world).await;
    for typ in ["JWT", "id_token+jwt", "logout+jwt", "dpop+jwt"] {
        world
            .is_dead(&key.sign(typ, &claims(&world)).expect("signed"))
            .await;
    }
    let right = key.sign("at+jwt", &claims(&world)).expect("signed");
    world.data(&right).await.good();

    // Nor is it exchanged for one.
    let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    let details = ClientDetails {
        may_exchange: vec![world.set().client_id.clone()],
        ..ClientDetails::default()
    };
    let service = world.register(Registration::new(&[grant], details)).await;
    let swap = [
        ("grant_type", grant),
        ("subject_token", id_token.as_str()),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
    ];
    let answer = world.send(service.call("/oauth/token", &swap)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

/// RFC 7009 §2.1: whoever finds a token could end it for its owner.
#[tokio::test]
async fn revocation_of_a_strangers_token() {
    let world = World::dev().await;
    let set = world.set();
    let confidential = world.tokens().await;
    let code = world.code(&world.public_request()).await;
    let form = Pairs::of(&redemption(&code))
        .and("client_id", &set.public_client_id)
        .and("code_verifier", VERIFIER);
    let public = Tokens::of(&world.send(Call::post("/oauth/token").form(&form)).await);
    let by_public = |token: &str| {
        let form = Pairs::of(&[("token", token), ("client_id", &set.public_client_id)]);
        Call::post("/oauth/revoke").form(&form)
    };
    for token in [&confidential.access, &confidential.refresh] {
        let answer = world.send(by_public(token)).await;
        answer.refused(400, "unauthorized_client");
        let nobody = Call::post("/oauth/revoke").form(&Pairs::of(&[("token", token)]));
        world.send(nobody).await.refused(401, "invalid_client");
    }
    for token in [&public.access, &public.refresh] {
        let answer = world.about("/oauth/revoke", token).await;
        answer.refused(400, "unauthorized_client");
    }
    world.lives(&confidential.access).await;
    world.lives(&public.access).await;
    Tokens::of(&world.refresh(&confidential.refresh).await);
    world.send(by_public(&public.refresh)).await.good();
    world.is_dead(&public.access).await;
}
