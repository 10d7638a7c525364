//! Disks that have no room left, and then have some again.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::chance;
use crate::server::Server;
use crate::site::Site;

/// Where a server writes.
pub(crate) enum Disk {
    /// The kernel lets it write no file beyond a size, which works everywhere: `EFBIG`.
    Limited,
    /// A file system of its own that is small: `ENOSPC`. The folder holds what is copied into it.
    Small(TempDir),
}

/// A write beyond the limit would end the process; here it fails.
const PATIENTLY: &str = r#"trap "" XFSZ; exec "$@""#;
/// The file system is the server's alone, and gone with it.
const MOUNTED: &str = r#"
folder=$1; seed=$2; shift 2
mount -t tmpfs -o size=4m,mode=0700 tmpfs "$folder" && cp -a "$seed/." "$folder" && exec "$@"
"#;

impl Disk {
    /// The kinds to try: the second takes a kernel that lets us mount, so it is for whoever asks for the long form.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Limited];
        if chance::minutes().is_some() {
            all.push(Self::Small(tempfile::tempdir().expect("a folder")));
        }
        all
    }

    /// A furnished site on such a disk.
    pub(crate) async fn site(&self) -> Site {
        let site = Site::sqlite();
        site.furnish().await;
        match self {
            Self::Limited => site.started_by(&["sh", "-c", PATIENTLY, "sh"]),
            Self::Small(seed) => {
                for (name, bytes) in site.contents() {
                    fs::write(seed.path().join(name), bytes).expect("written");
                }
                let (folder, seed) = (site.folder.path(), seed.path());
                let (folder, seed) = (folder.display().to_string(), seed.display().to_string());
                let mut line = vec!["unshare", "--mount"];
                if !geteuid().is_root() {
                    line.push("--map-root-user");
                }
                line.extend(["sh", "-c", MOUNTED, "sh", &folder, &seed]);
                site.started_by(&line)
            }
        }
    }

    /// Takes all room away.
    pub(crate) fn fill(&self, site: &Site, server: &Server) {
        match self {
            Self::Limited => {
                let sizes = site.contents().into_values().map(|bytes| bytes.len());
                let largest = sizes.max().and_then(|size| u64::try_from(size).ok());
                server.limit_files(largest);
            }
            Self::Small(_) => {
                let mut ballast = File::create(self.ballast(site, server)).expect("a file");
                while ballast.write_all(&[0; 4096]).is_ok() {}
            }
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self, site: &Site, server: &Server) {
        match self {
            Self::Limited => server.limit_files(None),
            Self::Small(_) => fs::remove_file(self.ballast(site, server)).expect("removed"),
        }
    }

    fn ballast(&self, site: &Site, server: &Server) -> PathBuf {
        self.seen(site, server).join("ballast")
    }

    /// The site's folder as its server sees it.
    pub(crate) fn seen(&self, site: &Site, server: &Server) -> PathBuf {
        let folder = site.folder.path();
        match self {
            Self::Limited => folder.to_owned(),
            Self::Small(_) => {
                let root = PathBuf::from(format!("/proc/{}/root", server.pid()));
                root.join(folder.strip_prefix("/").expect("an absolute path"))
            }
        }
    }
}
