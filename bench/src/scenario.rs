//! What is measured.

use std::fmt;

use crate::connection::Connection;
use crate::target::Target;
use crate::work::{Work, get, member, post, post_head};

const TOKEN: &str = "/oauth/token";
const INTROSPECT: &str = "/oauth/introspect";

/// One thing that is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Client credentials to an ES256 JWT.
    Token,
    /// Introspection of a user's token: its signature, its `jti`, its grant.
    IntrospectUser,
    /// Introspection of a client's own token: its signature, its `jti`.
    IntrospectClient,
    /// The key set.
    Jwks,
    /// Refreshes, each of which rotates: one durable commit each.
    Refresh,
}

impl Scenario {
    /// Whether the floor does it too. How a durable write is done best is no question for a floor.
    pub(crate) fn has_floor(self) -> bool {
        self != Self::Refresh
    }

    /// The share of the floor's rate that is aimed at, in percent.
    pub(crate) fn aim(self) -> Option<u32> {
        match self {
            Self::Token => Some(80),
            Self::IntrospectUser | Self::IntrospectClient => Some(70),
            Self::Jwks | Self::Refresh => None,
        }
    }

    /// What one more connection does.
    pub(crate) async fn work(self, target: &Target) -> anyhow::Result<Work> {
        let itself = [("grant_type", "client_credentials")];
        Ok(match self {
            Self::Token => Work::Same {
                request: post(target, TOKEN, &itself),
                field: r#""access_token":"ey"#,
            },
            Self::IntrospectUser => {
                let token = obtain(target, &by_password(target), "access_token").await?;
                introspect(target, &token)
            }
            Self::IntrospectClient => {
                let token = obtain(target, &itself, "access_token").await?;
                introspect(target, &token)
            }
            Self::Jwks => Work::Same {
                request: get(target, "/jwks.json"),
                field: r#""P-256""#,
            },
            Self::Refresh => Work::Refresh {
                head: post_head(target, TOKEN),
                token: obtain(target, &by_password(target), "refresh_token").await?,
            },
        })
    }
}

fn introspect(target: &Target, token: &str) -> Work {
    Work::Same {
        request: post(target, INTROSPECT, &[("token", token)]),
        field: r#""active":true"#,
    }
}

fn by_password(target: &Target) -> [(&'static str, &str); 3] {
    [
        ("grant_type", "password"),
        ("username", &target.ready.user),
        ("password", &target.ready.password),
    ]
}

async fn obtain(target: &Target, form: &[(&str, &str)], name: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(target.address).await?;
    let answer = connection.exchange(&post(target, TOKEN, form)).await?;
    anyhow::ensure!(
        answer.status == 200,
        "no token: {} {}",
        answer.status,
        answer.body
    );
    member(answer.body, name)
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Token => "token (client credentials)",
            Self::IntrospectUser => "introspect (user's token)",
            Self::IntrospectClient => "introspect (client's own)",
            Self::Jwks => "jwks",
            Self::Refresh => "refresh (rotates)",
        })
    }
}
