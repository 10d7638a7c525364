//! Clients beyond the ready-made ones: with keys of their own, and with whatever else a record can say.

use std::sync::Arc;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::{Client, Key, Record};
use gatepass_proto::jose::{SigningKey, request_object};
use gatepass_proto::{ClientId, Cx, Params};
use serde_json::{Value, json};

use crate::forge;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::World;

/// Runs with the real time and randomness.
pub(crate) fn with_cx<T>(run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    run(&mut Cx::new(SystemClock.now(), &mut OsEntropy))
}

pub(crate) fn key(alg: &str) -> SigningKey {
    with_cx(|cx| SigningKey::generate(alg, cx)).expect("a key")
}

/// The claims of a good request object.
pub(crate) fn claims(world: &World, request: &Pairs) -> Value {
    let now = forge::now();
    let mut claims = json!({
        "iss": request.get("client_id"), "aud": world.issuer, "iat": now, "nbf": now, "exp": now + 300, "jti": "j",
    });
    for (name, value) in request.iter() {
        claims = with(claims, name, value.into());
    }
    claims
}

/// The same claims but for one.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let members = claims.as_object_mut().expect("an object");
    members.insert(name.to_owned(), value);
    claims
}

/// A request object as our own client makes it.
pub(crate) fn signed(world: &World, request: &Pairs, key: &SigningKey) -> String {
    let params = Params::parse_form(request.form().as_bytes()).expect("a form");
    let client_id = request.get("client_id").expect("a client");
    let made = with_cx(|cx| request_object::sign(&params, key, client_id, &world.issuer, cx));
    made.expect("it is signed")
}

impl World {
    /// Adds a client like the confidential one, changed.
    pub(crate) async fn client(&self, id: &str, change: impl FnOnce(&mut Client)) {
        let store = gatepass_store::open(&self.config.database)
            .await
            .expect("the database");
        let like = Key::Client(ClientId::new(self.set().client_id.as_str()));
        let found = store.load(&[like]).await.expect("it answers");
        let Some(Some(Record::Client(mut client))) = found.into_iter().next() else {
            panic!("the confidential client is there")
        };
        client.client_id = ClientId::new(id);
        change(&mut client);
        let insert = Change::Insert(Record::Client(client));
        store.commit(vec![insert]).await.expect("it is taken");
    }

    /// The same, with other details.
    pub(crate) async fn detailed(&self, id: &str, change: impl FnOnce(&mut ClientDetails)) {
        self.client(id, |client| change(Arc::make_mut(&mut client.details)))
            .await;
    }

    /// The same, with a key that it has registered.
    pub(crate) async fn keyed(
        &self,
        id: &str,
        change: impl FnOnce(&mut ClientDetails),
    ) -> SigningKey {
        let key = key("ES256");
        let jwks = json!({ "keys": [key.jwk()] });
        self.detailed(id, |details| {
            details.jwks = Some(jwks);
            change(details);
        })
        .await;
        key
    }

    /// Pushes as the confidential client, or as one that was made from it, with the secret that both have.
    pub(crate) fn push_call(&self, request: &Pairs) -> Call {
        let client_id = request.get("client_id").expect("a client");
        Call::post("/oauth/par")
            .basic(client_id, &self.set().client_secret)
            .form(request)
    }

    pub(crate) async fn push(&self, request: &Pairs) -> Answer {
        self.send(self.push_call(request)).await
    }

    /// Pushes a request that is good; what the browser carries in its place.
    pub(crate) async fn pushed(&self, request: &Pairs) -> Pairs {
        let answer = self.push(request).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let client_id = request.get("client_id").expect("a client");
        named(client_id, &answer.text("request_uri"))
    }
}

/// What the browser carries in place of a pushed request.
pub(crate) fn named(client_id: &str, request_uri: &str) -> Pairs {
    Pairs::of(&[("client_id", client_id), ("request_uri", request_uri)])
}
