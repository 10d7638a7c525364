use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use proptest::prelude::*;

use super::{ClientCredentials, Draft, METHODS, Presented, Trial, proven};
use crate::decide::record::{Client, Key, Record};
use crate::decide::rules::{Lifetimes, Requests, Tokens};
use crate::decide::{Done, Facts, Halt, Pairwise, RefreshKeys, Rules};
use crate::jose::KeySet;
use crate::{ClientId, Cx, Entropy, ErrorCode, Params, Scope, Secret, Timestamp};

fn client(methods: &[&str], secret: Option<&str>) -> Client {
    Client {
        client_id: ClientId::new("cl"),
        client_name: "test".into(),
        client_secrets: secret
            .map(|secret| Secret::new(secret).digest())
            .into_iter()
            .collect(),
        auth_methods: methods.iter().map(ToString::to_string).collect(),
        redirect_uris: vec![],
        grant_types: vec![],
        scope: Scope::empty(),
        default_scope: Scope::empty(),
        resources: vec![],
        require_pkce: true,
        json_body: false,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: Timestamp::from_secs(0),
        details: Arc::default(),
    }
}

fn rules() -> Rules {
    let keys = BTreeMap::from([(1, [7; 32].into())]);
    Rules {
        issuer: "https://as.example".to_owned(),
        token_endpoint: "https://as.example/token".to_owned(),
        par_endpoint: "https://as.example/par".to_owned(),
        default_audience: "https://as.example/api".to_owned(),
        keys: KeySet::default(),
        refresh_keys: RefreshKeys::new(keys).expect("a key"),
        pairwise: Pairwise::new(&[9; 32]),
        lifetimes: Lifetimes::default(),
        requests: Requests::default(),
        tokens: Tokens::default(),
        trusted_issuers: Vec::new(),
    }
}

fn ask(known: Option<Client>, authorization: Option<&str>, body: &str) -> Result<(), ErrorCode> {
    let mut facts = Facts::new();
    for id in ["cl", "other"] {
        let record = known
            .clone()
            .filter(|client| client.client_id.as_str() == id)
            .map(Record::Client);
        facts.learn(Key::Client(ClientId::new(id)), record);
    }
    let params = Params::parse_form(body.as_bytes()).expect("well formed");
    let trial = Trial {
        facts: &facts,
        rules: &rules(),
        now: Timestamp::from_secs(0),
    };
    let presented = Presented::read(authorization, &params);
    match proven(&presented, trial, |_| Ok(Done::unchanged(()))) {
        Ok(_) => Ok(()),
        Err(Halt::Refuse(refusal)) => Err(refusal.error.code()),
        Err(Halt::Need(need)) => panic!("lacks {need:?}"),
    }
}

#[test]
fn one_method_and_one_identity() {
    let both = || {
        Some(client(
            &["client_secret_basic", "client_secret_post"],
            Some("s"),
        ))
    };
    let basic = "Basic Y2w6cw=="; // cl:s
    assert_eq!(ask(both(), Some(basic), ""), Ok(()));
    assert_eq!(ask(both(), Some(basic), "client_id=cl"), Ok(()));
    assert_eq!(
        ask(both(), Option::None, "client_id=cl&client_secret=s"),
        Ok(())
    );
    assert_eq!(
        ask(both(), Some(basic), "client_id=other"),
        Err(ErrorCode::InvalidRequest)
    );
    assert_eq!(
        ask(both(), Some(basic), "client_id=cl&client_secret=s"),
        Err(ErrorCode::InvalidRequest)
    );
}

#[test]
fn every_failure_looks_the_same() {
    let basic = || Some(client(&["client_secret_basic"], Some("s")));
    for (authorization, body) in [
        (Some("Basic Y2w6eA=="), ""),     // cl:x
        (Some("Basic b3RoZXI6cw=="), ""), // other:s
        (Some("Basic !"), ""),
        (Some("Bearer abc"), ""),
        (Option::None, "client_id=cl&client_secret=s"), // not its method
        (Option::None, "client_id=cl"),
        (Option::None, "client_secret=s"),
        (Option::None, ""),
    ] {
        assert_eq!(
            ask(basic(), authorization, body),
            Err(ErrorCode::InvalidClient),
            "{authorization:?} {body}"
        );
    }
}

#[test]
fn an_empty_secret_is_none() {
    let basic = Some("Basic Y2w6"); // cl:
    assert_eq!(
        ask(Some(client(&["none"], Option::None)), basic, ""),
        Ok(())
    );
    let both = Some(client(&["none"], Option::None));
    assert_eq!(
        ask(both, basic, "client_id=other"),
        Err(ErrorCode::InvalidRequest)
    );
    let confidential = client(&["client_secret_basic"], Some("s"));
    assert_eq!(
        ask(Some(confidential), basic, ""),
        Err(ErrorCode::InvalidClient)
    );
}

#[test]
fn a_confidential_client_cannot_pass_as_public() {
    assert_eq!(
        ask(
            Some(client(&["none"], Option::None)),
            Option::None,
            "client_id=cl"
        ),
        Ok(())
    );
    let mixed = client(&["none", "client_secret_basic"], Some("s"));
    assert_eq!(
        ask(Some(mixed), Option::None, "client_id=cl"),
        Err(ErrorCode::InvalidClient)
    );
}

/// No method that is tried here draws any.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}

proptest! {
    /// What any method attaches, the same method believes.
    #[test]
    fn the_two_ends_meet(secret in "\\P{Cc}{1,40}", index in 0usize..3) {
        let method = METHODS[index];
        let public = method.name() == "none";
        let own = ClientCredentials {
            client_secret: (!public).then(|| Secret::new(secret.clone())),
            method: Some(method.name().to_owned()),
            ..ClientCredentials::public("cl")
        };
        let mut draft = Draft::default();
        let mut entropy = Zeros;
        own.attach(&mut draft, &mut Cx::new(Timestamp::from_secs(0), &mut entropy)).expect("complete");
        let header = draft.headers.get(AUTHORIZATION).map(|value| value.to_str().expect("ASCII").to_owned());
        let known = client(&[method.name()], (!public).then_some(secret.as_str()));
        prop_assert_eq!(ask(Some(known), header.as_deref(), &draft.params.to_form()), Ok(()));
    }
}
