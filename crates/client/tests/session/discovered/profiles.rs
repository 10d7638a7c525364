//! What was found as profiles in `config.toml`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepass_client::tokens::{FileTokens, StoredToken, TokenKey, TokenStore as _};
use gatepass_client::{
    Browser, Config, Credential, LoginOptions, Paths, Secret, Session, Timestamp, TokenState,
};
use gatepass_proto::Params;
use serde_json::json;
use url::Url;

use super::api::{Api, METADATA};
use crate::agent::{Agent, Reader, fetch};
use crate::provider::Provider;

/// Folders of one's own, whose key lies in a file: the keyring of whoever runs the tests is theirs.
pub(crate) async fn home() -> (tempfile::TempDir, Paths) {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::under(folder.path());
    let (store, key) = (
        FileTokens::new(paths.tokens()),
        TokenKey::new("first").unwrap(),
    );
    let token = StoredToken::new(Secret::new("x"), Timestamp::from_secs(1), String::new());
    store.save(&key, &token).await.unwrap();
    store.forget(&key).await.unwrap();
    (folder, paths)
}

fn session(api: &Api, paths: &Paths) -> (Session, Arc<Agent>) {
    let (agent, options) = Agent::options();
    let discover = Config::load(paths).unwrap().discover();
    let session = api.session_of(discover).profiles(paths);
    let session = session.person(Arc::new(Reader), options).build();
    (session.unwrap(), agent)
}

#[tokio::test]
async fn profile_client_and_token_serve_the_next_program_without_a_login() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    let (first, agent) = session(&api, &paths);
    assert_eq!(api.status(&first, "/api/items").await, 200);
    assert_eq!(agent.opened(), 1);
    let config = Config::load(&paths).unwrap();
    let url = api.url("/api/other").parse().unwrap();
    let profile = config.profile_for(&url).unwrap().unwrap();
    assert_eq!(first.profiles().first(), Some(profile));
    let Credential::OAuth(oauth) = &profile.credential else {
        panic!("{profile:?}")
    };
    assert!(oauth.discovered && oauth.client_id.is_none());
    assert_eq!(oauth.issuer.as_ref(), Some(&api.provider.server.url));
    assert_eq!(oauth.resource, [api.url("/api")]);
    let name = profile.name.as_str();
    assert!(
        name.starts_with("localhost-") && name.ends_with("-api"),
        "{name}"
    );

    let next = Session::open(profile, &paths).unwrap();
    assert_eq!(api.status(&next, "/api/more").await, 200);
    let outside = api.get(&next, "/elsewhere").await.unwrap_err().to_string();
    assert!(outside.contains("is not below it"), "{outside}");
    // Somebody who knows only the URL finds the same.
    let (again, agent) = session(&api, &paths);
    assert_eq!(api.status(&again, "/api").await, 200);
    assert_eq!((agent.opened(), Config::load(&paths).unwrap()), (0, config));
}

#[tokio::test]
async fn two_resources_of_one_origin_are_two_profiles() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    let (session, agent) = session(&api, &paths);
    assert_eq!(api.status(&session, "/api").await, 200);
    let inner = api.document("/api/admin");
    api.publish(&format!("{METADATA}/api/admin"), &inner);
    let other = api.document("/apix");
    api.publish(&format!("{METADATA}/apix"), &other);
    let named = api.url(&format!("{METADATA}/apix"));
    api.desk().challenge = format!(r#"Bearer resource_metadata="{named}""#);
    assert_eq!(api.status(&session, "/apix/items").await, 200);
    assert_eq!(agent.opened(), 2);
    let config = Config::load(&paths).unwrap();
    assert_eq!(config.profiles.len(), 2);
    for (path, resource) in [
        ("/api/items", "/api"),
        ("/apix", "/apix"),
        ("/apix/items", "/apix"),
    ] {
        let url = api.url(path).parse().unwrap();
        let profile = config.profile_for(&url).unwrap().unwrap();
        let Credential::OAuth(oauth) = &profile.credential else {
            panic!("{profile:?}")
        };
        assert_eq!(oauth.resource, [api.url(resource)], "{path}");
    }
    let nobody = api.url("/elsewhere").parse().unwrap();
    assert_eq!(config.profile_for(&nobody).unwrap(), None);
}

