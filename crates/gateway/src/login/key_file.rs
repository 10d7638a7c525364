//! The file that the sealing key lies in: 32 random bytes in base64, readable by its owner alone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use zeroize::Zeroizing;

use super::seal::{KEY_LEN, SealingKey};

/// A key takes 44 characters and an end of line; more is not a key.
const MAX_FILE: u64 = 64;

/// Why there is no key. No file is ever overwritten.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("cannot read or make {path}: {source}; its folder must exist and be writable", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read or write it.
    #[error(
        "{path} has mode {mode:04o}: others may read or change it; if nobody has, run `chmod 600 {path}`, else remove it",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something else is in it.
    #[error("{path} does not hold a key (32 bytes in base64); remove it, and a new one is made", path = .0.display())]
    Malformed(PathBuf),
    /// Two that share it would not hear of each other's logouts.
    #[error("{path} is in use by another gatepass; give each a key file of its own", path = .0.display())]
    InUse(PathBuf),
}

/// A key that was read, and the file, which is ours while this lives.
pub(super) struct KeyFile {
    pub(super) key: SealingKey,
    _locked: File,
}

impl KeyFile {
    /// Reads the key, or makes one where there is none. A new file is complete and on disk before it gets its name.
    pub(super) fn open(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        // A link that leads nowhere is not an invitation to make a key somewhere.
        if !path.exists() && !path.is_symlink() {
            make(path).map_err(failed)?;
        }
        // Asked before opening, for opening a pipe would wait for its other end.
        if !path.metadata().map_err(failed)?.is_file() {
            return Err(KeyFileError::Malformed(path.to_owned()));
        }
        let file = File::open(path).map_err(failed)?;
        check_mode(path, &file.metadata().map_err(failed)?)?;
        let mut text = Zeroizing::new(Vec::new());
        let mut bounded = (&file).take(MAX_FILE + 1);
        bounded.read_to_end(&mut text).map_err(failed)?;
        let key = decode(&text).ok_or_else(|| KeyFileError::Malformed(path.to_owned()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(KeyFileError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        Ok(Self {
            key: SealingKey::new(&key),
            _locked: file,
        })
    }
}

fn decode(text: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let length = STANDARD.decode_slice(text.trim_ascii_end(), &mut key[..]);
    (text.len() as u64 <= MAX_FILE && length == Ok(KEY_LEN)).then_some(key)
}

/// It is ours alone, or root's, who lends it to our group: so service managers hand over secrets.
#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt as _;

    let mode = metadata.mode() & 0o7777;
    let others = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if mode & others != 0 {
        let path = path.to_owned();
        return Err(KeyFileError::Exposed { path, mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), KeyFileError> {
    Ok(())
}

/// Makes a key under a name of its own, then gives it the real one unless another process was faster.
fn make(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    OsEntropy.fill(&mut *key);
    let mut text = Zeroizing::new(STANDARD.encode(&key[..]));
    text.push('\n');
    let draft = beside(path);
    let named = write_synced(&draft, text.as_bytes()).and_then(|()| {
        // Unlike a rename, a link never replaces what is there.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    });
    let removed = fs::remove_file(&draft);
    named.and(removed)?;
    sync_folder_of(path)
}

/// A name beside `path` that nobody has.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut suffix = [0; 9];
    OsEntropy.fill(&mut suffix);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", URL_SAFE_NO_PAD.encode(suffix)));
    PathBuf::from(name)
}

/// Writes a new file of ours alone, to the disk.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file made with these options is only this user's.
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A name is durable once its folder is synced; Windows has no such call and needs none.
#[cfg(unix)]
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder_of(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{KeyFile, KeyFileError};

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("login.key");
        let made = KeyFile::open(&path).expect("made");
        let sealed = made.key.seal("x", b"y").expect("sealed");
        drop(made);
        let read = KeyFile::open(&path).expect("read");
        assert!(read.key.open("x", &sealed).is_some());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn nobody_else_has_it_at_the_same_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("login.key");
        let first = KeyFile::open(&path).expect("made");
        assert!(matches!(KeyFile::open(&path), Err(KeyFileError::InUse(_))));
        drop(first);
        KeyFile::open(&path).expect("free again");
    }

    #[test]
    fn what_is_no_key_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("login.key");
        for text in [
            "",
            "hunter2\n",
            &"A".repeat(44),
            &format!("{}=\n\n\n{}", "A".repeat(43), " ".repeat(30)),
        ] {
            super::write_synced(&path, text.as_bytes()).expect("written");
            let refused = KeyFile::open(&path).err().expect("refused");
            assert!(matches!(refused, KeyFileError::Malformed(_)), "{text:?}");
            assert_eq!(fs::read_to_string(&path).expect("still there"), text);
            fs::remove_file(&path).expect("removed");
        }
        let refused = KeyFile::open(folder.path()).err().expect("refused");
        assert!(matches!(refused, KeyFileError::Malformed(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("login.key");
        drop(KeyFile::open(&path).expect("made"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        let refused = KeyFile::open(&path).err().expect("refused").to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }
}
