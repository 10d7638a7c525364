//! API keys of the settings, for callers that have no tokens.

use std::fmt::Write as _;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque::{self, API_KEY};
use gatepass_proto::{Cx, Digest, Secret};
use serde_json::json;

use crate::wire::Said;
use crate::world::World;

/// A guard that takes no tokens.
const ALONE: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n\
                     [[rule]]\npath = \"/public/**\"\naccess = \"open\"\n\
                     [[rule]]\npath = \"/things/**\"\nscope = \"read\"\n\
                     [[rule]]\npath = \"/admin/**\"\nscope = \"admin\"\n";
const ISSUER: &str = "[[issuer]]\nissuer = \"@ISSUER@\"\n";

fn mint() -> Secret {
    opaque::mint(API_KEY, &mut Cx::new(SystemClock.now(), &mut OsEntropy))
}

/// The table of a key, as an operator has it.
fn table(name: &str, key: &Secret, rest: &str) -> String {
    let mut table = format!(
        "[[api_key]]\nname = \"{name}\"\nsubject = \"robots\"\nscope = \"read write\"\n{rest}\nsha256 = \""
    );
    for byte in Digest::of(key.expose()).as_bytes() {
        let _ = write!(table, "{byte:02x}");
    }
    table + "\"\n"
}

fn in_own_header(key: &Secret) -> String {
    format!("X-API-Key: {}", key.expose())
}

fn as_bearer(key: &Secret) -> String {
    format!("Authorization: Bearer {}", key.expose())
}

async fn alone(tables: &str) -> World {
    let world = World::usual().await;
    let text = format!("{ALONE}{tables}");
    world.reload(&text).await.expect("reloaded");
    world
}

/// The one challenge of a refusal.
fn challenge(said: &Said) -> &str {
    said.header("www-authenticate").expect("a challenge")
}

#[tokio::test]
async fn a_key_passes_in_place_of_a_token_and_goes_no_further() {
    let (key, other) = (mint(), mint());
    let tables = table("a", &key, "") + &table("b", &other, "");
    let world = World::with_tables(&tables).await;
    for credentials in [in_own_header(&key), as_bearer(&key), as_bearer(&other)] {
        let forged = "X-Gatepass-Client-Id: forged";
        let said = world.send("GET /things/1", &[&credentials, forged]).await;
        assert_eq!(said.status, 200, "{said:?}");
        let seen = said.json();
        for (name, value) in [
            ("subject", json!("robots")),
            ("scope", json!("read write")),
            ("scheme", json!("api-key")),
            ("issuer", json!(null)),
            ("client-id", json!(null)),
        ] {
            let told = &seen["headers"][format!("x-gatepass-{name}")];
            assert_eq!(*told, value, "{name}: {said:?}");
        }
        assert!(!said.body.contains(API_KEY), "{said:?}");
        let said = world.send("GET /admin", &[&credentials]).await;
        assert_eq!(
            (said.status, said.error()),
            (403, "insufficient_scope".to_owned())
        );
    }
    // Tokens are taken as before.
    assert_eq!(world.ask("GET /things/1", "read").await.status, 200);
}

