//! Clients that prove themselves by a certificate (RFC 8705 §2), over TLS.

use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::NewClient;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType, date_time_ymd};
use serde_json::json;

use crate::certificates::{Authority, Identity, NAME, Papers, authority, expired, robot};
use crate::pairs::Pairs;
use crate::prover;
use crate::wire::{Answer, Call};
use crate::world::World;

pub(crate) const BY_AUTHORITY: &str = "tls_client_auth";
pub(crate) const BY_ITSELF: &str = "self_signed_tls_client_auth";

pub(crate) fn new(method: &str, details: ClientDetails) -> NewClient {
    prover::robot(Some(method), details)
}

/// Adds a client; its id.
async fn add(world: &World, method: &str, details: ClientDetails) -> String {
    let admin = world.admin().await;
    let (client, secret) = admin.add_client(new(method, details)).await.expect("added");
    assert!(secret.is_none(), "a certificate is proof enough");
    client.client_id.to_string()
}

pub(crate) fn named(dn: &str) -> ClientDetails {
    ClientDetails {
        tls_client_auth_subject_dn: Some(dn.to_owned()),
        ..ClientDetails::default()
    }
}

/// A token request of a client that says its name.
fn asking(client_id: &str) -> Call {
    Call::post("/oauth/token").form(&Pairs::of(&[
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
    ]))
}

/// A server, and how clients ask it.
pub(crate) struct Desk {
    pub(crate) papers: Papers,
    pub(crate) world: World,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let papers = Papers::new();
        let world = World::sealed(&papers, |_| ()).await;
        Self { papers, world }
    }

    pub(crate) async fn ask(&self, client_id: &str, by: Option<&Identity>) -> Answer {
        self.send(&asking(client_id), by).await
    }

    pub(crate) async fn send(&self, call: &Call, by: Option<&Identity>) -> Answer {
        self.papers.send(self.world.certified(), call, by).await
    }

    fn authority(&self) -> &Authority {
        &self.papers.authority
    }
}

