//! What is measured.

use std::fmt;

use crate::connection::Connection;
use crate::program::Contender;
use crate::target::Target;
use crate::visitor::Visitor;
use crate::work::{
    Work, authorization_request, get, member, post, post_body, post_head, post_opaquely, redemption,
};

/// One thing that is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Client credentials to an ES256 JWT.
    Token,
    /// Client credentials to an opaque token: one durable commit each.
    TokenOpaque,
    /// Introspection of a user's token: its signature, its `jti`, its grant.
    IntrospectUser,
    /// Introspection of a client's own token: its signature, its `jti`.
    IntrospectClient,
    /// Introspection of a client's own token that is opaque.
    IntrospectOpaque,
    /// The key set.
    Jwks,
    /// Refreshes, each of which rotates: one durable commit each.
    Refresh,
    /// An authorization request of somebody who has consented before, and the redemption of its code: two durable commits.
    Code,
}

impl Scenario {
    /// Who does it. How a durable write is done best is no question for a floor, and a key set comes from no database.
    pub(crate) fn is_for(self, contender: Contender) -> bool {
        match contender {
            Contender::Sqlite | Contender::Filled | Contender::OidcProvider => true,
            Contender::Postgres => self != Self::Jwks,
            Contender::Floor => matches!(
                self,
                Self::Token | Self::IntrospectUser | Self::IntrospectClient | Self::Jwks
            ),
        }
    }

    /// The share of the floor's rate that is aimed at, in percent.
    pub(crate) fn aim(self) -> Option<u32> {
        match self {
            Self::Token => Some(80),
            Self::IntrospectUser | Self::IntrospectClient => Some(70),
            _ => None,
        }
    }

    /// What one more connection does.
    pub(crate) async fn work(self, target: &Target) -> anyhow::Result<Work> {
        let dialect = &target.dialect;
        let itself = [("grant_type", "client_credentials")];
        Ok(match self {
            Self::Token => {
                let resource = dialect.resource.map(|resource| ("resource", resource));
                let form: Vec<_> = itself.into_iter().chain(resource).collect();
                Work::Same {
                    request: post(target, dialect.token, &form),
                    field: r#""access_token":"ey"#,
                }
            }
            Self::TokenOpaque => Work::Same {
                request: post_opaquely(target, dialect.token, &itself),
                field: r#""token_type":"Bearer""#,
            },
            Self::IntrospectOpaque => {
                let request = post_opaquely(target, dialect.token, &itself);
                let token = obtain(target, &request, "access_token").await?;
                Work::Same {
                    request: post_opaquely(target, dialect.introspect, &[("token", &token)]),
                    field: r#""active":true"#,
                }
            }
            Self::IntrospectUser => introspect(target, &of_user(target, "access_token").await?),
            Self::IntrospectClient => {
                let request = post(target, dialect.token, &itself);
                introspect(target, &obtain(target, &request, "access_token").await?)
            }
            Self::Jwks => Work::Same {
                request: get(target, dialect.jwks),
                field: r#""P-256""#,
            },
            Self::Refresh => Work::Refresh {
                head: post_head(target, dialect.token),
                token: of_user(target, "refresh_token").await?,
            },
            Self::Code => {
                let (visitor, _) = Visitor::consent(target).await?;
                Work::Code {
                    authorize: visitor.get(&authorization_request(target, "none")),
                    head: post_head(target, dialect.token),
                    code: None,
                }
            }
        })
    }
}

fn introspect(target: &Target, token: &str) -> Work {
    Work::Same {
        request: post(target, target.dialect.introspect, &[("token", token)]),
        field: r#""active":true"#,
    }
}

/// One of the tokens that the client gets on the user's behalf.
async fn of_user(target: &Target, name: &str) -> anyhow::Result<String> {
    let request = if target.dialect.takes_passwords {
        let form = [
            ("grant_type", "password"),
            ("username", &target.known.user),
            ("password", &target.known.password),
        ];
        post(target, target.dialect.token, &form)
    } else {
        let (_, code) = Visitor::consent(target).await?;
        post_body(target, target.dialect.token, &redemption(&code))
    };
    obtain(target, &request, name).await
}

/// A member of what the server answers to this.
pub(crate) async fn obtain(target: &Target, request: &[u8], name: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(target.address).await?;
    let answer = connection.exchange(request).await?;
    anyhow::ensure!(answer.status == 200, "no token: {}", answer.told());
    member(answer.body, name)
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Token => "token (client credentials)",
            Self::TokenOpaque => "token, opaque",
            Self::IntrospectOpaque => "introspect (opaque)",
            Self::IntrospectUser => "introspect (user's token)",
            Self::IntrospectClient => "introspect (client's own)",
            Self::Jwks => "jwks",
            Self::Refresh => "refresh (rotates)",
            Self::Code => "code: asked and redeemed",
        })
    }
}