#[tokio::test]
async fn not_even_an_api_that_gets_tokens_gets_a_key() {
    let key = mint();
    let tables = table("a", &key, "") + "[identity]\npass_authorization = true\n";
    let world = World::with_tables(&tables).await;
    let bearer = world.bearer("read");
    let said = world.send("GET /things/1", &[&bearer]).await;
    let (_, token) = bearer.split_once(": ").expect("a header");
    assert_eq!(said.json()["headers"]["authorization"], token);
    for line in ["GET /things/1", "GET /public"] {
        for credentials in [in_own_header(&key), as_bearer(&key)] {
            let said = world.send(line, &[&credentials]).await;
            assert_eq!(said.status, 200, "{said:?}");
            assert!(!said.body.contains(API_KEY), "{said:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_good_is_refused() {
    let (key, late, early) = (mint(), mint(), mint());
    let tables = table("good", &key, "")
        + &table("late", &late, "expires_at = 2020-01-01T00:00:00Z")
        + &table("early", &early, "expires_at = \"2100-01-01T00:00:00Z\"");
    let world = alone(&tables).await;
    let said = world.send("GET /x", &[&in_own_header(&early)]).await;
    assert_eq!(said.status, 200, "{said:?}");
    let text = key.expose();
    let last = if text.ends_with('A') { "B" } else { "A" };
    let mistyped = Secret::new(format!("{}{last}", &text[..text.len() - 1]));
    for (what, key) in [
        ("unknown", mint()),
        ("expired", late),
        ("mistyped", mistyped),
        ("cut off", Secret::new(&text[..20])),
        ("no key", Secret::new("nonsense")),
        ("its digest", Secret::new(Digest::of(text).to_base64url())),
    ] {
        for credentials in [in_own_header(&key), as_bearer(&key)] {
            let said = world.send("GET /x", &[&credentials]).await;
            assert_eq!(
                (said.status, said.error()),
                (401, "invalid_token".to_owned()),
                "{what}"
            );
            assert_eq!(
                challenge(&said),
                r#"Bearer realm="gatepass", error="invalid_token", error_description="the API key is not good""#,
                "{what}"
            );
            assert!(!said.body.contains(key.expose()), "{what}");
        }
    }
}

/// Where nobody issues tokens, nobody is sent looking for a token, and no proofs are asked for.
#[tokio::test]
async fn a_guard_with_keys_alone_asks_for_a_bearer_and_leads_nowhere() {
    let world = alone(&table("a", &mint(), "")).await;
    let said = world.send("GET /x", &[]).await;
    assert_eq!(
        (said.status, said.error()),
        (401, "unauthorized".to_owned())
    );
    assert_eq!(challenge(&said), r#"Bearer realm="gatepass""#);
    for credentials in ["Authorization: DPoP abc", "Authorization: Basic YTpi"] {
        let said = world.send("GET /things/1", &[credentials]).await;
        assert_eq!(said.status, 401, "{credentials}");
        assert_eq!(challenge(&said), r#"Bearer realm="gatepass", scope="read""#);
    }
    let place = "GET /.well-known/oauth-protected-resource";
    let metadata = world.send(place, &[]).await.json();
    assert_eq!(
        metadata,
        json!({ "resource": "https://api.example.com", "bearer_methods_supported": ["header"] })
    );
    assert_eq!(world.send("GET /public", &[]).await.status, 200);

    // With an issuer, all of it is there.
    let tables = table("a", &mint(), "");
    let text = format!("{ALONE}{ISSUER}{tables}");
    world.reload(&text).await.expect("reloaded");
    let said = world.send("GET /x", &[]).await;
    let challenges: Vec<&str> = said.all("www-authenticate").collect();
    assert_eq!(challenges.len(), 2, "{challenges:?}");
    for challenge in challenges {
        assert!(challenge.contains("resource_metadata="), "{challenge}");
    }
}

#[tokio::test]
async fn a_key_whose_table_goes_is_refused_at_once() {
    let (one, other) = (mint(), mint());
    let [of_one, of_other] = [table("one", &one, ""), table("other", &other, "")];
    let world = alone(&(of_one.clone() + &of_other)).await;
    let passes = async |key: &Secret| {
        let said = world.send("GET /admin", &[&in_own_header(key)]).await;
        said.status
    };
    assert_eq!((passes(&one).await, passes(&other).await), (403, 403));
    let reload = async |tables: &str| world.reload(&format!("{ALONE}{tables}")).await;
    reload(&of_other).await.expect("reloaded");
    assert_eq!((passes(&one).await, passes(&other).await), (401, 403));
    let more = of_other.replace("read write", "admin");
    reload(&more).await.expect("reloaded");
    assert_eq!((passes(&one).await, passes(&other).await), (401, 200));
    let error = reload(&(more.clone() + &more)).await.expect_err("twice");
    assert!(error.contains("two of them are called"), "{error}");
    assert_eq!((passes(&one).await, passes(&other).await), (401, 200));
    reload(&(more + "expires_at = 2020-01-01T00:00:00Z\n"))
        .await
        .expect("reloaded");
    assert_eq!(passes(&other).await, 401);
    reload("").await.expect("reloaded");
    assert_eq!((passes(&one).await, passes(&other).await), (401, 401));
}

#[tokio::test]
async fn two_kinds_of_credentials_are_refused() {
    let key = mint();
    let world = World::with_tables(&table("a", &key, "")).await;
    let token = world.bearer("read");
    let own = in_own_header(&key);
    for headers in [
        [own.as_str(), &token],
        [&own, &as_bearer(&key)],
        [&own, &own],
        [&own, "Authorization: Basic YTpi"],
    ] {
        let said = world.send("GET /things/1", &headers).await;
        assert_eq!(
            (said.status, said.error()),
            (400, "invalid_request".to_owned()),
            "{headers:?}"
        );
        assert!(!said.body.contains(API_KEY));
    }
    // A key in the query is none.
    let line = format!("GET /things/1?api_key={}", key.expose());
    assert_eq!(world.send(&line, &[]).await.status, 401);
}
