//! `.netrc`: user names and passwords by host, as ftp, curl and others share them. It is read only for profiles that
//! name the method, and only the host that a request really goes to is looked up.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gatepass_proto::Secret;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::{Error, SecretError};

/// The longest file, in bytes.
const MAX_LEN: u64 = 64 * 1024;

/// Who somebody is at a host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// Who somebody is at the host of `url`, by this file or the usual one.
///
/// # Errors
///
/// The file cannot be read, others can read it, it makes no sense, or says nothing of that host.
pub(crate) async fn login(file: Option<&Path>, url: &Url) -> Result<Login, Error> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => usual()?,
    };
    let fault = |reason: String| SecretError::File {
        path: path.clone(),
        reason,
    };
    let own = path.clone();
    let text = tokio::task::spawn_blocking(move || read(&own))
        .await
        .map_err(|crashed| fault(crashed.to_string()))?
        .map_err(fault)?;
    let entries = parse(&text).map_err(fault)?;
    Ok(find(entries, url).map_err(fault)?)
}

fn usual() -> Result<PathBuf, Error> {
    if let Some(path) = std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    etcetera::home_dir()
        .map(|home| home.join(".netrc"))
        .map_err(|_| Error::Setup("there is no home folder; name the netrc file".into()))
}

fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let said = |error: io::Error| error.to_string();
    // Asked before opening, for opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(said)?.is_file() {
        return Err("expected a regular file".to_owned());
    }
    let file = File::open(path).map_err(said)?;
    let metadata = file.metadata().map_err(said)?;
    private(&metadata)?;
    if metadata.len() > MAX_LEN {
        return Err(format!("expected at most {MAX_LEN} bytes"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN as usize));
    file.take(MAX_LEN).read_to_end(&mut bytes).map_err(said)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err("expected UTF-8 text".to_owned()),
    }
}

#[cfg(unix)]
fn private(metadata: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;

    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own {
        return Err(format!(
            "belongs to user {}, expected {own}; use a file of your own",
            metadata.uid()
        ));
    }
    match metadata.mode() & 0o777 {
        mode if mode & 0o077 == 0 => Ok(()),
        mode => Err(format!(
            "other users have access (mode {mode:o}); run `chmod 600` on it, and change the passwords if they may have been read"
        )),
    }
}

#[cfg(not(unix))]
fn private(_: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}

/// What the file says of one host.
#[derive(Default)]
struct Entry {
    /// The host, perhaps with a port; `None` is any host.
    machine: Option<String>,
    login: Option<String>,
    password: Option<Secret>,
}

/// The first entry for host and port, else the first for the host, else the default.
fn find(entries: Vec<Entry>, url: &Url) -> Result<Login, String> {
    let host = url.host().ok_or("the URL has no host")?;
    let rank = |entry: &Entry| match &entry.machine {
        None => Some(2),
        Some(machine) if names(machine, &host) => Some(1),
        Some(machine) => {
            let (machine, port) = machine.rsplit_once(':')?;
            let same = url.port_or_known_default() == port.parse().ok();
            (same && names(machine, &host)).then_some(0)
        }
    };
    let best = entries
        .into_iter()
        .filter_map(|entry| Some((rank(&entry)?, entry)))
        .min_by_key(|(rank, _)| *rank)
        .ok_or_else(|| format!("has no entry for {host}"))?;
    match best.1 {
        Entry {
            login: Some(username),
            password: Some(password),
            ..
        } => Ok(Login { username, password }),
        Entry { login: None, .. } => Err(format!("the entry for {host} has no login")),
        _ => Err(format!("the entry for {host} has no password")),
    }
}

/// Whether an entry is for exactly this host; an IPv6 address may stand in brackets.
fn names(machine: &str, host: &Host<&str>) -> bool {
    let bare = match host {
        Host::Ipv6(address) => machine == address.to_string(),
        _ => false,
    };
    bare || machine.eq_ignore_ascii_case(&host.to_string())
}

