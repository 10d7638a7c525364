//! Records: what is written is read, under one key and one name.

use std::sync::Arc;

use gatepass_proto::ClientId;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{ApiKey, Client, Key, Kind, Record, User};

use super::samples::{
    api_key, bare_client, client, code, digest, every_kind, grant, sealed_key, user,
};
use super::{commit, conflict, insert, load, race, samples};
use crate::Store;

/// What was inserted is what is loaded, field by field.
pub async fn every_record_comes_back_unchanged(store: Arc<dyn Store>) {
    for record in every_kind() {
        insert(&store, [record.clone()]).await;
    }
    let keys: Vec<_> = every_kind().iter().map(Record::key).collect();
    let found = store.load(&keys).await.expect("the store answers");
    let all: Vec<_> = every_kind().into_iter().map(Some).collect();
    assert_eq!(found, all, "all at once");
    for (key, record) in keys.iter().zip(all) {
        let alone = store.load(std::slice::from_ref(key)).await;
        assert_eq!(alone.expect("the store answers"), [record], "alone");
    }
}

/// Missing and repeated keys have their place in the answer too.
pub async fn answers_stand_in_the_order_of_the_keys(store: Arc<dyn Store>) {
    assert_eq!(store.load(&[]).await.expect("the store answers"), []);
    insert(&store, [Record::Code(code(1)), Record::Grant(grant(1))]).await;
    let (code, grant) = (Record::Code(code(1)), Record::Grant(grant(1)));
    let keys = [
        Key::Code(digest(9)),
        grant.key(),
        code.key(),
        Key::Denied("nothing".into()),
        grant.key(),
    ];
    let all = [None, Some(grant.clone()), Some(code), None, Some(grant)];
    assert_eq!(load(&store, keys).await, all);
}

/// By the name exactly as it was written.
pub async fn a_user_is_found_by_name(store: Arc<dyn Store>) {
    insert(&store, [Record::User(user(1)), Record::User(user(2))]).await;
    let keys = ["user 2", "User 2", "user 2 "].map(|name| Key::Username(name.into()));
    let found = load(&store, keys).await;
    assert_eq!(found, [Some(Record::User(user(2))), None, None]);
}

/// A key stands for one record, which a second one does not replace.
pub async fn a_taken_key_conflicts(store: Arc<dyn Store>) {
    for record in every_kind() {
        insert(&store, [record.clone()]).await;
        conflict(&store, vec![Change::Insert(record)]).await;
    }
    let other = Client {
        client_name: "another".into(),
        ..bare_client(1)
    };
    conflict(&store, vec![Change::Insert(Record::Client(other))]).await;
    let found = load(&store, [Key::Client(client(1).client_id)]).await;
    assert_eq!(found, [Some(Record::Client(client(1)))]);
}

/// So does a unique name.
pub async fn a_taken_name_conflicts(store: Arc<dyn Store>) {
    insert(&store, [Record::User(user(1)), Record::ApiKey(api_key(1))]).await;
    let namesake = User {
        username: user(1).username,
        ..user(2)
    };
    conflict(&store, vec![Change::Insert(Record::User(namesake))]).await;
    let namesake = ApiKey {
        name: api_key(1).name,
        ..api_key(2)
    };
    conflict(&store, vec![Change::Insert(Record::ApiKey(namesake))]).await;
    let keys = [Key::User(user(2).user_id), Key::ApiKey(digest(2))];
    assert_eq!(load(&store, keys).await, [None, None]);
}

/// Deleting holds whether the record is there or not.
pub async fn what_is_deleted_is_gone(store: Arc<dyn Store>) {
    for record in every_kind() {
        let key = record.key();
        insert(&store, [record]).await;
        commit(&store, vec![Change::Delete(key.clone())]).await;
        commit(&store, vec![Change::Delete(key.clone())]).await;
        assert_eq!(load(&store, [key]).await, [None]);
    }
}

/// By id or by name, a deleted user leaves the name to others.
pub async fn a_deleted_name_is_free_again(store: Arc<dyn Store>) {
    let heir = User {
        username: user(1).username,
        ..user(2)
    };
    insert(&store, [Record::User(user(1))]).await;
    let by_name = Key::Username(user(1).username);
    commit(&store, vec![Change::Delete(by_name.clone())]).await;
    insert(&store, [Record::User(heir.clone())]).await;
    let found = load(&store, [by_name.clone(), Key::User(user(1).user_id)]).await;
    assert_eq!(found, [Some(Record::User(heir.clone())), None]);
    commit(&store, vec![Change::Delete(Key::User(heir.user_id))]).await;
    insert(&store, [Record::User(user(1))]).await;
    assert_eq!(load(&store, [by_name]).await, [Some(Record::User(user(1)))]);
}

