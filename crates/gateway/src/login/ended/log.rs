//! The marks as a file: a line each, appended and synced before anybody is told that it counts.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gatepass_proto::{Digest, Timestamp};

use super::{MOST, Mark, Marks, lock};
use crate::login::key_file::{beside, private, sync_folder_of, write_synced};

/// The first line.
const HEADER: &str = "gatepass logouts 1";
/// The longest line, in bytes.
const MAX_LINE: usize = 96;
/// How many lines more than marks there may be before the file is written anew.
const SPARE: usize = 10_000;
/// The largest file that is read, in bytes.
const MAX_FILE: u64 = ((2 * MOST + SPARE) * MAX_LINE) as u64;

/// The file.
pub(super) struct Log {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    /// Up to where it is whole. A line whose writing failed half-way is cut off before the next.
    whole: u64,
    lines: usize,
}

impl Log {
    /// Reads what is there and writes it anew without what is over. A last line without its end was never acknowledged,
    /// and is dropped; any other damage is for a person to look at.
    pub(super) fn open(path: &Path, marks: &mut Marks, now: Timestamp) -> io::Result<Self> {
        if let Some(text) = read(path)? {
            take_in(&text, marks, now).map_err(damaged)?;
        }
        Ok(Self {
            path: path.to_owned(),
            open: Mutex::new(rewrite(path, marks)?),
        })
    }

    /// Appends these marks; returns when they are on the disk.
    pub(super) fn append(&self, new: &[(Digest, Mark)], known: &Mutex<Marks>) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.lines > 2 * lock(known).by_name.len() + SPARE {
            let marks = lock(known).snapshot();
            *open = rewrite(&self.path, &marks)?;
        }
        let mut text = String::with_capacity(new.len() * MAX_LINE);
        for (name, mark) in new {
            write_line(&mut text, name, mark);
        }
        if open.file.metadata()?.len() > open.whole {
            open.file.set_len(open.whole)?;
        }
        open.file.write_all(text.as_bytes())?;
        open.file.sync_data()?;
        open.whole += text.len() as u64;
        open.lines += new.len();
        Ok(())
    }
}

#[cfg(test)]
impl Log {
    /// One that can be read only, as on a disk that fails.
    pub(super) fn unwritable(path: &Path) -> Self {
        let open = Open {
            file: File::open(path).expect("a file"),
            whole: u64::MAX,
            lines: 0,
        };
        Self {
            path: path.to_owned(),
            open: Mutex::new(open),
        }
    }
}

impl Marks {
    fn snapshot(&self) -> Self {
        Self {
            by_name: self.by_name.clone(),
            floor: self.floor,
        }
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(damaged("it is too large".to_owned()));
    }
    // Only a torn end can be no text, and that is dropped below.
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn damaged(reason: String) -> io::Error {
    let text =
        format!("it is damaged: {reason}; restore it, or remove it together with the key file");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Puts the whole file in place of the old one.
fn rewrite(path: &Path, marks: &Marks) -> io::Result<Open> {
    let mut text = format!("{HEADER}\nfloor {}\n", marks.floor.as_millis());
    for (name, mark) in &marks.by_name {
        write_line(&mut text, name, mark);
    }
    let draft = beside(path);
    let named = write_synced(&draft, text.as_bytes()).and_then(|()| fs::rename(&draft, path));
    if named.is_err() {
        let _ = fs::remove_file(&draft);
    }
    named.and_then(|()| sync_folder_of(path))?;
    Ok(Open {
        file: private(OpenOptions::new().append(true)).open(path)?,
        whole: text.len() as u64,
        lines: marks.by_name.len(),
    })
}

fn write_line(text: &mut String, name: &Digest, mark: &Mark) {
    let (at, until) = (mark.at.as_millis(), mark.until.as_millis());
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{} {at} {until}", name.to_base64url());
}

fn take_in(text: &str, marks: &mut Marks, now: Timestamp) -> Result<(), String> {
    let end = text.rfind('\n').map_or(0, |end| end + 1);
    let mut lines = text.get(..end).unwrap_or_default().lines();
    if lines.next() != Some(HEADER) {
        return Err(format!("expected {HEADER:?} in line 1"));
    }
    let floor = lines
        .next()
        .and_then(|line| millis(line.strip_prefix("floor ")?));
    marks.floor = floor.ok_or("expected the floor in line 2")?;
    for (at, line) in lines.enumerate() {
        let mark = read_line(line).ok_or_else(|| format!("line {} is not a mark", at + 3))?;
        if now < mark.1.until {
            marks.insert(&[mark], now);
        }
    }
    Ok(())
}

fn read_line(line: &str) -> Option<(Digest, Mark)> {
    let mut parts = line.split(' ');
    let name = Digest::from_base64url(parts.next()?)?;
    let (at, until) = (millis(parts.next()?)?, millis(parts.next()?)?);
    parts.next().is_none().then_some((name, Mark { at, until }))
}

fn millis(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_millis)
}
