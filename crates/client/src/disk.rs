//! Files that are private, and replaced whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;

use crate::leftovers::{meantime, sweep};

/// Replaces `path` by `bytes`: written under another name in the same folder, synced, renamed, the folder
/// synced. Whatever happens on the way, `path` holds the old bytes or the new ones. What others left on their way, long
/// ago, is removed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_string_lossy();
    let mut suffix = [0; 8];
    OsEntropy.fill(&mut suffix);
    let aside = folder.join(meantime(&name, u64::from_ne_bytes(suffix)));
    let outcome = write_synced(&aside, bytes).and_then(|()| fs::rename(&aside, path));
    if outcome.is_err() {
        let _ = fs::remove_file(&aside);
    }
    sweep(folder, &name);
    outcome.and_then(|()| sync_folder(folder))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file made with these options is only this user's.
#[cfg(unix)]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a folder, and those above it, that are only this user's.
#[cfg(unix)]
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    std::os::unix::fs::DirBuilderExt::mode(fs::DirBuilder::new().recursive(true), 0o700)
        .create(path)
}

#[cfg(not(unix))]
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// A rename is durable once the folder is synced; Windows has no such call and needs none.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
