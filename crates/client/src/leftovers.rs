//! What a program leaves behind that ends while it writes: a file under a name for the meantime.

use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From this age on nobody is writing it any more.
const ABANDONED: Duration = Duration::from_secs(3600);
/// The most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// How many digits tell one writer from another.
const DIGITS: usize = 16;

/// The name that a file called `name` has until it is whole.
pub(crate) fn meantime(name: &str, random: u64) -> String {
    format!(".{name}.{random:0DIGITS$x}.tmp")
}

/// The files in `folder` that were written for the meantime, at least an hour ago, by a program that did not come to
/// rename them: in order, and only such as are this user's own. Those of a token go when the token is next written. They
/// are as secret as what they were to replace.
///
/// A folder that cannot be read has none.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = abandoned(folder, |_| true).collect();
    found.sort();
    found
}

/// Removes what was left behind of the file called `name`. What cannot be removed stays; it harms nobody.
pub(crate) fn sweep(folder: &Path, name: &str) {
    for path in abandoned(folder, |own| own == name) {
        let removed = fs::remove_file(&path);
        tracing::debug!(path = %path.display(), ?removed, "a file that was left behind");
    }
}

fn abandoned(folder: &Path, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .take(MAX_ENTRIES)
        .flatten()
        .filter(move |entry| whole_name(entry).is_some_and(|name| wanted(&name)))
        // Of a link this is the link's own.
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|metadata| is_abandoned(&metadata))
        })
        .map(|entry| entry.path())
}

/// What a file for the meantime was to be called.
fn whole_name(entry: &DirEntry) -> Option<String> {
    let name = entry.file_name().into_string().ok()?;
    let (whole, random) = name
        .strip_prefix('.')?
        .strip_suffix(".tmp")?
        .rsplit_once('.')?;
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let ours = random.len() == DIGITS && random.bytes().all(digit) && !whole.is_empty();
    ours.then(|| whole.to_owned())
}

fn is_abandoned(metadata: &Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|at| at.elapsed().ok());
    metadata.is_file() && is_own(metadata) && age.is_some_and(|age| age >= ABANDONED)
}

#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
#[path = "leftovers_tests.rs"]
mod tests;
