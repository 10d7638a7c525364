//! A part of an API that has become a resource of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepass_client::{Advice, Config, Paths, Session, SessionBuilder};
use serde_json::json;

use super::api::{Api, METADATA};
use super::profiles::home;
use crate::agent::{Agent, Reader};
use crate::provider::Provider;
use crate::server::answer;

/// An API at `/`, and beside it one more at `/mcp`, with another server.
struct Two {
    api: Api,
    other: Provider,
}

impl Two {
    async fn start() -> Self {
        let api = Api::start().await;
        let other = Provider::start().await;
        api.desk().pages.clear();
        api.publish(METADATA, &api.document("/"));
        api.desk().challenge = challenge(&api, METADATA);
        Self { api, other }
    }

    /// From now on `/mcp` is a resource of its own.
    fn part(&self) {
        let document = json!({
            "resource": self.api.url("/mcp"),
            "authorization_servers": [self.other.server.url],
        });
        let place = format!("{METADATA}/mcp");
        self.api.publish(&place, &document);
        self.takes_tokens_of_other("/mcp", (401, challenge(&self.api, &place)));
    }

    /// From now on only tokens of the other server are taken there.
    fn takes_tokens_of_other(&self, begin: &str, refusal: (u16, String)) {
        let other = self.other.clone();
        self.api.guard(begin, move |token| {
            let good = other.desk().good.contains(token);
            (!good).then(|| refusal.clone())
        });
    }

    async fn status(&self, session: &Session, path: &str) -> u16 {
        self.api.status(session, path).await
    }
}

