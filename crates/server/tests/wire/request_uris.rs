//! Request objects at their client's site (`request_uri`, OpenID Connect Core 1.0 §6.2, RFC 9101 §5.2).

use gatepass_proto::Digest;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::clients::{key, named, signed};
use crate::pairs::Pairs;
use crate::site::{Page, Site};
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const CLIENT: &str = "cl_publishes";
const PATH: &str = "/request.jwt";
const TYPE: &str = "application/oauth-authz-req+jwt";

struct Setting {
    site: Site,
    world: World,
    key: SigningKey,
}

impl Setting {
    /// A client that has registered one address, changed.
    async fn with(change: impl FnOnce(&mut ClientDetails)) -> Self {
        let site = Site::start().await;
        let world = World::dev_with(|config| site.admit(config)).await;
        let uri = site.url(PATH);
        let key = world
            .keyed(CLIENT, |details| {
                details.request_uris = vec![uri];
                change(details);
            })
            .await;
        Self { site, world, key }
    }

    fn request(&self) -> Pairs {
        self.world.request().with("client_id", CLIENT)
    }

    /// Publishes this request, signed.
    fn publish(&self, request: &Pairs) -> String {
        let object = signed(&self.world, request, &self.key);
        self.site.put(PATH, Page::of(TYPE, object.clone()));
        object
    }

    fn around(&self) -> Pairs {
        named(CLIENT, &self.site.url(PATH))
    }

    async fn get(&self, carried: &Pairs) -> Answer {
        self.world.browser().get(&authorize(carried)).await
    }

    async fn refused(&self, carried: &Pairs, code: &str) -> String {
        let page = self.get(carried).await;
        page.error_page(400);
        assert!(
            page.body.contains(&format!("<code>{code}</code>")),
            "{page:?}"
        );
        page.body
    }
}

fn path(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").expect("a Location").to_owned()
}

#[tokio::test]
async fn what_lies_there_counts_and_nothing_else() {
    let setting = Setting::with(|_| ()).await;
    setting.publish(&setting.request().with("scope", "read"));
    let dressed = setting
        .around()
        .and("scope", "write")
        .and("state", "other")
        .and("redirect_uri", "https://evil.example");
    let mut browser = setting.world.logged_in().await;
    let next = path(&browser.get(&authorize(&dressed)).await);
    let kept = Pairs::parse(next.split_once('?').expect("a query").1);
    assert_eq!(kept.get("client_id"), Some(CLIENT));
    let uri = kept.get("request_uri").expect("an address");
    assert!(
        uri.starts_with("urn:ietf:params:oauth:request_uri:"),
        "{uri}"
    );
    let back = browser.decide(&next, "allow").await.location();
    assert_eq!(back.get("state"), Some("s1"));
    let code = back.get("code").expect("a code").to_owned();
    let answer = setting.world.redeem_as(CLIENT, &code).await;
    assert_eq!(answer.good().text("scope"), "read");
    assert_eq!(setting.site.asked(PATH), 1);
    // One request, one code.
    browser.get(&next).await.error_page(400);
}

/// Between the page that a person reads and their yes, the client could put another request in its place.
#[tokio::test]
async fn a_request_that_is_changed_meanwhile_is_the_one_that_was_read() {
    let setting = Setting::with(|_| ()).await;
    setting.publish(&setting.request().with("scope", "read"));
    let mut browser = setting.world.logged_in().await;
    let next = path(&browser.get(&authorize(&setting.around())).await);
    setting.publish(&setting.request().with("scope", "read write"));
    let back = browser.decide(&next, "allow").await.location();
    let code = back.get("code").expect("a code").to_owned();
    let answer = setting.world.redeem_as(CLIENT, &code).await;
    assert_eq!(answer.good().text("scope"), "read");
    assert_eq!(setting.site.asked(PATH), 1);
}

/// Whoever has to log in first finds the request again.
#[tokio::test]
async fn a_login_on_the_way_does_not_lose_it() {
    let setting = Setting::with(|_| ()).await;
    setting.publish(
        &setting
            .request()
            .with("prompt", "login")
            .with("scope", "openid"),
    );
    let mut browser = setting.world.logged_in().await;
    let next = path(&browser.get(&authorize(&setting.around())).await);
    let set = setting.world.set();
    let page = browser.log_in(&next, &set.user, &set.password).await;
    let form = crate::browser::Form::of(&page.body);
    let back = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(back.location().get("code").is_some());
    assert_eq!(setting.site.asked(PATH), 1);
}

