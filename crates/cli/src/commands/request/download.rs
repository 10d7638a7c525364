//! Answers that go to files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gatepass_client::Response;
use http::header::CONTENT_LENGTH;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;
use url::Url;

use super::{answer, disposition};
use crate::exit::Failure;
use crate::output::{self, Stream};

/// Where an answer goes.
pub(super) struct Target {
    /// A file, a folder or `-`; without it the answer's own name in this folder.
    pub(super) path: Option<PathBuf>,
    /// Whether a file that is there already may be replaced by one whose name the answer chose.
    pub(super) overwrite: bool,
}

/// Writes the body to a file, which has its name only once it is whole.
///
/// # Errors
///
/// The connection breaks, the file cannot be written, or one of that name is there already.
pub(super) async fn save(answer: Response, asked: &Url, target: Target) -> Result<(), Failure> {
    let (path, chosen) = match target.path {
        Some(path) if path == Path::new("-") => return answer::pass_on(answer).await,
        Some(path) if path.is_dir() => (path.join(disposition::file_name(&answer, asked)), true),
        Some(path) => (path, false),
        None => (disposition::file_name(&answer, asked).into(), true),
    };
    let fault = |error: io::Error| Failure::error(format!("{}: {error}", path.display()));
    // Never through a name that somebody else chose.
    let present = if chosen {
        fs::symlink_metadata(&path)
    } else {
        fs::metadata(&path)
    };
    let length = match present {
        Ok(_) if chosen && !target.overwrite => return Err(exists(&path)),
        Ok(present) if !present.is_file() && !chosen => {
            let file = File::options().write(true).open(&path).map_err(fault)?;
            receive(answer, &path, &file).await?
        }
        present => {
            // What a link leads to is replaced, not the link.
            let path = match present {
                Ok(_) if !chosen => fs::canonicalize(&path).map_err(fault)?,
                _ => path.clone(),
            };
            let aside = aside(&path).map_err(fault)?;
            let length = receive(answer, &path, aside.as_file()).await?;
            if chosen && !target.overwrite {
                let named = aside.persist_noclobber(&path);
                named.map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => exists(&path),
                    _ => fault(error.error),
                })?;
            } else {
                aside.persist(&path).map_err(|error| fault(error.error))?;
            }
            length
        }
    };
    output::note(&format!(
        "Saved {} ({}).",
        output::tame(&path.display().to_string()),
        indicatif::HumanBytes(length)
    ));
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::error(format!(
        "{} is there already; add --overwrite, or name another with --output-file",
        path.display()
    ))
}

/// A file beside the one that is meant, with the mode that it has or would have.
fn aside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gatepass-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let aside = builder.tempfile_in(folder)?;
    if let Ok(present) = fs::metadata(path) {
        aside.as_file().set_permissions(present.permissions())?;
    }
    Ok(aside)
}

/// Receives the body into a file; how long it was.
async fn receive(mut answer: Response, path: &Path, mut file: &File) -> Result<u64, Failure> {
    let fault = |error: io::Error| Failure::error(format!("{}: {error}", path.display()));
    let bar = bar(&answer, path);
    let mut length = 0;
    while let Some(chunk) = answer::chunk(&mut answer).await? {
        file.write_all(&chunk).map_err(fault)?;
        length += chunk.len() as u64;
        bar.set_position(length);
    }
    bar.finish_and_clear();
    // A pipe or a device has nothing to be synced.
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        file.sync_all().map_err(fault)?;
    }
    Ok(length)
}

/// How far it is, for whoever looks.
fn bar(answer: &Response, path: &Path) -> ProgressBar {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !output::is_terminal(Stream::Error) {
        return ProgressBar::hidden();
    }
    let length = answer.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{msg} {spinner} {bytes} {bytes_per_sec}",
        ),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    let name = path.file_name().unwrap_or_default();
    bar.with_message(output::tame(&name.to_string_lossy()))
}
