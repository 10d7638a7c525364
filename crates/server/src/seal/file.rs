//! The file that the master key lives in: 32 random bytes in base64, readable by its owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{KEY_LEN, KeySource, MasterKey, SealError};

/// A key takes 44 characters and an end of line; more is not a key.
const MAX_FILE: u64 = 64;

/// Why there is no master key. No file is ever overwritten.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    /// It cannot be read.
    #[error("cannot read the master key file {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be made.
    #[error(
        "cannot create the master key file {path}: {source}; its folder must exist and be writable",
        path = path.display()
    )]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("the master key file {path} is not a regular file; name another path", path = .0.display())]
    NotAFile(PathBuf),
    /// Others may read or write it.
    #[error(
        "the master key file {path} has mode {mode:04o}: others may read or change it; run `chmod 600 {path}`, and if they may have read it, replace the keys it protects",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "the master key file {path} belongs to user {owner}, but this process runs as user {us}; run gatepass as its owner, or give the file to this user",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Our effective user.
        us: u32,
    },
    /// Something else is in it.
    #[error(
        "the master key file {path} does not hold a key (32 bytes in base64); restore it from a backup, without it the keys in the database are lost",
        path = .0.display()
    )]
    Malformed(PathBuf),
    /// It is not a file, and gives no key.
    #[error("the master key is to come from {place}, which {reason}")]
    Elsewhere {
        /// Where it should have been.
        place: KeySource,
        /// What is wrong there.
        reason: String,
    },
    /// The cryptographic library failed.
    #[error(transparent)]
    Crypto(#[from] SealError),
}

impl MasterKey {
    /// Reads the key from `path`, or makes a new one there if nothing is there.
    ///
    /// A new file is complete and on disk before it gets its name, so a crash leaves a whole key or none;
    /// of two processes that make one at the same time, both use the one that came first.
    ///
    /// # Errors
    ///
    /// The file is not ours alone, holds no key, or cannot be read or made.
    pub(crate) fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        if let Some(key) = load(path)? {
            return Ok(key);
        }
        create(path).map_err(|source| MasterKeyError::Create {
            path: path.to_owned(),
            source,
        })?;
        load(path)?.ok_or_else(|| MasterKeyError::Read {
            path: path.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })
    }
}

/// The key in the file; `None` when there is no file.
pub(super) fn load(path: &Path) -> Result<Option<MasterKey>, MasterKeyError> {
    let unreadable = |source| MasterKeyError::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before opening, for opening a pipe would wait for its other end.
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(MasterKeyError::NotAFile(path.to_owned())),
        // A link that leads nowhere is not an invitation to make a key somewhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    }
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let us = rustix::process::geteuid().as_raw();
    check_owner(path, metadata.uid(), metadata.mode() & 0o7777, us)?;
    let text = bounded(file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => MasterKeyError::Malformed(path.to_owned()),
        _ => unreadable(error),
    })?;
    let key = decode(&text).ok_or_else(|| MasterKeyError::Malformed(path.to_owned()))?;
    Ok(Some(MasterKey::new(&key)?))
}

/// As much as a key takes and a little more, which [`decode`] then refuses.
pub(super) fn bounded(from: impl io::Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(96));
    from.take(MAX_FILE + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The key that is written as `text`.
pub(super) fn decode(text: &str) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let length = STANDARD.decode_slice(text.trim_end(), &mut key[..]);
    (text.len() as u64 <= MAX_FILE && length == Ok(KEY_LEN)).then_some(key)
}

/// It is ours alone, or root's, who lends it to our group: so service managers hand over secrets.
pub(super) fn check_owner(
    path: &Path,
    owner: u32,
    mode: u32,
    us: u32,
) -> Result<(), MasterKeyError> {
    let path = path.to_owned();
    let others = match owner {
        owner if owner == us => 0o077,
        0 => 0o037,
        owner => return Err(MasterKeyError::Foreign { path, owner, us }),
    };
    if mode & others != 0 {
        return Err(MasterKeyError::Exposed { path, mode });
    }
    Ok(())
}

/// Makes a key under a name of its own, then gives it the real one unless another process was faster.
fn create(path: &Path) -> io::Result<()> {
    let mut suffix = [0; 9];
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    for random in [&mut suffix[..], &mut bytes[..]] {
        aws_lc_rs::rand::fill(random).map_err(|_| io::Error::other("no random numbers"))?;
    }
    let mut text = Zeroizing::new(String::with_capacity(64));
    STANDARD.encode_string(&bytes[..], &mut text);
    text.push('\n');

    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", URL_SAFE_NO_PAD.encode(suffix)));
    let draft = PathBuf::from(name);
    let named = write_new(&draft, text.as_bytes()).and_then(|()| {
        // Unlike a rename, a link never replaces what is there.
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    });
    let removed = std::fs::remove_file(&draft);
    named.and(removed)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
