//! A token that was checked a moment ago and is withdrawn now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use gatepass_guard::{Revocations, Unavailable};
use gatepass_proto::jose::access_token::AccessToken;

use crate::support::{World, status};

#[derive(Default)]
struct Withdrawn(AtomicBool);

#[async_trait]
impl Revocations for Withdrawn {
    async fn is_live(&self, claims: &AccessToken) -> Result<bool, Unavailable> {
        match self.0.load(Ordering::Relaxed) {
            true if claims.jti == "unsure" => Err(Unavailable::new("disk full")),
            withdrawn => Ok(!withdrawn),
        }
    }
}

#[tokio::test]
async fn it_is_refused_at_once_where_somebody_knows() {
    let world = World::new().await;
    let withdrawn = Arc::new(Withdrawn::default());
    let guard = world
        .builder(world.issuer().revocations(withdrawn.clone()))
        .build();
    let (token, unsure) = (
        world.token(|_| ()),
        world.token(|claims| claims["jti"] = "unsure".into()),
    );
    assert_eq!(status(&guard, &token).await, 200);
    assert_eq!(status(&guard, &unsure).await, 200);
    withdrawn.0.store(true, Ordering::Relaxed);
    assert_eq!(status(&guard, &token).await, 401);
    assert_eq!(status(&guard, &unsure).await, 503);
}
