//! What stands on the page.

use std::collections::BTreeMap;

use gatepass_proto::decide::record::{Grant, Key, Kind, Record, Session, User};
use gatepass_proto::{ClientId, OAuthError, Timestamp, UserId};
use serde_json::Value;

use super::{device, load};
use crate::app::App;
use crate::browser::Login;
use crate::pages::{Application, Seat, moment};
use crate::show;

/// The claims that a person reads of themselves, in their own words for them (OpenID Connect Core §5.1).
const PROFILE: [(&str, &str); 4] = [
    ("name", "Name"),
    ("email", "Email"),
    ("phone_number", "Phone"),
    ("locale", "Language"),
];

/// The person.
pub(super) async fn user(app: &App, user_id: &UserId) -> Result<Option<User>, OAuthError> {
    let found = load(app, &[Key::User(user_id.clone())]).await?;
    Ok(found.into_iter().flatten().find_map(|record| match record {
        Record::User(user) => Some(user),
        _ => None,
    }))
}

/// What is known of them.
pub(super) fn profile(user: &User) -> Vec<(&'static str, String)> {
    let claim = |(name, word): (&str, &'static str)| {
        let value = user.details.claims.get(name).and_then(Value::as_str)?;
        Some((word, value.to_owned()))
    };
    let since = ("Member since", moment::day(user.created_at));
    PROFILE
        .into_iter()
        .filter_map(claim)
        .chain([since])
        .collect()
}

/// Their logins that still count, the latest first.
pub(super) async fn sessions(app: &App, user: Option<&User>) -> Result<Vec<Session>, OAuthError> {
    let Some(user) = user else {
        return Ok(Vec::new());
    };
    let now = app.clock().now();
    let listed = list(app, Kind::SessionsOf(user.user_id.clone())).await?;
    let counts = |session: &Session| now < session.expires_at && user.admits(session.auth_time);
    let mut sessions: Vec<_> = listed
        .into_iter()
        .filter_map(|record| match record {
            Record::Session(session) => Some(session).filter(counts),
            _ => None,
        })
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.auth_time));
    Ok(sessions)
}

/// The logins as they stand on the page, this browser first.
pub(super) fn seats(app: &App, sessions: &[Session], login: &Login) -> Vec<Seat> {
    let (here, now) = (login.cookie.digest(), app.clock().now());
    let mut seats: Vec<_> = sessions
        .iter()
        .map(|session| Seat {
            id: session.digest.to_base64url(),
            device: device::name(session.details.user_agent.as_deref()),
            since: moment::past(session.auth_time, now),
            here: session.digest == here,
        })
        .collect();
    seats.sort_by_key(|seat| !seat.here);
    seats
}

/// Their grants that are in force.
pub(super) async fn grants(app: &App, user_id: &UserId) -> Result<Vec<Grant>, OAuthError> {
    let now = app.clock().now();
    let Some(user) = user(app, user_id).await? else {
        return Ok(Vec::new());
    };
    let in_force = |grant: &Grant| {
        grant.revoked_at.is_none() && now < grant.expires_at && user.admits(grant.since())
    };
    let listed = list(app, Kind::GrantsOf(user_id.clone())).await?;
    let grant = |record| match record {
        Record::Grant(grant) => Some(grant).filter(in_force),
        _ => None,
    };
    Ok(listed.into_iter().filter_map(grant).collect())
}

/// The applications with access as they stand on the page, the latest first. Those whose client is gone have none.
pub(super) async fn applications(app: &App, login: &Login) -> Result<Vec<Application>, OAuthError> {
    let now = app.clock().now();
    let mut by_client: BTreeMap<ClientId, Vec<Grant>> = BTreeMap::new();
    for grant in grants(app, &login.user_id).await? {
        by_client
            .entry(grant.client_id.clone())
            .or_default()
            .push(grant);
    }
    let keys: Vec<_> = by_client.keys().cloned().map(Key::Client).collect();
    let clients = load(app, &keys).await?;
    let mut found: Vec<(Timestamp, Application)> = by_client
        .iter()
        .zip(clients)
        .filter_map(|((client_id, grants), client)| {
            let name = match client {
                Some(Record::Client(client)) => client.client_name,
                // Its document may not be there any more, but what it was allowed is.
                _ => client_id.host()?,
            };
            Some(application(client_id, &name, grants, now))
        })
        .collect();
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(found
        .into_iter()
        .map(|(_, application)| application)
        .collect())
}

fn application(
    client_id: &ClientId,
    name: &str,
    grants: &[Grant],
    now: Timestamp,
) -> (Timestamp, Application) {
    let latest = grants.iter().map(|grant| grant.created_at).max();
    let at = latest.unwrap_or(now);
    let mut scopes: Vec<String> = Vec::new();
    for token in grants.iter().flat_map(|grant| grant.scope.iter()) {
        let words = show::describe(token);
        if !scopes.contains(&words) {
            scopes.push(words);
        }
    }
    let application = Application {
        client_id: client_id.to_string(),
        name: name.to_owned(),
        scopes,
        since: moment::past(at, now),
    };
    (at, application)
}

async fn list(app: &App, kind: Kind) -> Result<Vec<Record>, OAuthError> {
    let listed = app.store().list(kind).await;
    listed.map_err(|error| crate::judge::unavailable(&error))
}
