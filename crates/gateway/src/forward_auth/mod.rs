//! Forward-auth: another proxy asks about each request before it lets it pass.
//!
//! Which request it asks about stands in headers, and any client could write those. So they are believed of proxies alone
//! that the settings trust, by the address of their connection; only those are read that the proxy in question sets
//! itself; and a request about which something is missing or said twice does not pass. There is one place for each kind
//! of proxy, for what one of them sets another hands on as it came.

mod dialect;
mod reply;

use axum::body::Body;
use http::request::Parts as Asked;
use http::{Response, StatusCode};

use crate::config::Dialect;
use crate::gate::{Parts, refuse};
use crate::login::Visit;
use crate::upstream::Client;

/// What a proxy asks: about which request, in its way of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    dialect: Dialect,
    /// What stands in the path behind the place where it asks.
    rest: String,
}

/// Why it cannot be said what the proxy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unclear {
    /// A header with a part of the request is not there.
    #[error("the header {0} is missing; have the proxy set it")]
    Missing(&'static str),
    /// It is there more than once.
    #[error("the header {0} comes more than once; have the proxy replace what a client sends")]
    Twice(&'static str),
    /// It holds something else.
    #[error("the header {0} is not a part of a request as it stands on the wire")]
    Malformed(&'static str),
    /// The path behind the place where Envoy asks.
    #[error("the path behind /.gatepass/auth/envoy is missing; expected that of the request")]
    NoPath,
    /// A header that only the guard may set, in whatever spelling.
    #[error("the request has a header that only the guard may set")]
    Forged,
}

impl Question {
    /// What is asked at this place below `/.gatepass`, if it is one where proxies ask in one of these ways.
    pub(crate) fn at(place: &str, spoken: &[Dialect]) -> Option<Self> {
        let place = place.strip_prefix("/auth/")?;
        let named = |dialect: &&Dialect| {
            let rest = place.strip_prefix(dialect.name())?;
            let below = **dialect == Dialect::Envoy && rest.starts_with('/');
            (rest.is_empty() || below).then_some((**dialect, rest))
        };
        let (dialect, rest) = spoken.iter().find_map(|dialect| named(&dialect))?;
        Some(Self {
            dialect,
            rest: rest.to_owned(),
        })
    }
}

impl Parts {
    /// Answers a proxy's question.
    pub(crate) async fn forward_auth(
        &self,
        question: &Question,
        asked: &Asked,
        client: &Client,
    ) -> Response<Body> {
        if !client.trusted {
            tracing::warn!(
                address = client.address.map(tracing::field::display),
                "somebody who is no trusted proxy asks about a request; see proxies.trusted"
            );
            return forbid("only a proxy that the settings trust may ask here");
        }
        let original = question.original(asked).and_then(|original| {
            let forged = self.introduction.is_forged(&asked.headers);
            (!forged).then_some(original).ok_or(Unclear::Forged)
        });
        match original {
            Ok(mut original) => {
                let verdict = self.judge(&mut original).await;
                let visit = Visit::from(&original);
                self.reply(question.dialect, verdict, &visit).await
            }
            Err(why) => {
                tracing::warn!(proxy = question.dialect.name(), %why, "a request does not pass");
                forbid(&why.to_string())
            }
        }
    }
}

fn forbid(description: &str) -> Response<Body> {
    refuse(StatusCode::FORBIDDEN, "access_denied", description)
}