/// Clients by id, users and API keys by name, sealed keys by id, each compared byte by byte.
pub async fn lists_stand_in_order(store: Arc<dyn Store>) {
    let names = ["b", "A", "ä", "a", ""];
    let sorted = ["", "A", "a", "b", "ä"];
    for (n, name) in (0..).zip(names) {
        insert(&store, listed(n, name)).await;
    }
    let kinds = [Kind::Client, Kind::User, Kind::ApiKey, Kind::SealedKey];
    for (kind, place) in kinds.into_iter().zip(0..) {
        let found = store.list(kind).await.expect("the store answers");
        let all: Vec<_> = sorted
            .iter()
            .filter_map(|name| {
                let n = (0..).zip(names).find(|(_, own)| own == name)?.0;
                listed(n, name).into_iter().nth(place)
            })
            .collect();
        assert_eq!(found, all);
    }
}

/// A list has a thousand records at most, the first ones.
pub async fn lists_are_bounded(store: Arc<dyn Store>) {
    let keys = (0..1005).map(|n| Change::Insert(Record::SealedKey(sealed_key(n))));
    commit(&store, keys.collect()).await;
    let found = store.list(Kind::SealedKey).await;
    let found = found.expect("the store answers");
    assert_eq!(found.len(), 1000);
    assert_eq!(found.last(), Some(&Record::SealedKey(sealed_key(999))));
}

/// One record of each listed kind under `name`.
fn listed(n: u32, name: &str) -> [Record; 4] {
    let mut client = client(n);
    client.client_id = ClientId::new(name);
    let mut user = user(n);
    user.username = name.into();
    let mut api_key = api_key(n);
    api_key.name = name.into();
    let mut sealed_key = sealed_key(n);
    sealed_key.key_id = name.into();
    [
        Record::Client(client),
        Record::User(user),
        Record::ApiKey(api_key),
        Record::SealedKey(sealed_key),
    ]
}

/// Whatever it was and becomes, empty fields included.
pub async fn an_edit_takes_the_place_of_what_it_was(store: Arc<dyn Store>) {
    let (user, client) = (user(1), bare_client(1));
    insert(
        &store,
        [Record::User(user.clone()), Record::Client(client.clone())],
    )
    .await;
    let locked = User {
        locked_at: Some(samples::NOW),
        ..user.clone()
    };
    let filled = Client {
        client_id: client.client_id.clone(),
        ..samples::client(2)
    };
    let changes = vec![
        Change::user(&user, locked.clone()),
        Change::client(&client, filled.clone()),
    ];
    commit(&store, changes).await;
    let keys = [
        Key::User(user.user_id.clone()),
        Key::Client(client.client_id.clone()),
    ];
    let found = load(&store, keys.clone()).await;
    assert_eq!(
        found,
        [
            Some(Record::User(locked.clone())),
            Some(Record::Client(filled.clone()))
        ]
    );
    let back = vec![
        Change::user(&locked, user.clone()),
        Change::client(&filled, client.clone()),
    ];
    commit(&store, back).await;
    assert_eq!(
        load(&store, keys).await,
        [Some(Record::User(user)), Some(Record::Client(client))]
    );
}

/// One field is enough, and so is that it is gone.
pub async fn an_edit_of_what_has_changed_conflicts(store: Arc<dyn Store>) {
    let (was, client) = (samples::user(1), samples::client(1));
    insert(
        &store,
        [Record::User(was.clone()), Record::Client(client.clone())],
    )
    .await;
    let mut seen = was.clone();
    seen.details.credentials_changed_at = None;
    conflict(&store, vec![Change::user(&seen, was.clone())]).await;
    seen = User {
        locked_at: Some(samples::NOW),
        ..was.clone()
    };
    conflict(&store, vec![Change::user(&seen, was.clone())]).await;
    let mut other = client.clone();
    Arc::make_mut(&mut other.details).jwks_uri = None;
    conflict(&store, vec![Change::client(&other, client.clone())]).await;
    let gone = samples::user(2);
    conflict(&store, vec![Change::user(&gone, gone.clone())]).await;
    let found = load(&store, [Key::User(was.user_id.clone())]).await;
    assert_eq!(found, [Some(Record::User(was))]);
}

/// The name that one gives up is free, and the one that another has is not.
pub async fn an_edit_keeps_names_unique(store: Arc<dyn Store>) {
    let (one, other) = (user(1), user(2));
    insert(
        &store,
        [Record::User(one.clone()), Record::User(other.clone())],
    )
    .await;
    let named = |name: &str| User {
        username: name.to_owned(),
        ..one.clone()
    };
    conflict(&store, vec![Change::user(&one, named(&other.username))]).await;
    commit(&store, vec![Change::user(&one, named("another"))]).await;
    let [old, new] = load(
        &store,
        [
            Key::Username(one.username.clone()),
            Key::Username("another".into()),
        ],
    )
    .await;
    assert_eq!(old, None);
    assert_eq!(new, Some(Record::User(named("another"))));
}

/// Of those who saw the same, one wins.
pub async fn edits_in_parallel_have_one_winner(store: Arc<dyn Store>) {
    let user = user(1);
    insert(&store, [Record::User(user.clone())]).await;
    let won = race(&store, 16, |n| {
        let after = User {
            password_hash: n.to_string(),
            ..user.clone()
        };
        vec![Change::user(&user, after)]
    })
    .await;
    assert_eq!(won, 1);
}