fn challenge(api: &Api, place: &str) -> String {
    let place = api.url(place);
    format!(r#"Bearer error="invalid_token", resource_metadata="{place}""#)
}

fn kept(api: &Api, paths: &Paths) -> (Session, Arc<Agent>) {
    let (agent, options) = Agent::options();
    let session = api.session().profiles(paths);
    let session = session.person(Arc::new(Reader), options).build();
    (session.unwrap(), agent)
}

#[tokio::test]
async fn a_closer_resource_gets_a_token_of_its_own() {
    let (_folder, paths) = home().await;
    let two = Two::start().await;
    let (session, agent) = kept(&two.api, &paths);
    assert_eq!(two.status(&session, "/items").await, 200);
    two.part();
    assert_eq!(two.status(&session, "/mcp/tools").await, 200);
    let visits = ["/register", "/token"].map(|path| two.other.visits(path));
    assert_eq!((agent.opened(), visits), (2, [1, 1]));
    assert_eq!(two.api.visits("/mcp/tools"), 2);
    // Nobody took the refusal for one of the token for `/`, which is as good as before.
    assert_eq!(two.api.provider.visits("/token"), 1);
    assert_eq!(two.status(&session, "/items").await, 200);
    // The next request goes there at once, and is the first to do so.
    assert_eq!(two.status(&session, "/mcp/more").await, 200);
    assert_eq!((agent.opened(), two.api.visits("/mcp/more")), (2, 1));

    let profiles = session.profiles();
    let config = Config::load(&paths).unwrap();
    assert_eq!((profiles.len(), config.profiles.len()), (2, 2));
    for (path, issuer) in [
        ("/items", &two.api.provider.server.url),
        ("/mcp/x", &two.other.server.url),
    ] {
        let url = two.api.url(path).parse().unwrap();
        let profile = config.profile_for(&url).unwrap().unwrap();
        assert!(profiles.contains(profile), "{profile:?}");
        let session = Session::open(profile, &paths).unwrap();
        assert_eq!(two.status(&session, path).await, 200);
        let issued = session.status().await.unwrap().issuer;
        assert_eq!(issued.as_ref(), Some(issuer));
    }
}

/// A profile that somebody chose is not left by itself, and its token is not renewed for what it is not for.
#[tokio::test]
async fn a_profiles_session_says_so_and_asks_nobody() {
    let (_folder, paths) = home().await;
    let two = Two::start().await;
    let (session, _) = kept(&two.api, &paths);
    assert_eq!(two.status(&session, "/items").await, 200);
    two.part();
    let profile = session.profiles().remove(0);
    let (agent, options) = Agent::options();
    let session = SessionBuilder::of(&profile, &paths).unwrap();
    let session = session.person(Arc::new(Reader), options).build().unwrap();
    for _ in 0..2 {
        let answer = two.api.get(&session, "/mcp").await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
        let advice = answer.advice().cloned();
        assert!(matches!(advice, Some(Advice::Closer(_))), "{advice:?}");
    }
    assert_eq!((agent.opened(), two.api.provider.visits("/token")), (0, 1));
    assert_eq!(two.status(&session, "/items").await, 200);
}

/// The same, where the scope is what is refused.
#[tokio::test]
async fn a_403_names_a_resource_too() {
    let two = Two::start().await;
    let (session, agent) = two.api.attended();
    assert_eq!(two.status(&session, "/items").await, 200);
    two.part();
    let place = two.api.url(&format!("{METADATA}/mcp"));
    let challenge =
        format!(r#"Bearer error="insufficient_scope", scope="tools", resource_metadata="{place}""#);
    two.takes_tokens_of_other("/mcp", (403, challenge));
    assert_eq!(two.status(&session, "/mcp").await, 200);
    assert_eq!(agent.opened(), 2);
    let asked = two.other.desk().asked.clone();
    assert_eq!(asked.get("scope"), Some("tools"));
    assert_eq!(two.api.provider.visits("/token"), 1, "no more scope there");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_nothing_is_looked_for() {
    let two = Two::start().await;
    let (session, agent) = two.api.attended();
    assert_eq!(two.status(&session, "/items").await, 200);
    let before = two.api.visits(METADATA);
    let good = two.api.provider.desk().good.clone();
    two.api.desk().revoked.extend(good);
    assert_eq!(two.status(&session, "/items").await, 200);
    assert_eq!((agent.opened(), two.api.provider.visits("/token")), (1, 2));
    assert_eq!(two.api.visits(METADATA), before);
}

/// What refuses everybody for ever, and each time names something closer.
#[tokio::test]
async fn nobody_runs_in_circles() {
    let two = Two::start().await;
    let (session, agent) = two.api.attended();
    assert_eq!(two.status(&session, "/items").await, 200);
    let parts = ["/mcp", "/mcp/a", "/mcp/a/b", "/mcp/a/b/c"];
    let places = parts.map(|part| {
        let document = json!({
            "resource": two.api.url(part),
            "authorization_servers": [two.other.server.url],
        });
        let place = format!("{METADATA}{part}");
        two.api.publish(&place, &document);
        challenge(&two.api, &place)
    });
    let asked = AtomicUsize::new(0);
    two.api.guard("/mcp", move |_| {
        let place = asked.fetch_add(1, Ordering::Relaxed) % places.len();
        Some((401, places[place].clone()))
    });
    assert_eq!(two.status(&session, "/mcp/a/b/c/d").await, 401);
    // With the token for all, with one for a part, and with one in its place.
    assert_eq!(two.api.visits("/mcp/a/b/c/d"), 3);
    assert_eq!((agent.opened(), two.other.visits("/token")), (2, 2));
    assert_eq!(two.api.provider.visits("/token"), 1);
}

/// What a refusal names is looked at by the same rules as ever, and of no use it changes nothing.
#[tokio::test]
async fn metadata_of_no_use_is_as_good_as_none() {
    for case in ["elsewhere", "broader", "broken", "gone", "private"] {
        let two = Two::start().await;
        let (session, agent) = two.api.attended();
        assert_eq!(two.status(&session, "/mcp").await, 200, "{case}");
        let place = format!("{METADATA}/mcp");
        match case {
            "elsewhere" => two.api.publish(&place, &two.api.document("/other")),
            "broader" => two.api.publish(&place, &two.api.document("/")),
            "broken" => two
                .api
                .page(&place, || answer(200, &[], r#"{"resource":7}"#)),
            "gone" => two.api.page(&place, || answer(503, &[], "")),
            _ => {}
        }
        let challenge = match case {
            "private" => r#"Bearer resource_metadata="http://10.0.0.1/x""#.to_owned(),
            _ => challenge(&two.api, &place),
        };
        let (good, own) = (
            two.api.provider.desk().good.clone(),
            two.api.provider.clone(),
        );
        two.api.guard("/mcp", move |token| {
            let new = !good.contains(token) && own.desk().good.contains(token);
            (!new).then(|| (401, challenge.clone()))
        });
        // It is renewed.
        assert_eq!(two.status(&session, "/mcp").await, 200, "{case}");
        let tokens = two.api.provider.visits("/token");
        assert_eq!((agent.opened(), tokens), (1, 2), "{case}");
    }
}

/// A refresh that works hides that the resource has left: its 401 says so, after a new token as before.
#[tokio::test]
async fn a_resource_that_takes_no_new_token_either_is_followed() {
    let (_folder, paths) = home().await;
    let two = Two::start().await;
    let (session, agent) = kept(&two.api, &paths);
    assert_eq!(two.status(&session, "/items").await, 200);
    let mut document = two.api.document("/");
    document["authorization_servers"] = json!([two.other.server.url]);
    two.api.publish(METADATA, &document);
    two.takes_tokens_of_other("/items", (401, challenge(&two.api, METADATA)));
    // Nobody is there to log in: nothing is given up.
    let profile = session.profiles().remove(0);
    let alone = Session::open(&profile, &paths).unwrap();
    assert_eq!(two.status(&alone, "/items").await, 401);
    assert_eq!(two.api.provider.visits("/revoke"), 0);

    assert_eq!(two.status(&session, "/items").await, 200);
    assert_eq!((agent.opened(), two.other.visits("/token")), (2, 1));
    let config = Config::load(&paths).unwrap();
    assert_eq!(config.profiles.len(), 1);
    let profile = config.profile(Some(profile.name.as_str())).unwrap();
    assert_eq!(session.profiles(), std::slice::from_ref(profile));
    let next = Session::open(profile, &paths).unwrap();
    assert_eq!(two.status(&next, "/items").await, 200);
}
