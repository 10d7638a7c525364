//! A socket in the file system, which the file's mode opens to some and closes to all others.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use tokio::net::UnixListener;
use tokio::sync::watch;

/// How long requests may take to end after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A socket that is listened on. Its file is removed with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: File,
}

/// The file of it, by which it is known again.
#[derive(Debug)]
struct File {
    path: PathBuf,
    id: (u64, u64),
}

impl Socket {
    /// Listens at `path`. The file has its mode before anybody can find it there.
    ///
    /// What nobody listens on any more is replaced.
    ///
    /// # Errors
    ///
    /// Somebody listens there, or something else than a socket is there; the system's.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        vacant(path)?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        // A folder that nobody else can look into, in the same file system.
        let mut aside = name.to_owned();
        aside.push(format!(".{}", std::process::id()));
        let aside = path.with_file_name(aside);
        std::fs::DirBuilder::new().mode(0o700).create(&aside)?;
        let made = Self::made_in(&aside, path, mode);
        // Whatever became of the socket, the folder is empty or ours.
        let _ = std::fs::remove_file(aside.join(SHORT));
        let _ = std::fs::remove_dir(&aside);
        made
    }

    fn made_in(folder: &Path, path: &Path, mode: u32) -> io::Result<Self> {
        let first = folder.join(SHORT);
        let listener = UnixListener::bind(&first)?;
        std::fs::set_permissions(&first, Permissions::from_mode(mode))?;
        let made = std::fs::symlink_metadata(&first)?;
        std::fs::rename(&first, path)?;
        let file = File {
            path: path.to_owned(),
            id: (made.dev(), made.ino()),
        };
        Ok(Self { listener, file })
    }

    /// Serves a router until `stop` is done, then lets the requests under way end, for as long as ten seconds.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub async fn serve(
        self,
        router: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { listener, file } = self;
        let (told, mut stopping) = watch::channel(false);
        let stop = async move {
            stop.await;
            // From now on another may listen here.
            drop(file);
            let _ = told.send(true);
        };
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
        let patience = async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            served = async { serving.await } => served,
            () = patience => Ok(()),
        }
    }
}

/// Its name until it has its mode: a socket's path has to be short.
const SHORT: &str = "s";

/// Whether a socket can be made there.
fn vacant(path: &Path) -> io::Result<()> {
    let there = match std::fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let taken = |text: &str| Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    if !there.file_type().is_socket() {
        return taken("something other than a socket is there; remove it, or choose another path");
    }
    match UnixStream::connect(path) {
        Ok(_) => taken("somebody listens there; end that program, or choose another path"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let there = std::fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| (there.dev(), there.ino()) == self.id) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
