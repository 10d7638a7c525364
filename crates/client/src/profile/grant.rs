//! The grants of method `oauth`, and the members of a profile that belong to each.

use super::entry::{Entry, need};
use crate::{Ciba, ClientKey, Grant, JwtBearer, SignedAssertion, TokenExchange};

impl Entry {
    pub(super) fn grant(&mut self) -> Result<Grant, String> {
        Ok(
            match self.grant.as_deref().unwrap_or("authorization_code") {
                "device_code" => Grant::DeviceCode,
                "ciba" => Grant::Ciba(Box::new(Ciba {
                    login_hint: self.login_hint.take(),
                    id_token_hint: self.id_token_hint.take(),
                    login_hint_token: self.login_hint_token.take(),
                    binding_message: self.binding_message.take(),
                    user_code: self.user_code.take(),
                })),
                "client_credentials" => Grant::ClientCredentials,
                "password" => Grant::Password {
                    username: need(self.username.take(), "username")?,
                    password: need(self.password.take(), "password")?,
                },
                "jwt_bearer" => Grant::JwtBearer(Box::new(self.jwt_bearer()?)),
                "token_exchange" => Grant::TokenExchange(Box::new(TokenExchange {
                    subject_token: need(self.subject_token.take(), "subject_token")?,
                    subject_token_type: self.subject_token_type.take(),
                    actor_token: self.actor_token.take(),
                    actor_token_type: self.actor_token_type.take(),
                    requested_token_type: self.requested_token_type.take(),
                    audience: self.audience.take().unwrap_or_default(),
                })),
                _ => Grant::AuthorizationCode {
                    redirect_uri: self
                        .redirect_uri
                        .take()
                        .unwrap_or_else(|| Grant::LOOPBACK.into()),
                },
            },
        )
    }

    fn jwt_bearer(&mut self) -> Result<JwtBearer, String> {
        match (self.assertion.take(), self.assertion_key.take()) {
            (Some(assertion), None) => Ok(JwtBearer::Ready(assertion)),
            (None, Some(key)) => Ok(JwtBearer::Signed(SignedAssertion {
                key: ClientKey {
                    key,
                    kid: self.assertion_key_id.take(),
                    alg: self.assertion_key_alg.take(),
                },
                issuer: self.assertion_issuer.take(),
                subject: self.assertion_subject.take(),
                audience: self.assertion_audience.take(),
                claims: self.assertion_claims.take().unwrap_or_default(),
            })),
            _ => Err("one of assertion and assertion_key is needed".into()),
        }
    }

    pub(super) fn fill_grant(&mut self, grant: Grant) {
        self.grant = Some(grant.name().to_owned());
        match grant {
            Grant::AuthorizationCode { redirect_uri } => self.redirect_uri = Some(redirect_uri),
            Grant::DeviceCode | Grant::ClientCredentials => {}
            Grant::Ciba(ciba) => {
                self.login_hint = ciba.login_hint;
                self.id_token_hint = ciba.id_token_hint;
                self.login_hint_token = ciba.login_hint_token;
                self.binding_message = ciba.binding_message;
                self.user_code = ciba.user_code;
            }
            Grant::Password { username, password } => {
                (self.username, self.password) = (Some(username), Some(password));
            }
            Grant::JwtBearer(bearer) => self.fill_bearer(*bearer),
            Grant::TokenExchange(exchange) => {
                self.subject_token = Some(exchange.subject_token);
                self.subject_token_type = exchange.subject_token_type;
                self.actor_token = exchange.actor_token;
                self.actor_token_type = exchange.actor_token_type;
                self.requested_token_type = exchange.requested_token_type;
                self.audience = Some(exchange.audience).filter(|list| !list.is_empty());
            }
        }
    }

    fn fill_bearer(&mut self, bearer: JwtBearer) {
        match bearer {
            JwtBearer::Ready(assertion) => self.assertion = Some(assertion),
            JwtBearer::Signed(SignedAssertion {
                key,
                issuer,
                subject,
                audience,
                claims,
            }) => {
                self.assertion_key = Some(key.key);
                self.assertion_key_id = key.kid;
                self.assertion_key_alg = key.alg;
                self.assertion_issuer = issuer;
                self.assertion_subject = subject;
                self.assertion_audience = audience;
                self.assertion_claims = Some(claims).filter(|claims| !claims.is_empty());
            }
        }
    }
}
