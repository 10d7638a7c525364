//! `gatepass explain`.

mod metadata;
mod notes;
mod stand_in;
mod told;
mod world;

use std::sync::Arc;

use clap::Args;
use gatepass_client::{Credential, LoginOptions, LoginWay, Profile, Session, Where};
use gatepass_proto::message::metadata::ServerMetadata;
use http::{HeaderMap, Method};
use url::Url;

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;
use told::Pages;
use world::World;

/// Explain what a profile does, request by request, without sending anything
///
/// The same code runs that logs in, against a server that is played: discovery, the login, a call of the API, the renewal and
/// the logout, each parameter with what it is for and where that is written. No secret is read; what is secret or random stands
/// in brackets. What the server says of itself is taken from the cache, where there is a copy.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass explain work
  gatepass explain work --device
  gatepass explain work | less -R")]
pub(crate) struct Explain {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// Explain the login on another device
    #[arg(long)]
    device: bool,
}

impl Run for Explain {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let played = stand_in::of(&profile)?;
        let mut pages = Pages::default();
        let metadata = match &played.credential {
            Credential::OAuth(oauth) => metadata::of(oauth, context, &mut pages),
            _ => ServerMetadata::default(),
        };
        let key = stand_in::new_key()?;
        let world = Arc::new(World::new(played.credential.clone(), metadata, key));
        let session = session(&played, &world)?;
        let way = match self.device {
            true => LoginWay::Device,
            false => LoginWay::Paste,
        };
        let ended = play(&played, &session, &world, way, &mut pages).await;
        output::bytes(pages.text().as_bytes())?;
        ended.map(|()| Exit::Done)
    }
}

/// A session that reaches nobody, and whose tokens are gone when this ends.
fn session(profile: &Profile, world: &Arc<World>) -> Result<Session, Failure> {
    let mut builder = Session::builder(profile.credential.clone())
        .network(world.clone())
        .clock(world.clone());
    for origin in &profile.api {
        builder = builder.api(format!("{}/", origin.as_str()));
    }
    Ok(builder.build()?)
}

/// The whole life of a token, or what is sent in place of one.
async fn play(
    profile: &Profile,
    session: &Session,
    world: &Arc<World>,
    way: LoginWay,
    pages: &mut Pages,
) -> Result<(), Failure> {
    let options = LoginOptions {
        way,
        ..LoginOptions::default()
    };
    if !profile.credential.makes_tokens() {
        return call(profile, session, pages).await;
    }
    let step = async |outcome: Result<(), gatepass_client::Error>, pages: &mut Pages| {
        world.events().iter().for_each(|event| pages.event(event));
        outcome.map_err(|error| Failure::error(format!("it would end here: {error}")))
    };
    step(session.login(&**world, &options).await.map(drop), pages).await?;
    call(profile, session, pages).await?;
    pages.stage("When it expires.");
    step(session.refresh().await.map(drop), pages).await?;
    pages.stage("At a logout.");
    let logout = session.logout().await.map(drop);
    // Tokens that cannot be revoked are only forgotten, which nobody hears of.
    step(logout, pages).await
}

/// A request of the API, with the credential on it.
async fn call(profile: &Profile, session: &Session, pages: &mut Pages) -> Result<(), Failure> {
    let origin = profile
        .api
        .first()
        .map(|origin| format!("{}/", origin.as_str()));
    let url: Url = origin
        .as_deref()
        .and_then(|origin| origin.parse().ok())
        .ok_or_else(|| Failure::error("the profile goes nowhere; name the API in `api`"))?;
    let attachment = session.attachment_for(&Method::GET, &url).await?;
    let (url, headers, note) = match &attachment.place {
        Where::Query(name) => {
            let mut url = url;
            url.set_query(Some(&format!("{name}={}", attachment.value.expose())));
            let note = "in the URL, which servers and proxies write down: only where nothing else is taken";
            (url, HeaderMap::new(), Some(note))
        }
        Where::Challenge => {
            let note = "the answer is 401 with a nonce; the same again goes with a hash of the password and of that (RFC 7616)";
            (url, HeaderMap::new(), Some(note))
        }
        _ => (url, attachment.headers()?, None),
    };
    pages.call(
        "The API is called; the credential goes there only",
        &url,
        &headers,
        note,
    );
    Ok(())
}
