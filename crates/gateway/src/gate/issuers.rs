//! Whose tokens are taken, by the settings.

use gatepass_guard::{Introspection, Issuer};
use gatepass_proto::Secret;
use gatepass_proto::client_auth::ClientCredentials;

use crate::config::{IntrospectedTokens, IntrospectionEntry, IssuerEntry};

/// An issuer of tokens for `resource`, unless the settings name another audience. `secret` is that of the client as which it
/// is asked.
pub(super) fn issuer(entry: &IssuerEntry, resource: &str, secret: Option<&Secret>) -> Issuer {
    let audience = entry.audience.as_deref().unwrap_or(resource);
    let mut issuer = Issuer::new(&entry.issuer, audience).leeway(entry.leeway);
    if !entry.algorithms.is_empty() {
        issuer = issuer.algorithms(&entry.algorithms);
    }
    if let Some(url) = &entry.jwks_uri {
        issuer = issuer.jwks_uri(url.clone());
    }
    if entry.untyped_tokens {
        issuer = issuer.untyped_tokens();
    }
    match (&entry.introspection, secret) {
        (Some(asked), Some(secret)) => issuer.introspection(introspection(asked, secret)),
        _ => issuer,
    }
}

fn introspection(entry: &IntrospectionEntry, secret: &Secret) -> Introspection {
    let client = ClientCredentials::confidential(&entry.client_id, secret.clone());
    let mut introspection = Introspection::new(client).cache(entry.cache);
    if let Some(url) = &entry.endpoint {
        introspection = introspection.endpoint(url.clone());
    }
    if entry.tokens == IntrospectedTokens::All {
        introspection = introspection.all_tokens();
    }
    if entry.audience_implied {
        introspection = introspection.audience_implied();
    }
    introspection
}
