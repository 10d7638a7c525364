//! JWTs that say themselves how they want to be checked, at the three doors that take one from a stranger: an access token
//! at the API, a client's assertion, a request object.

use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::clients;
use crate::forge::{claims, compact, now, signing_key};
use crate::neighbour::{Neighbour, ok};
use crate::pairs::Pairs;
use crate::prover::{Draft, Prover, ask, by_assertion, register};
use crate::wire::Answer;
use crate::world::{World, authorize};

const SIGNS: &str = "cl_signs";
const REQUEST: &str = "oauth-authz-req+jwt";

/// The doors, each with the key that opens it.
struct Doors {
    world: World,
    own: SigningKey,
    prover: Prover,
    client_id: String,
    signs: SigningKey,
}

impl Doors {
    async fn open() -> Self {
        let world = World::dev().await;
        let prover = Prover::new();
        Self {
            own: signing_key(&world).await,
            client_id: register(&world, &prover, |_| ()).await,
            signs: world.keyed(SIGNS, |_| ()).await,
            prover,
            world,
        }
    }

    /// A good header and good claims for each door.
    fn drafts(&self) -> [Draft; 3] {
        let request = self.world.request().with("client_id", SIGNS);
        let draft = |key: &SigningKey, typ: &str, claims| Draft {
            header: json!({ "alg": "ES256", "typ": typ, "kid": key.kid() }),
            claims,
        };
        [
            draft(&self.own, "at+jwt", claims(&self.world)),
            self.prover.assertion(&self.client_id, &self.world.issuer),
            draft(&self.signs, REQUEST, clients::claims(&self.world, &request)),
        ]
    }

    /// Drafts, each signed by the right key.
    fn signed(&self, [token, assertion, request]: [Draft; 3]) -> [String; 3] {
        let sign = |key: &SigningKey, typ, draft: &Draft| {
            let header = draft.header.as_object().expect("an object");
            key.sign_header(header, typ, &draft.claims).expect("signed")
        };
        [
            sign(&self.own, "at+jwt", &token),
            self.prover.sign(&assertion),
            sign(&self.signs, REQUEST, &request),
        ]
    }

    async fn show(&self, [token, assertion, request]: &[String; 3]) -> [Answer; 3] {
        let carried = Pairs::of(&[("client_id", SIGNS), ("request", request)]);
        [
            self.world.data(token).await,
            ask(&self.world, &by_assertion(assertion)).await,
            self.world.browser().get(&authorize(&carried)).await,
        ]
    }

    /// Asserts that none opens.
    async fn refuse(&self, what: &str, shown: &[String; 3]) {
        let [data, token, page] = self.show(shown).await;
        assert_eq!(data.status, 401, "{what}: {data:?}");
        data.refused(401, "invalid_token");
        assert_eq!(token.status, 401, "{what}: {token:?}");
        token.refused(401, "invalid_client");
        assert_eq!(page.status, 400, "{what}: {page:?}");
        page.error_page(400);
        assert!(page.body.contains("invalid_request_object"), "{page:?}");
    }

    /// Asserts that all open for what is right.
    async fn admit(&self) {
        for answer in self.show(&self.signed(self.drafts())).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
}

/// A draft with these members in its header.
fn dressed(draft: Draft, header: &Value) -> Draft {
    let members = header.as_object().expect("an object").iter();
    members.fold(draft, |draft, (name, value)| {
        draft.head(name, value.clone())
    })
}

/// RFC 8725 §3.10: whoever signs brings the key that it is to be checked with, or says where it is.
#[tokio::test]
async fn embedded_jwk_or_jku_trusted() {
    let doors = Doors::open().await;
    let stranger = Prover::new();
    let server = Neighbour::answering(ok(&stranger.jwks().to_string())).await;
    let place = format!("http://{}/jwks", server.address);
    for header in [
        json!({ "jwk": stranger.jwk() }),
        json!({ "jku": place }),
        json!({ "x5u": place }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "jwk": stranger.jwk(), "jku": place }),
    ] {
        let forged = doors.drafts().map(|draft| dressed(draft, &header));
        let nameless = forged.clone().map(|draft| draft.headless("kid"));
        for drafts in [forged, nameless] {
            let shown = drafts.map(|draft| stranger.sign(&draft));
            doors.refuse(&header.to_string(), &shown).await;
        }
    }
    assert_eq!(server.heard(), [""; 0], "nobody asks there");
    doors.admit().await;
}

