//! What logins led to, gathered for their end.

use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::login::{Led, Party};
use gatepass_proto::decide::record::{Key, Kind, Record, Session, User};
use gatepass_proto::{ClientId, Digest, Timestamp};
use gatepass_store::{Store, StoreError};

/// The login of this cookie, if it counts now.
///
/// # Errors
///
/// The database's.
pub(crate) async fn login_at(
    store: &dyn Store,
    cookie: Digest,
    now: Timestamp,
) -> Result<Option<Led>, StoreError> {
    let Some(Record::Session(session)) = one(store, Key::Session(cookie)).await? else {
        return Ok(None);
    };
    let user = one(store, Key::User(session.user_id.clone())).await?;
    match user {
        Some(Record::User(user)) if counts(&session, &user, now) => {
            led(store, session).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// All logins of a person that count now.
///
/// # Errors
///
/// The database's.
pub(crate) async fn logins_of(
    store: &dyn Store,
    user: &User,
    now: Timestamp,
) -> Result<Vec<Led>, StoreError> {
    let listed = store.list(Kind::SessionsOf(user.user_id.clone())).await?;
    let mut logins = Vec::new();
    for record in listed {
        match record {
            Record::Session(session) if counts(&session, user, now) => {
                logins.push(led(store, session).await?);
            }
            _ => {}
        }
    }
    Ok(logins)
}

/// What this login led to, and who wants to be told of its end.
///
/// # Errors
///
/// The database's.
pub(crate) async fn led(store: &dyn Store, session: Session) -> Result<Led, StoreError> {
    let listed = match session.details.sid.as_str() {
        "" => Vec::new(),
        sid => store.list(Party::listed(sid)).await?,
    };
    let party = |record| match record {
        Record::Item(item) => item.read().map(|party| (item, party)),
        _ => None,
    };
    let parties: Vec<(Item, Party)> = listed.into_iter().filter_map(party).collect();
    let mut ids: Vec<_> = parties.iter().map(|(_, party)| &party.client_id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Led {
        told: told(store, ids).await?,
        session,
        parties,
    })
}

/// Those that registered for it. A client that is known by a document alone is not told of anything.
async fn told(store: &dyn Store, ids: Vec<&ClientId>) -> Result<Vec<ClientId>, StoreError> {
    let keys: Vec<Key> = ids.into_iter().cloned().map(Key::Client).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = store.load(&keys).await?.into_iter().flatten();
    let told = |record| match record {
        Record::Client(client) if client.details.backchannel_logout_uri.is_some() => {
            Some(client.client_id)
        }
        _ => None,
    };
    Ok(found.filter_map(told).collect())
}

fn counts(session: &Session, user: &User, now: Timestamp) -> bool {
    now < session.expires_at && user.admits(session.auth_time)
}

async fn one(store: &dyn Store, key: Key) -> Result<Option<Record>, StoreError> {
    Ok(store.load(&[key]).await?.into_iter().flatten().next())
}