#[tokio::test]
async fn an_authority_vouches_for_the_registered_name() {
    let desk = Desk::new().await;
    let client_id = add(&desk.world, BY_AUTHORITY, named("cn=robot, O=Example")).await;
    let identity = desk.papers.robot();
    let answer = desk.ask(&client_id, Some(&identity)).await;
    let token = answer.good().text("access_token");
    assert_eq!(answer.text("token_type"), "Bearer");
    // Every endpoint that clients prove themselves at takes it.
    let about = Pairs::of(&[("token", &token), ("client_id", &client_id)]);
    let introspect = Call::post("/oauth/introspect").form(&about);
    let said = desk.send(&introspect, Some(&identity)).await;
    let said = said.good().json();
    assert_eq!(said["active"], true);
    assert!(
        said.get("cnf").is_none(),
        "bound only where that was registered"
    );
    let revoke = Call::post("/oauth/revoke").form(&about);
    desk.send(&revoke, Some(&identity)).await.good();
    let said = desk.send(&introspect, Some(&identity)).await;
    assert_eq!(said.json(), json!({ "active": false }));
    for call in [introspect, revoke] {
        let answer = desk.send(&call, None).await;
        answer.refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn each_alternative_name_is_one_to_be_known_by() {
    let desk = Desk::new().await;
    let mut params = robot();
    let ia5 = |text: &str| text.try_into().expect("ASCII");
    params.subject_alt_names.extend([
        SanType::URI(ia5("urn:example:robot")),
        SanType::IpAddress("2001:db8::1".parse().expect("an address")),
        SanType::Rfc822Name(ia5("robot@example.com")),
    ]);
    let identity = Identity::signed(&params, desk.authority());
    let other = Identity::signed(&robot_named("other.example.com"), desk.authority());
    type Set = fn(&mut ClientDetails, String);
    let members: [(Set, &str); 4] = [
        (|own, text| own.tls_client_auth_san_dns = Some(text), NAME),
        (
            |own, text| own.tls_client_auth_san_uri = Some(text),
            "urn:example:robot",
        ),
        (
            |own, text| own.tls_client_auth_san_ip = Some(text),
            "2001:DB8:0::1",
        ),
        (
            |own, text| own.tls_client_auth_san_email = Some(text),
            "robot@EXAMPLE.com",
        ),
    ];
    for (set, text) in members {
        let mut details = ClientDetails::default();
        set(&mut details, text.to_owned());
        let client_id = add(&desk.world, BY_AUTHORITY, details).await;
        desk.ask(&client_id, Some(&identity)).await.good();
        desk.ask(&client_id, Some(&other))
            .await
            .refused(401, "invalid_client");
    }
}

fn robot_named(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).expect("a name")
}

/// Everything else is refused, in the same words.
#[tokio::test]
async fn whoever_is_not_vouched_for_is_nobody() {
    let desk = Desk::new().await;
    let client_id = add(&desk.world, BY_AUTHORITY, named("CN=Robot,O=Example")).await;
    let by = |params: &CertificateParams| Identity::signed(params, desk.authority());
    let mut wrong_name = robot();
    wrong_name
        .distinguished_name
        .push(DnType::CommonName, "Robot 2");
    let mut longer = robot();
    longer.distinguished_name.push(DnType::CountryName, "US");
    let mut early = robot();
    early.not_before = date_time_ymd(2090, 1, 1);
    early.not_after = date_time_ymd(2091, 1, 1);
    let mut for_servers = robot();
    for_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // An authority of the same name as ours, and one below ours that nobody shows.
    let twin = authority("Test authority", None);
    let below = authority("Below", Some(desk.authority()));
    let hidden = Identity::signed(&robot(), &below);
    for (name, identity) in [
        ("another name", by(&wrong_name)),
        ("a longer name", by(&longer)),
        ("expired", by(&expired())),
        ("not good yet", by(&early)),
        ("for servers", by(&for_servers)),
        ("another authority", Identity::signed(&robot(), &twin)),
        ("an unknown way", hidden.clone()),
        ("the wrong way", hidden.clone().by_way_of(&twin)),
        ("self-signed", Identity::own(&robot())),
    ] {
        let answer = desk.ask(&client_id, Some(&identity)).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        answer.refused(401, "invalid_client");
    }
    desk.ask(&client_id, Some(&hidden.by_way_of(&below)))
        .await
        .good();
    desk.ask(&client_id, None)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn a_certificate_is_proof_for_its_own_client_alone_and_only_by_itself() {
    let desk = Desk::new().await;
    let identity = desk.papers.robot();
    let own = add(&desk.world, BY_AUTHORITY, named("CN=Robot,O=Example")).await;
    let other = add(&desk.world, BY_AUTHORITY, named("CN=Other,O=Example")).await;
    desk.ask(&own, Some(&identity)).await.good();
    for client_id in [&other, "cl_nobody", &desk.world.set().client_id] {
        let answer = desk.ask(client_id, Some(&identity)).await;
        answer.refused(401, "invalid_client");
    }
    let body = |pairs: &[(&str, &str)]| {
        let grant = Pairs::of(&[("grant_type", "client_credentials")]);
        Call::post("/oauth/token").form(&grant.with_all(pairs))
    };
    for (call, error) in [
        (body(&[]), "invalid_client"),
        (
            body(&[("client_id", &own), ("client_secret", "x")]),
            "invalid_client",
        ),
        (
            body(&[("client_id", &own)]).basic(&own, "x"),
            "invalid_client",
        ),
        (
            body(&[("client_id", &other)]).basic(&own, ""),
            "invalid_request",
        ),
    ] {
        let answer = desk.send(&call, Some(&identity)).await;
        assert_eq!(answer.text("error"), error, "{call:?}");
    }
    // The usual door asks for no certificate, and so has none.
    let call = asking(&own);
    let usual = desk.papers.send(desk.world.address, &call, Some(&identity));
    usual.await.refused(401, "invalid_client");
    // Others go on as before, with a certificate or without.
    let set = desk.world.set();
    let call = body(&[]).basic(&set.client_id, &set.client_secret);
    for by in [None, Some(&identity)] {
        desk.send(&call, by).await.good();
    }
}

#[tokio::test]
async fn a_client_may_vouch_for_itself() {
    let desk = Desk::new().await;
    let (identity, other) = (Identity::own(&robot()), Identity::own(&robot()));
    let registered = |identity: &Identity| ClientDetails {
        jwks: Some(identity.jwks()),
        ..ClientDetails::default()
    };
    let client_id = add(&desk.world, BY_ITSELF, registered(&identity)).await;
    desk.ask(&client_id, Some(&identity)).await.good();
    desk.ask(&client_id, Some(&other))
        .await
        .refused(401, "invalid_client");
    desk.ask(&client_id, Some(&desk.papers.robot()))
        .await
        .refused(401, "invalid_client");
    desk.ask(&client_id, None)
        .await
        .refused(401, "invalid_client");
    let old = Identity::own(&expired());
    let late = add(&desk.world, BY_ITSELF, registered(&old)).await;
    desk.ask(&late, Some(&old))
        .await
        .refused(401, "invalid_client");
    // A certificate of an authority may be registered just as well: it is compared, and nobody is asked.
    let vouched = Identity::signed(&robot(), &authority("Elsewhere", None));
    let client_id = add(&desk.world, BY_ITSELF, registered(&vouched)).await;
    desk.ask(&client_id, Some(&vouched)).await.good();
}

#[tokio::test]
async fn a_client_may_publish_its_certificates() {
    let desk = Desk::new().await;
    let (identity, other) = (Identity::own(&robot()), Identity::own(&robot()));
    let published = crate::published_keys::Published::json(&identity.jwks()).await;
    let details = ClientDetails {
        jwks_uri: Some(published.uri()),
        ..ClientDetails::default()
    };
    let client_id = add(&desk.world, BY_ITSELF, details).await;
    for _ in 0..2 {
        desk.ask(&client_id, Some(&identity)).await.good();
        desk.ask(&client_id, Some(&other))
            .await
            .refused(401, "invalid_client");
    }
    assert_eq!(published.asked(), 1);
}