/// RFC 7515 §4.1.11: what its signer calls critical is not passed over, though the signature is right.
#[tokio::test]
async fn unknown_crit() {
    let doors = Doors::open().await;
    for header in [
        json!({ "crit": ["x"], "x": 1 }),
        json!({ "crit": ["x"] }),
        json!({ "crit": [] }),
        json!({ "crit": "x" }),
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "crit": ["b64"], "b64": true }),
    ] {
        let drafts = doors.drafts().map(|draft| dressed(draft, &header));
        let shown = doors.signed(drafts);
        doors.refuse(&header.to_string(), &shown).await;
    }
    doors.admit().await;
}

/// A comparison of text with a number is false in some languages, and so nothing has ever expired.
#[tokio::test]
async fn exp_as_text() {
    let doors = Doors::open().await;
    let soon = now() + 60;
    for exp in [
        json!(soon.to_string()),
        json!("never"),
        json!([soon]),
        json!({ "value": soon }),
        json!(true),
        json!(null),
    ] {
        let drafts = doors.drafts().map(|draft| draft.claim("exp", exp.clone()));
        let shown = doors.signed(drafts);
        doors.refuse(&exp.to_string(), &shown).await;
    }
    doors.admit().await;
}

#[tokio::test]
async fn aud_mismatch() {
    let doors = Doors::open().await;
    let issuer = doors.world.issuer.as_str();
    for aud in [
        json!("https://elsewhere.example"),
        json!(["https://elsewhere.example"]),
        json!([]),
        json!(null),
        json!(""),
        json!(1),
        json!({ "0": issuer }),
        json!(format!("{issuer}.evil.example")),
        json!(format!("{issuer}/API")),
    ] {
        let drafts = doors.drafts().map(|draft| draft.claim("aud", aud.clone()));
        let shown = doors.signed(drafts);
        doors.refuse(&aud.to_string(), &shown).await;
    }
    doors.admit().await;
}

/// CVE-2022-21449: nought for both halves of an ECDSA signature fits every message under every key, if nobody looks.
#[tokio::test]
async fn ecdsa_r_s_0() {
    let doors = Doors::open().await;
    let zero = [0; 64];
    let (mut r_only, mut s_only, mut order) = (zero, zero, zero);
    r_only[31] = 1;
    s_only[63] = 1;
    // The order of P-256, which is nought again.
    let n = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for (at, byte) in order.iter_mut().enumerate() {
        let at = 2 * (at % 32);
        *byte = u8::from_str_radix(n.get(at..at + 2).expect("in it"), 16).expect("hex");
    }
    let der = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
    for signature in [&zero[..], &r_only, &s_only, &order, &der, &[]] {
        let drafts = doors.drafts();
        let shown = drafts.map(|draft| compact(&draft.header, &draft.claims, signature));
        doors.refuse(&format!("{signature:?}"), &shown).await;
    }
    // And a proof of possession, which anybody could make for anybody's key.
    let draft = doors.prover.token_proof(&doors.world).await;
    let forged = compact(&draft.header, &draft.claims, &zero);
    let call = doors
        .world
        .token_call(&[("grant_type", "client_credentials")]);
    let answer = doors.world.send(call.header("DPoP", forged)).await;
    answer.refused(400, "invalid_dpop_proof");
    doors.admit().await;
}
