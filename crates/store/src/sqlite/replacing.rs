//! A file that is made beside its place, and stands there at once or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

use crate::CopyError;

/// What SQLite adds to a database's name for what has still to be done to it.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// An empty file in a folder of its own, beside where it will stand. Both are gone when it is dropped.
pub(super) struct Draft {
    folder: TempDir,
    path: PathBuf,
}

impl Draft {
    /// One that nobody but its owner can read.
    pub(super) fn beside(to: &Path) -> Result<Self, CopyError> {
        let failed = |error| failed(to, error);
        let place = std::path::absolute(to).map_err(failed)?;
        let folder = tempfile::Builder::new()
            .prefix(".gatepass-")
            .suffix(".draft")
            .tempdir_in(place.parent().unwrap_or(&place))
            .map_err(failed)?;
        let path = folder.path().join("draft.db");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(failed)?;
        Ok(Self { folder, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the disk keep it, and puts it in its place; the disk keeps that too before this returns. The log of another
    /// database must not stand there: it would be taken for this one's.
    pub(super) fn put(self, to: &Path, replace: bool) -> Result<(), CopyError> {
        let failed = |error| failed(to, error);
        if let Some(log) = logs(to).into_iter().find(|log| log.exists()) {
            return Err(CopyError::Leftover(log));
        }
        if replace {
            keep_owner(&self.path, to).map_err(failed)?;
        }
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        if replace {
            fs::rename(&self.path, to).map_err(failed)?;
        } else {
            let file = TempPath::try_from_path(&self.path).map_err(failed)?;
            file.persist_noclobber(to)
                .map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => CopyError::Exists(to.to_owned()),
                    _ => failed(error.error),
                })?;
        }
        let folder = self.folder.path().parent().unwrap_or(to);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

/// What takes the place of a file belongs to whom that belongs to: a server that is not root's has to open it.
fn keep_owner(draft: &Path, to: &Path) -> io::Result<()> {
    #[cfg(not(unix))]
    let _ = (draft, to);
    #[cfg(unix)]
    if let Ok(before) = fs::metadata(to) {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let own = fs::metadata(draft)?;
        if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
            chown(draft, Some(before.uid()), Some(before.gid()))?;
        }
    }
    Ok(())
}

/// Gives a damaged database another name, and its log with it; until something else takes its place it keeps the old one
/// too. Says which name that is.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, CopyError> {
    let failed = |error| failed(path, error);
    let aside = with(path, ".damaged");
    if aside.exists() {
        return Err(CopyError::Exists(aside));
    }
    fs::hard_link(path, &aside).map_err(failed)?;
    for (log, to) in logs(path).into_iter().zip(logs(&aside)) {
        match fs::rename(log, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(aside)
}

fn logs(path: &Path) -> [PathBuf; 2] {
    LOGS.map(|suffix| with(path, suffix))
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn failed(path: &Path, error: io::Error) -> CopyError {
    CopyError::File {
        path: path.to_owned(),
        error,
    }
}