/// Reads the entries. What is wrong is said by its line, never by its text, which may be a password.
fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let mut words = Words {
        rest: text,
        line: 1,
    };
    let mut entries = Vec::new();
    let mut open = false;
    while let Some(keyword) = words.keyword()? {
        let outside = || Err(words.fault("expected machine or default before it"));
        match keyword.as_str() {
            "machine" => {
                let machine = Some((*words.value()?).clone());
                entries.push(Entry {
                    machine,
                    ..Entry::default()
                });
                open = true;
            }
            "default" => {
                entries.push(Entry::default());
                open = true;
            }
            "macdef" => {
                words.value()?;
                words.skip_macro();
                open = false;
            }
            "login" | "user" | "password" | "account" if !open => return outside(),
            known @ ("login" | "user" | "password" | "account") => {
                let value = words.value()?;
                let Some(entry) = entries.last_mut() else {
                    return words.wrong();
                };
                let given = match known {
                    "account" => continue,
                    "password" => entry.password.replace(Secret::new(&**value)).is_some(),
                    _ => entry.login.replace((*value).clone()).is_some(),
                };
                if given {
                    return Err(words.fault("the entry has it already"));
                }
            }
            _ => return words.wrong(),
        }
    }
    Ok(entries)
}

/// The words of the file.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    /// The next word where a comment may stand instead.
    fn keyword(&mut self) -> Result<Option<Zeroizing<String>>, String> {
        loop {
            self.skip_space();
            if !self.rest.starts_with('#') {
                return self.word();
            }
            self.skip_line();
        }
    }

    /// The word that belongs to a keyword; it may begin with `#`.
    fn value(&mut self) -> Result<Zeroizing<String>, String> {
        self.skip_space();
        let value = self.word()?;
        value.ok_or_else(|| self.fault("the file ends within an entry"))
    }

    fn word(&mut self) -> Result<Option<Zeroizing<String>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(Some);
        }
        let end = self.rest.find(char::is_whitespace);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        // Some programs take it for itself, some for the character after it.
        if word.contains('\\') {
            return Err(self.fault(
                "a backslash outside quotes is read in two ways; put the word in \"…\" and write it twice",
            ));
        }
        self.rest = rest;
        Ok(Some(Zeroizing::new(word.to_owned())))
    }

    /// A word in quotes, with `\"`, `\\`, `\n`, `\r` and `\t`.
    fn quoted(&mut self, text: &str) -> Result<Zeroizing<String>, String> {
        let mut word = Zeroizing::new(String::with_capacity(text.len()));
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    let rest = self.rest.get(at + 2..).unwrap_or_default();
                    if rest.starts_with(|c: char| !c.is_whitespace()) {
                        return Err(self.fault("expected a space after the quotes"));
                    }
                    self.rest = rest;
                    return Ok(word);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, own @ ('"' | '\\'))) => word.push(own),
                    _ => {
                        return Err(
                            self.fault("expected one of n, r, t, \" and \\ after a backslash")
                        );
                    }
                },
                '\n' => break,
                own => word.push(own),
            }
        }
        Err(self.fault("the quotes have no end on this line"))
    }

    fn skip_space(&mut self) {
        let rest = self.rest.trim_start();
        let skipped = self.rest.len() - rest.len();
        let lines = self.rest.bytes().take(skipped).filter(|b| *b == b'\n');
        self.line += lines.count();
        self.rest = rest;
    }

    /// To the end of this line; whether there was something on it.
    fn skip_line(&mut self) -> bool {
        let (line, rest) = match self.rest.split_once('\n') {
            Some((line, rest)) => (line, rest),
            None => (self.rest, ""),
        };
        self.rest = rest;
        self.line += 1;
        !line.trim_end_matches('\r').is_empty()
    }

    /// A macro goes on from the next line to an empty one.
    fn skip_macro(&mut self) {
        self.skip_line();
        while self.skip_line() {}
    }

    fn fault(&self, reason: &str) -> String {
        format!("line {}: {reason}", self.line)
    }

    fn wrong<T>(&self) -> Result<T, String> {
        Err(self.fault("expected machine, default, login, password, account or macdef"))
    }
}

#[cfg(test)]
#[path = "netrc_tests.rs"]
mod tests;
