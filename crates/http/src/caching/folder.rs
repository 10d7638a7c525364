//! The folder of the copies: one private file for each URL, named by a digest, replaced whole or not at all.
//! Nothing here fails: a file that cannot be used is not there, one that cannot be written is not kept.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_proto::{Digest, Entropy as _};
use url::Url;

use crate::OsEntropy;

/// The largest file, in bytes.
pub(super) const MAX_FILE: usize = 272 * 1024;
/// The most files. The oldest make room.
const MAX_FILES: usize = 256;
/// How long a file under its first name may lie there before it counts as left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file of `url`. It is small and read at once, on the caller's thread: handing it over would take
    /// longer.
    pub(super) fn read(&self, url: &Url) -> Option<Vec<u8>> {
        if !self.is_ours() {
            return None;
        }
        let mut file = File::open(self.file(url)).ok()?;
        let metadata = file.metadata().ok()?;
        let length = usize::try_from(metadata.len()).ok()?;
        if !metadata.is_file() || length > MAX_FILE || !private(&metadata) {
            return None;
        }
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Replaces the file of `url`.
    pub(super) async fn write(&self, url: &Url, bytes: Vec<u8>) {
        let path = self.file(url);
        self.off(move |own| own.replace(&path, &bytes)).await;
    }

    /// Takes the file of `url` away.
    pub(super) async fn remove(&self, url: &Url) {
        let path = self.file(url);
        self.off(move |_| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await;
    }

    fn file(&self, url: &Url) -> PathBuf {
        let digest = Digest::of(url.as_str());
        let mut name = String::with_capacity(64);
        for byte in digest.as_bytes() {
            name.push_str(&format!("{byte:02x}"));
        }
        self.0.join(name)
    }

    /// Runs file work off the runtime.
    async fn off(&self, work: impl FnOnce(&Self) -> io::Result<()> + Send + 'static) {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&own)).await;
        if let Err(error) = done.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::debug!(folder = %self.0.display(), %error, "the copy is not kept on disk");
        }
    }

    /// It is written under another name first, so that nobody reads half a file. It is not synced: what a power
    /// failure tears does not match its digest.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        make_folder(&self.0)?;
        if !self.is_ours() {
            return Err(io::Error::other(
                "others own the folder or can write to it; make it yours alone (chmod 700)",
            ));
        }
        let mut suffix = [0; 8];
        OsEntropy.fill(&mut suffix);
        let aside = self
            .0
            .join(format!("{:016x}.tmp", u64::from_ne_bytes(suffix)));
        let written = create(&aside).and_then(|mut file| file.write_all(bytes));
        let outcome = written.and_then(|()| fs::rename(&aside, path));
        if outcome.is_err() {
            let _ = fs::remove_file(&aside);
        }
        outcome.and_then(|()| self.make_room())
    }

    /// Takes away what is too much, and what a killed process has left behind.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_none() {
                files.push(path);
            } else if age(&path).is_some_and(|age| age > LEFT_BEHIND) {
                let _ = fs::remove_file(path);
            }
        }
        if files.len() > MAX_FILES {
            files.sort_by_cached_key(|path| age(path));
            for oldest in files.drain(MAX_FILES..) {
                let _ = fs::remove_file(oldest);
            }
        }
        Ok(())
    }

    fn is_ours(&self) -> bool {
        fs::metadata(&self.0).is_ok_and(|metadata| metadata.is_dir() && unwritable(&metadata))
    }
}

/// How long ago a file was written. Another process may have taken it away meanwhile.
fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

/// Whether nobody but this user can read or write it.
#[cfg(unix)]
fn private(metadata: &Metadata) -> bool {
    own(metadata, 0o077)
}

/// Whether nobody but this user can write to it.
#[cfg(unix)]
fn unwritable(metadata: &Metadata) -> bool {
    own(metadata, 0o022)
}

#[cfg(unix)]
fn own(metadata: &Metadata, not: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & not == 0
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// On Windows the folder's inherited rules protect it.
#[cfg(not(unix))]
fn private(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn unwritable(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
