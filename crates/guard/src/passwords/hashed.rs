use std::fmt;
use std::str::FromStr;

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use gatepass_proto::Secret;
use subtle::ConstantTimeEq as _;

use super::workspace::Workspaces;

/// The most memory of a hash that somebody else may have made, in KiB (the second recommendation of RFC 9106 §4).
const MAX_MEMORY: u32 = 64 * 1024;
/// The most memory that is gone over, all passes together, in KiB: a quarter of a second, or so.
const MAX_WORK: u64 = 4 * MAX_MEMORY as u64;
/// The most lanes.
const MAX_LANES: u32 = 16;
/// The shortest hash, in bytes: shorter ones are of too many passwords.
const MIN_HASH: usize = 16;

/// What a password is compared with when there is no such user: random bytes that no password hashes to,
/// at the same cost as a real hash. A constant, so that starting up costs no hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$pSjsbi1hFDsRO1wMOQ6NDg$uZ6Jct0rIGQt4P/3GcEcuLV+yYzqLlfpzLcWnttKBPY";

/// The Argon2id hash of a password, read from its PHC string (RFC 9106), of whatever cost it was made with. It prints as its
/// cost alone.
#[derive(Clone)]
pub struct HashedPassword {
    hash: PasswordHash,
    params: Params,
}

/// A text that is no hash, or none that is taken. No fault repeats the text, which might be the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashFault {
    /// It is something else.
    #[error(
        "expected the Argon2id hash of a password, like \"$argon2id$v=19$m=19456,t=2,p=1$…$…\""
    )]
    Form,
    /// It takes too much to check.
    #[error(
        "the hash costs too much to check: expected m of at most {MAX_MEMORY} (KiB), m times t of at most {MAX_WORK}, and p of at most {MAX_LANES}"
    )]
    Cost,
    /// Others would hash to the same.
    #[error("the hash is too short: expected {MIN_HASH} bytes or more")]
    Short,
}

impl HashedPassword {
    /// Whether it may be checked for anybody who asks: what it costs is bounded, and it is long enough to mean one password.
    ///
    /// # Errors
    ///
    /// [`HashFault::Cost`] or [`HashFault::Short`].
    pub fn check_bounds(&self) -> Result<(), HashFault> {
        let (memory, passes) = (self.params.m_cost(), self.params.t_cost());
        let work = u64::from(memory) * u64::from(passes);
        if memory > MAX_MEMORY || work > MAX_WORK || self.params.p_cost() > MAX_LANES {
            return Err(HashFault::Cost);
        }
        let hash = self.hash.hash.as_ref().map_or(0, |hash| hash.len());
        match hash < MIN_HASH {
            true => Err(HashFault::Short),
            false => Ok(()),
        }
    }

    /// That of a new password; `None` without random numbers.
    pub(super) fn make(argon2: &Argon2<'static>, password: &Secret) -> Option<Self> {
        let hash = argon2.hash_password(password.expose().as_bytes()).ok()?;
        let params = argon2.params().clone();
        Some(Self { hash, params })
    }

    /// One that is nobody's.
    pub(super) fn of_nobody() -> Option<Self> {
        NOBODY.parse().ok()
    }

    /// Whether it was made of this password.
    pub(super) fn is_of(&self, password: Secret, workspaces: &Workspaces) -> bool {
        let (Some(salt), Some(expected)) = (&self.hash.salt, &self.hash.hash) else {
            return false;
        };
        let mut got = vec![0; expected.len()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let password = password.expose().as_bytes();
        let hashed = workspaces.lend(argon2.params().block_count(), |blocks| {
            argon2.hash_password_into_with_memory(password, salt.as_ref(), &mut got, blocks)
        });
        hashed.is_ok() && got.ct_eq(expected.as_bytes()).into()
    }
}

impl FromStr for HashedPassword {
    type Err = HashFault;

    fn from_str(text: &str) -> Result<Self, HashFault> {
        let hash = PasswordHash::new(text).map_err(|_| HashFault::Form)?;
        let params = Params::try_from(&hash).map_err(|_| HashFault::Form)?;
        let is_ours = hash.algorithm.as_str() == "argon2id"
            && hash.version.is_none_or(|version| version == 0x13)
            && hash.salt.is_some()
            && hash.hash.is_some();
        match is_ours {
            true => Ok(Self { hash, params }),
            false => Err(HashFault::Form),
        }
    }
}

impl PartialEq for HashedPassword {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for HashedPassword {}

impl fmt::Display for HashedPassword {
    /// The PHC string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.hash, f)
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashedPassword({})", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::{HashFault, HashedPassword, NOBODY};

    fn check(text: &str) -> Result<(), HashFault> {
        text.parse()
            .and_then(|hash: HashedPassword| hash.check_bounds())
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let hash: HashedPassword = NOBODY.parse().expect("a hash");
        assert_eq!(hash.to_string(), NOBODY);
        assert_eq!(format!("{hash:?}"), "HashedPassword(m=19456,t=2,p=1)");
        assert_eq!(check(NOBODY), Ok(()));
    }

    #[test]
    fn what_it_costs_is_bounded() {
        let costing = |cost: &str| check(&NOBODY.replace("m=19456,t=2,p=1", cost));
        for cost in [
            "m=65536,t=3,p=4",
            "m=65536,t=4,p=1",
            "m=8,t=1,p=1",
            "m=7168,t=5,p=1",
            "m=128,t=1,p=16",
        ] {
            assert_eq!(costing(cost), Ok(()), "{cost}");
        }
        for cost in [
            "m=65537,t=1,p=1",
            "m=4294967295,t=1,p=1",
            "m=65536,t=5,p=1",
            "m=8,t=4294967295,p=1",
            "m=4294967295,t=4294967295,p=1",
            "m=65536,t=1,p=17",
        ] {
            assert_eq!(costing(cost), Err(HashFault::Cost), "{cost}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            "",
            "hunter2",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$pSjsbi1hFDsRO1wMOQ6NDg",
            &NOBODY.replace("argon2id", "argon2i"),
            &NOBODY.replace("v=19", "v=16"),
            &NOBODY.replace("m=19456", "m=0"),
            &NOBODY.replace("m=19456", "m=99999999999"),
            &NOBODY.replace("m=19456", "n=19456"),
            &NOBODY.replace("t=2", "t=0"),
            &format!("{NOBODY}$x"),
            &format!(" {NOBODY}"),
            "$2b$12$abcdefghijklmnopqrstuv",
        ] {
            assert_eq!(check(text), Err(HashFault::Form), "{text}");
        }
        // Salts that are too short are none to begin with.
        let salt = NOBODY.replace("pSjsbi1hFDsRO1wMOQ6NDg", "pSjsbg");
        assert_eq!(check(&salt), Err(HashFault::Form));
        let hash = NOBODY.replace(
            "uZ6Jct0rIGQt4P/3GcEcuLV+yYzqLlfpzLcWnttKBPY",
            "uZ6Jct0rIGQt4A",
        );
        assert_eq!(check(&hash), Err(HashFault::Short));
    }
}
