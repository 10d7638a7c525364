//! The master key, and the server's own keys sealed under it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use gatepass_proto::Entropy;
use zeroize::Zeroizing;

mod file;
mod lost;
mod source;

pub(crate) use lost::refuse_lost;
pub use source::KeySource;

/// Length of the master key and of every key derived from it, in bytes.
const KEY_LEN: usize = 32;
/// First byte of everything sealed: AES-256-GCM under the key derived as `seal`, then nonce, ciphertext and tag.
const FORMAT: u8 = 1;

/// The key under which the server's signing and refresh keys lie in the database.
///
/// It lives in a file of its own, so that a copy of the database alone opens nothing. Keys for single
/// purposes are derived from it (HKDF-SHA256); it is used for nothing else.
pub(crate) struct MasterKey {
    root: Prk,
    seal: RandomizedNonceKey,
}

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// Not something that [`MasterKey::seal`] made, or cut short.
    #[error("a sealed key in the database is damaged; restore the database from a backup")]
    Malformed,
    /// A format that this version does not know.
    #[error("a sealed key was written by a newer gatepass; upgrade this one")]
    Newer,
    /// Sealed under another master key or for another use, or changed since.
    #[error(
        "a sealed key does not open: the master key is not the one this database was made with, or the database was altered; bring back the right master key file"
    )]
    Refused,
    /// The cryptographic library failed, most likely for want of random numbers.
    #[error("the system gave no random numbers; try again")]
    Unavailable,
}

impl MasterKey {
    fn new(bytes: &[u8; KEY_LEN]) -> Result<Self, SealError> {
        let root = Prk::new_less_safe(HKDF_SHA256, bytes);
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &expand(&root, "seal")?[..])
            .map_err(|_| SealError::Unavailable)?;
        Ok(Self { root, seal })
    }

    /// A key that nobody keeps.
    ///
    /// # Errors
    ///
    /// [`SealError::Unavailable`].
    pub(crate) fn ephemeral(entropy: &mut dyn Entropy) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(&mut *bytes);
        Self::new(&bytes)
    }

    /// A key for one purpose, the same whenever and wherever the master key is the same.
    ///
    /// # Errors
    ///
    /// None that can happen; the cryptographic library has a say in it.
    pub(crate) fn derive(
        &self,
        purpose: &'static str,
    ) -> Result<Zeroizing<[u8; KEY_LEN]>, SealError> {
        expand(&self.root, purpose)
    }

    /// Encrypts `plain`. It opens only with the same `aad`, which says what it is: `sign:` and the `kid`, say.
    ///
    /// # Errors
    ///
    /// [`SealError::Unavailable`].
    pub(crate) fn seal(&self, aad: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut body = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(plain);
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(aad), &mut body)
            .map_err(|_| SealError::Unavailable)?;
        Ok([&[FORMAT][..], nonce.as_ref(), &body].concat())
    }

    /// Decrypts what [`MasterKey::seal`] made for the same `aad`.
    ///
    /// # Errors
    ///
    /// See [`SealError`].
    pub(crate) fn open(&self, aad: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (format, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
        if *format != FORMAT {
            return Err(SealError::Newer);
        }
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Malformed)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let len = self
            .seal
            .open_in_place(Nonce::from(nonce), Aad::from(aad), &mut plain)
            .map_err(|_| SealError::Refused)?
            .len();
        plain.truncate(len);
        Ok(plain)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

fn expand(root: &Prk, purpose: &str) -> Result<Zeroizing<[u8; KEY_LEN]>, SealError> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    root.expand(&[b"gatepass ", purpose.as_bytes()], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key[..]))
        .map_err(|_| SealError::Unavailable)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
