//! Users.

use gatepass_guard::passwords::Busy;
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::UserDetails;
use gatepass_proto::decide::record::{Kind, Record, User};
use gatepass_proto::{Cx, Secret, Timestamp, UserId};
use gatepass_store::{CommitError, StoreError};

use super::{Admin, AdminError, check_name};
use crate::authenticate::find_user;
use crate::notices;
use crate::passwords::NewPasswordError;

/// How often a change is tried while others change the same user.
const EDITS: usize = 5;

impl Admin {
    /// Adds a user.
    ///
    /// # Errors
    ///
    /// The name is taken or unusable, the password too weak.
    pub async fn add_user(&self, username: &str, password: &Secret) -> Result<User, AdminError> {
        check_name("a user name", username)?;
        // HTTP Basic could not carry it (RFC 7617 §2).
        if username.contains(':') {
            return Err(AdminError::Invalid(
                "a user name must not hold a colon".to_owned(),
            ));
        }
        if self.find_user(username).await?.is_some() {
            return Err(AdminError::Taken(format!("user {username:?}")));
        }
        let password_hash = self.hash(username, password).await?;
        let now = SystemClock.now();
        let user = User {
            user_id: UserId::generate(&mut Cx::new(now, &mut OsEntropy)),
            username: username.to_owned(),
            password_hash,
            created_at: now,
            locked_at: None,
            details: UserDetails::default(),
        };
        let audit = AuditEvent::new(now, "user.added").user(&user.user_id);
        let what = || format!("user {username:?}");
        self.commit(
            vec![
                Change::Insert(Record::User(user.clone())),
                Change::Audit(audit),
            ],
            what,
        )
        .await?;
        Ok(user)
    }

    /// Locks an account: from now on nobody logs in to it, and its logins, tokens and refreshes are good for nothing
    /// while it lasts. The time of the first lock stays.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn lock_user(&self, username: &str) -> Result<User, AdminError> {
        self.edit_user(username, "user.locked", |user, now| {
            user.locked_at.get_or_insert(now);
        })
        .await
    }

    /// Unlocks an account.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn unlock_user(&self, username: &str) -> Result<User, AdminError> {
        self.edit_user(username, "user.unlocked", |user, _| user.locked_at = None)
            .await
    }

    /// Gives a user another password. Logins, codes and refresh tokens from before are over.
    ///
    /// # Errors
    ///
    /// There is no such user, or the password is too weak.
    pub async fn set_password(
        &self,
        username: &str,
        password: &Secret,
    ) -> Result<User, AdminError> {
        self.user(username).await?;
        let hash = self.hash(username, password).await?;
        self.edit_user(username, "user.password_changed", |user, now| {
            user.password_hash.clone_from(&hash);
            user.details.credentials_changed_at = Some(now);
        })
        .await
    }

    /// Changes a user, again on what is there then when somebody else was faster.
    pub(super) async fn edit_user(
        &self,
        username: &str,
        event: &'static str,
        change: impl Fn(&mut User, Timestamp),
    ) -> Result<User, AdminError> {
        for _ in 0..EDITS {
            let before = self.user(username).await?;
            let mut after = before.clone();
            let now = SystemClock.now();
            change(&mut after, now);
            let audit = AuditEvent::new(now, event).user(&after.user_id);
            let mut changes = vec![Change::user(&before, after.clone()), Change::Audit(audit)];
            changes.extend(self.shut_out(&before, &after, now).await?);
            match self.store.commit(changes).await {
                Ok(()) => return Ok(after),
                Err(CommitError::Conflict | CommitError::Spent) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        let text = format!("user {username:?} is being changed by others; try again");
        Err(StoreError::Unavailable(text).into())
    }

    /// Tells the clients of those logins that count no more after a change.
    async fn shut_out(
        &self,
        before: &User,
        after: &User,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let changed = |user: &User| (user.locked_at, user.details.credentials_changed_at);
        if changed(before) == changed(after) {
            return Ok(Vec::new());
        }
        let mut logins = notices::logins_of(&*self.store, before, now).await?;
        logins.retain(|led| !after.admits(led.session.auth_time));
        let mut entropy = OsEntropy;
        let mut cx = Cx::new(now, &mut entropy);
        Ok(logins.iter().flat_map(|led| led.told(&mut cx)).collect())
    }

    async fn hash(&self, username: &str, password: &Secret) -> Result<String, AdminError> {
        let busy = |busy: Busy| AdminError::Store(StoreError::Unavailable(busy.to_string()));
        let admitted = self.passwords.admit(password, &[username]).await;
        let admitted = admitted.map_err(|error| match error {
            NewPasswordError::Busy(error) => busy(error),
            weak => AdminError::Password(weak.to_string()),
        })?;
        self.passwords.hash(&admitted).await.map_err(busy)
    }

    /// Every user, by name.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn users(&self) -> Result<Vec<User>, AdminError> {
        let all = self.store.list(Kind::User).await?.into_iter();
        Ok(all
            .filter_map(|record| {
                if let Record::User(user) = record {
                    Some(user)
                } else {
                    None
                }
            })
            .collect())
    }

    pub(super) async fn user(&self, username: &str) -> Result<User, AdminError> {
        let found = self.find_user(username).await?;
        found.ok_or_else(|| AdminError::Missing(format!("user {username:?}")))
    }

    /// The user of this name, if there is one.
    pub(crate) async fn find_user(&self, username: &str) -> Result<Option<User>, AdminError> {
        Ok(find_user(&*self.store, username).await?)
    }
}
