//! API keys of several holders, and a guard that takes nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use gatepass_proto::{Digest, Secret, UserId};

use super::{Ring, api_key, get, scope, send};
use crate::{
    ApiKeys, Guard, GuardBuilder, GuardLayer, KeyHolder, ResourceMetadata, Unavailable, X_API_KEY,
};

/// Knows one key, and cannot always tell.
struct Other(Result<Secret, Unavailable>);

#[async_trait]
impl ApiKeys for Other {
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable> {
        let own = self.0.as_ref().map_err(Clone::clone)?;
        Ok((*digest == own.digest()).then(|| KeyHolder {
            subject: UserId::new("us_other"),
            scope: scope("read"),
            name: "other".into(),
        }))
    }
}

fn layer(guard: GuardBuilder) -> GuardLayer {
    guard.realm("api").build().layer(scope("read"))
}

fn key(payload: &[u8]) -> Secret {
    use gatepass_proto::base::opaque::{API_KEY, encode};
    encode(API_KEY, payload)
}

#[tokio::test]
async fn they_are_asked_in_turn() {
    let other = key(b"other");
    let both = Guard::builder()
        .api_keys(Arc::new(Ring))
        .api_keys(Arc::new(Other(Ok(other.clone()))));
    let both = layer(both);
    for (key, subject) in [(api_key(), "us_ada"), (other, "us_other")] {
        let answer = send(&both, get().header(X_API_KEY, key.expose())).await;
        assert!(
            answer.starts_with("200") && answer.contains(subject),
            "{answer}"
        );
    }
    let unknown = get().header(X_API_KEY, key(b"unknown").expose().to_owned());
    assert!(send(&both, unknown).await.starts_with("401"));

    // Who cannot be asked might have known it.
    let gone = Other(Err(Unavailable::new("no route")));
    let guard = Guard::builder()
        .api_keys(Arc::new(Ring))
        .api_keys(Arc::new(gone));
    let guard = layer(guard);
    let unknown = get().header(X_API_KEY, key(b"unknown").expose().to_owned());
    assert!(send(&guard, unknown).await.starts_with("503"));
    let known = get().header(X_API_KEY, api_key().expose());
    assert!(send(&guard, known).await.starts_with("200"));
}

#[tokio::test]
async fn without_issuers_no_challenge_leads_to_one() {
    let url = "https://api.example";
    let alone = |metadata| {
        let guard = Guard::builder().api_keys(Arc::new(Ring));
        layer(guard.dpop(&url.parse().expect("a URL")).resource(metadata))
    };
    let metadata = ResourceMetadata::new(url).expect("a URL");
    let answer = send(&alone(metadata.clone()), get()).await;
    let expected = "401 Unauthorized\ncontent-type: application/json\ncache-control: no-store\n\
                    www-authenticate: Bearer realm=\"api\", scope=\"read\"\n\n\
                    {\"error\":\"unauthorized\",\"error_description\":\"credentials are required\"}";
    assert_eq!(answer, expected);
    // A server that is named all the same is led to.
    let named = metadata.authorization_server("https://as.example");
    let answer = send(&alone(named), get()).await;
    assert!(answer.contains(", resource_metadata=\""), "{answer}");
}
