//! People's passwords: which may become one, and how the store has them.

mod admission;

use gatepass_guard::passwords::{self, Busy, HashedPassword, Place};
use gatepass_proto::Secret;

pub(crate) use admission::Admitted;
pub use admission::NewPasswordError;

/// Hashes and checks passwords, as [`passwords::Passwords`] does, but hashes only those that were found good enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passwords(passwords::Passwords);

/// The hash of a password for whoever keeps one outside the store, if it is good enough. `name` is what its user is called.
///
/// # Errors
///
/// It is too short, too long, too common or too easy to guess.
pub async fn hash_new_password(
    name: &str,
    password: &Secret,
) -> Result<HashedPassword, NewPasswordError> {
    let passwords = Passwords::default();
    let Admitted(password) = passwords.admit(password, &[name]).await?;
    Ok(passwords.0.hash(&password).await?)
}

impl Passwords {
    /// Whether a new password is good enough. `about` is what others know of the account, such as its name.
    ///
    /// # Errors
    ///
    /// It is too short, too long, too common or too easy to guess, or the queue is full.
    pub(crate) async fn admit(
        &self,
        password: &Secret,
        about: &[&str],
    ) -> Result<Admitted, NewPasswordError> {
        let about: Vec<String> = about.iter().map(ToString::to_string).collect();
        let looked = self
            .0
            .work(password, move |given| admission::admit(given, &about));
        looked.await?
    }

    /// The PHC string of a new password, fit for the database.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) async fn hash(&self, Admitted(password): &Admitted) -> Result<String, Busy> {
        let hash = self.0.hash(password).await?;
        Ok(hash.to_string())
    }

    /// A place in line.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) fn place(&self) -> Result<Place, Busy> {
        self.0.place()
    }

    /// Whether `password` is the one that `phc` was made of. `None` means that there is no such user: that
    /// takes as long, and is false.
    ///
    /// # Errors
    ///
    /// The runtime is about to end.
    pub(crate) async fn verify(
        &self,
        place: Place,
        phc: Option<&str>,
        password: &Secret,
    ) -> Result<bool, Busy> {
        let hash: Option<HashedPassword> = phc.and_then(|phc| phc.parse().ok());
        if phc.is_some() && hash.is_none() {
            tracing::error!("a password hash in the database is damaged; set the password anew");
        }
        self.0.verify(place, hash.as_ref(), password).await
    }
}

#[cfg(test)]
mod tests;