#[tokio::test]
async fn only_an_address_that_is_registered_is_fetched() {
    let setting = Setting::with(|_| ()).await;
    setting.publish(&setting.request());
    let site = &setting.site;
    site.put(
        "/other.jwt",
        Page::of(TYPE, setting.publish(&setting.request())),
    );
    for uri in [
        site.url("/other.jwt"),
        site.url("/request.jwt?x=1"),
        site.url("/request.jwt#x"),
        site.url("/request.jwt/"),
        site.url("/./request.jwt"),
        site.url("/REQUEST.jwt"),
        site.url(PATH).replace("https", "http"),
        site.url(PATH).replace("localhost", "127.0.0.1"),
        site.url(PATH).replace("localhost", "LOCALHOST"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "urn:ietf:params:oauth:request_uri:unknown".to_owned(),
        "x".to_owned(),
    ] {
        setting
            .refused(&named(CLIENT, &uri), "invalid_request_uri")
            .await;
    }
    // Another client has not registered it.
    let stolen = named(&setting.world.set().client_id, &site.url(PATH));
    setting.refused(&stolen, "invalid_request_uri").await;
    assert_eq!(site.visits(), 0);
}

#[tokio::test]
async fn what_lies_there_must_be_a_signed_request() {
    let setting = Setting::with(|_| ()).await;
    let object = setting.publish(&setting.request());
    let around = setting.around();
    let stranger = signed(&setting.world, &setting.request(), &key("ES256"));
    let unsigned = crate::forge::compact(
        &json!({ "alg": "none" }),
        &crate::clients::claims(&setting.world, &setting.request()),
        b"",
    );
    for (object, code) in [
        (stranger, "invalid_request_object"),
        (unsigned, "invalid_request_object"),
        ("nothing".to_owned(), "invalid_request_object"),
        (String::new(), "invalid_request_object"),
        (format!("{object}x"), "invalid_request_object"),
        (
            format!("{object}{}", " ".repeat(65 * 1024)),
            "invalid_request_uri",
        ),
    ] {
        setting.site.put(PATH, Page::of(TYPE, object));
        setting.refused(&around, code).await;
    }
    for page in [
        Page::of("text/html", object.clone()),
        Page::of("image/png", object.clone()),
        Page::of(TYPE, object.clone()).status(404),
        Page::of(TYPE, object.clone()).status(500),
        Page::moved("/moved.jwt"),
    ] {
        setting.site.put(PATH, page);
        setting.refused(&around, "invalid_request_uri").await;
    }
    assert_eq!(
        setting.site.asked("/moved.jwt"),
        0,
        "no redirect is followed"
    );
    for media_type in [
        TYPE,
        "application/jwt",
        "application/octet-stream",
        "text/plain",
    ] {
        let spaced = format!("{object}\n");
        setting.site.put(PATH, Page::of(media_type, spaced));
        assert_eq!(setting.get(&around).await.status, 303, "{media_type}");
    }
}

/// §6.2: the fragment has the SHA-256 of what the client means.
#[tokio::test]
async fn a_digest_in_the_fragment_is_compared() {
    let setting = Setting::with(|_| ()).await;
    let id = "cl_digest";
    let request = setting.request().with("client_id", id);
    let object = signed(&setting.world, &request, &setting.key);
    let uri = |text: &str| {
        setting
            .site
            .url(&format!("{PATH}#{}", Digest::of(text).to_base64url()))
    };
    let (good, other) = (uri(&object), uri("x"));
    let keys = json!({ "keys": [setting.key.jwk()] });
    let registered = vec![good.clone(), other.clone()];
    let change = |details: &mut ClientDetails| {
        details.jwks = Some(keys);
        details.request_uris = registered;
    };
    setting.world.detailed(id, change).await;
    setting.site.put(PATH, Page::of(TYPE, object));
    assert_eq!(setting.get(&named(id, &good)).await.status, 303);
    let text = setting
        .refused(&named(id, &other), "invalid_request_uri")
        .await;
    assert!(text.contains("SHA-256"), "{text}");
    let later = signed(&setting.world, &request.with("state", "s2"), &setting.key);
    setting.site.put(PATH, Page::of(TYPE, later));
    setting
        .refused(&named(id, &good), "invalid_request_uri")
        .await;
}

/// Both at once would leave open which one counts.
#[tokio::test]
async fn it_comes_alone() {
    let setting = Setting::with(|_| ()).await;
    let object = setting.publish(&setting.request());
    let both = setting.around().and("request", &object);
    setting.refused(&both, "invalid_request").await;
    let pushed = setting.world.push(&setting.around()).await;
    pushed.refused(400, "invalid_request");
    assert_eq!(setting.site.visits(), 0);
}

/// A client that has to push has to push.
#[tokio::test]
async fn it_is_no_way_around_the_way_that_a_client_must_take() {
    let setting =
        Setting::with(|details| details.require_pushed_authorization_requests = true).await;
    setting.publish(&setting.request());
    let back = setting.get(&setting.around()).await.location();
    assert_eq!(back.get("error"), Some("invalid_request"));
    let setting = Setting::with(|details| details.require_signed_request_object = true).await;
    setting.publish(&setting.request());
    assert_eq!(
        setting.get(&setting.around()).await.status,
        303,
        "it is signed"
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_said_to_the_client() {
    let setting = Setting::with(|_| ()).await;
    setting.publish(&setting.request().with("scope", "everything"));
    let back = setting.get(&setting.around()).await.location();
    assert_eq!(back.get("error"), Some("invalid_scope"));
    assert_eq!(back.get("state"), Some("s1"));
    setting.publish(
        &setting
            .request()
            .with("redirect_uri", "https://evil.example"),
    );
    setting.refused(&setting.around(), "invalid_request").await;
}

#[tokio::test]
async fn clients_register_their_addresses() {
    let world = World::dev().await;
    let metadata = Call::get("/.well-known/openid-configuration");
    let said = world.send(metadata).await.json();
    assert_eq!(said["request_uri_parameter_supported"], true);
    assert_eq!(said["require_request_uri_registration"], true);
    let register = async |uris: &[&str]| {
        let metadata = json!({ "redirect_uris": ["https://app.example/cb"], "request_uris": uris });
        world
            .send(Call::post("/oauth/register").json(&metadata.to_string()))
            .await
    };
    let good = [
        "https://app.example/r.jwt",
        "https://app.example/r#x",
        "http://localhost:1/r",
    ];
    let answer = register(&good).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let kept: Vec<Value> = good.iter().map(|uri| Value::from(*uri)).collect();
    assert_eq!(answer.json()["request_uris"], Value::Array(kept));
    for bad in [
        "http://app.example/r",
        "ftp://app.example/r",
        "https://user@app.example/r",
        "javascript:alert(1)",
        "r.jwt",
    ] {
        register(&[bad])
            .await
            .refused(400, "invalid_client_metadata");
    }
}
