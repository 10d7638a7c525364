//! API keys.

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::{ApiKey, Kind, Record};
use gatepass_proto::{Cx, Scope, Secret};

use super::{Admin, AdminError, check_name};

impl Admin {
    /// Makes an API key for a user, which is shown this once.
    ///
    /// # Errors
    ///
    /// There is no such user, or the key's name is taken.
    pub async fn add_key(
        &self,
        name: &str,
        username: &str,
        scope: Scope,
    ) -> Result<(ApiKey, Secret), AdminError> {
        let now = SystemClock.now();
        let secret = opaque::mint(opaque::API_KEY, &mut Cx::new(now, &mut OsEntropy));
        let key = self.insert_key(name, username, scope, &secret).await?;
        Ok((key, secret))
    }

    pub(crate) async fn insert_key(
        &self,
        name: &str,
        username: &str,
        scope: Scope,
        secret: &Secret,
    ) -> Result<ApiKey, AdminError> {
        check_name("a key's name", name)?;
        let user = self.user(username).await?;
        let now = SystemClock.now();
        let key = ApiKey {
            digest: secret.digest(),
            name: name.to_owned(),
            user_id: user.user_id,
            scope,
            created_at: now,
            expires_at: None,
            revoked_at: None,
        };
        let audit = AuditEvent::new(now, "key.added").user(&key.user_id);
        let what = || format!("key {name:?}");
        self.commit(
            vec![
                Change::Insert(Record::ApiKey(key.clone())),
                Change::Audit(audit),
            ],
            what,
        )
        .await?;
        Ok(key)
    }

    /// Every API key, by name.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, AdminError> {
        let all = self.store.list(Kind::ApiKey).await?.into_iter();
        Ok(all
            .filter_map(|record| {
                if let Record::ApiKey(key) = record {
                    Some(key)
                } else {
                    None
                }
            })
            .collect())
    }
}