#[tokio::test]
async fn many_who_find_the_same_make_one_profile() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    // Each task is a program of its own, as far as the session goes.
    let sessions: Vec<_> = (0..12).map(|_| session(&api, &paths)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (session, _) in &sessions {
        let (api, session) = (api.clone(), session.clone());
        tasks.spawn(async move { api.status(&session, "/api").await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    let opened: usize = sessions.iter().map(|(_, agent)| agent.opened()).sum();
    assert_eq!(
        (opened, Config::load(&paths).unwrap().profiles.len()),
        (1, 1)
    );
    assert_eq!(api.provider.visits("/register"), 1);
}

#[tokio::test]
async fn a_login_by_name_finds_what_only_the_challenge_names() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    let document = api.document("/api");
    api.desk().pages.clear();
    api.publish("/hidden.json", &document);
    let named = api.url("/hidden.json");
    api.desk().challenge = format!(r#"Bearer scope="read", resource_metadata="{named}""#);
    let (first, _) = session(&api, &paths);
    assert_eq!(api.status(&first, "/api").await, 200);

    let next = Provider::start().await;
    let mut moved = document;
    moved["authorization_servers"] = json!([next.server.url]);
    api.publish("/hidden.json", &moved);
    let config = Config::load(&paths).unwrap();
    let profile = config.profile(None).unwrap();
    let again = Session::open(profile, &paths).unwrap();
    let (agent, options) = Agent::options();
    let status = again.login(&Reader, &options).await.unwrap();
    assert_eq!(status.issuer.as_deref(), Some(next.server.url.as_str()));
    assert_eq!((agent.opened(), next.visits("/register")), (1, 1));
    let config = Config::load(&paths).unwrap();
    let same = config.profile(Some(profile.name.as_str())).unwrap();
    let Credential::OAuth(oauth) = &same.credential else {
        panic!("{same:?}")
    };
    assert_eq!(
        oauth.issuer.as_ref(),
        Some(&next.server.url),
        "the profile moved too"
    );
    assert_eq!(config.profiles.len(), 1);
    // A program that has read the profile from there on uses the new token.
    let later = Session::open(same, &paths).unwrap();
    let status = later.status().await.unwrap();
    assert_eq!(status.state, TokenState::Valid);
}

#[tokio::test]
async fn several_resources_of_one_server_that_are_found_at_once_share_a_client() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    api.desk().challenge = "Bearer".to_owned();
    let mut tasks = tokio::task::JoinSet::new();
    for path in ["/one", "/two", "/three", "/four"] {
        let document = api.document(path);
        api.publish(&format!("{METADATA}{path}"), &document);
        let (api, (session, _)) = (api.clone(), session(&api, &paths));
        tasks.spawn(async move { api.status(&session, path).await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(api.provider.visits("/register"), 1);
    assert_eq!(Config::load(&paths).unwrap().profiles.len(), 4);
}

/// Somebody who says no at the login page.
#[derive(Default)]
struct Refuser(AtomicUsize);

impl Browser for Refuser {
    fn open(&self, url: &Url) -> Result<(), String> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let asked = Params::parse_form(url.query().unwrap().as_bytes()).unwrap();
        let mut back = Params::new();
        back.push("error", "access_denied");
        back.push("state", asked.get("state").unwrap());
        back.push("iss", url.origin().ascii_serialization());
        let back = back.append_to(asked.get("redirect_uri").unwrap());
        std::thread::spawn(move || fetch(&back.parse().unwrap()));
        Ok(())
    }
}

#[tokio::test]
async fn a_login_that_is_given_up_leaves_a_client_and_no_profile() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    // What is asked has to be seen by who refuses it.
    api.provider.desk().alter = Some(Box::new(|metadata| {
        metadata["pushed_authorization_request_endpoint"].take();
    }));
    let refuser = Arc::new(Refuser::default());
    let (_, options) = Agent::options();
    let options = LoginOptions {
        browser: refuser.clone(),
        ..options
    };
    let refused = api.session().profiles(&paths);
    let refused = refused.person(Arc::new(Reader), options).build().unwrap();
    for _ in 0..2 {
        let error = api.get(&refused, "/api").await.unwrap_err();
        assert!(error.to_string().contains("access_denied"), "{error}");
    }
    assert_eq!(Config::load(&paths).unwrap(), Config::default());
    assert!(refused.profiles().is_empty());
    // The client is there for the next try.
    let tries = refuser.0.load(Ordering::SeqCst);
    assert_eq!((tries, api.provider.visits("/register")), (2, 1));
    let (next, _) = session(&api, &paths);
    assert_eq!(api.status(&next, "/api").await, 200);
    assert_eq!(api.provider.visits("/register"), 1);
    let config = Config::load(&paths).unwrap();
    assert_eq!(
        next.profiles(),
        config.profiles.into_values().collect::<Vec<_>>()
    );
}

/// Whoever has logged in and then came no further has a token, and so a profile.
#[tokio::test]
async fn a_token_that_is_there_makes_the_profile() {
    let (_folder, paths) = home().await;
    let api = Api::start().await;
    let (first, _) = session(&api, &paths);
    assert_eq!(api.status(&first, "/api").await, 200);
    let kept = Config::load(&paths).unwrap();
    std::fs::remove_file(paths.config_file()).unwrap();
    let (next, agent) = session(&api, &paths);
    assert_eq!(api.status(&next, "/api").await, 200);
    assert_eq!((agent.opened(), Config::load(&paths).unwrap()), (0, kept));
}
