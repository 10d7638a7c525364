//! What bodies are made of: bytes, files, and what is read as it comes. Small ones are kept, so that they can be sent
//! again after a 401 or a redirect; large ones are read while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use gatepass_http::Body;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest body that is kept, in bytes.
const KEPT: u64 = 8 * 1024 * 1024;
/// How much is read at a time, in bytes.
const CHUNK: u64 = 64 * 1024;

/// A body, or a part of a form: bytes, files, and what is read as it comes, one after the other.
///
/// ```
/// # async fn example() -> std::io::Result<()> {
/// use gatepass_client::Content;
///
/// let log = Content::from("# today\n").then(Content::file("today.log").await?);
/// assert!(log.len().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Content(Vec<Piece>);

enum Piece {
    /// What is there already.
    Bytes(Bytes),
    /// A regular file, of which so many bytes are sent.
    File(String, File, u64),
    /// What ends when it ends.
    Open(Reader),
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

impl Content {
    /// A file; of a regular one as many bytes as it has now.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or the beginning of what is no regular file cannot be read.
    pub async fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        tokio::task::spawn_blocking(move || Self::open(path)).await?
    }

    /// The same without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Content::file`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let name = path.as_ref().display();
        let mut file = File::open(&path).map_err(|error| named(&name, &error))?;
        let metadata = file.metadata().map_err(|error| named(&name, &error))?;
        // What the system makes up while it is read says that it has no length.
        if metadata.is_file() && metadata.len() > 0 {
            let piece = Piece::File(name.to_string(), file, metadata.len());
            return Ok(Self(vec![piece]));
        }
        let beginning = Self::beginning(&mut file).map_err(|error| named(&name, &error))?;
        Ok(match beginning {
            (content, true) => content,
            (content, false) => content.then(Self::reader(tokio::fs::File::from_std(file))),
        })
    }

    /// Standard input to its end. Up to 8 MiB of it are read now, and the rest while it is sent.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn stdin() -> io::Result<Self> {
        let beginning = Self::beginning(&mut io::stdin().lock());
        Ok(
            match beginning.map_err(|error| named(&"standard input", &error))? {
                (content, true) => content,
                (content, false) => content.then(Self::reader(tokio::io::stdin())),
            },
        )
    }

    /// What is read as it comes, and ends when it ends.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self(vec![Piece::Open(Box::pin(reader))])
    }

    /// So much of something as would be kept of it, and whether that was all.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn beginning(source: &mut impl Read) -> io::Result<(Self, bool)> {
        let mut bytes = Vec::new();
        source.take(KEPT).read_to_end(&mut bytes)?;
        let all = u64::try_from(bytes.len()).is_ok_and(|count| count < KEPT);
        Ok((Self::from(bytes), all))
    }

    /// This one, then the other.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// How many bytes it has, where that is known.
    pub fn len(&self) -> Option<u64> {
        let lengths = self.0.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Piece::File(_, _, length) => Some(*length),
            Piece::Open(_) => None,
        });
        lengths.sum()
    }

    /// Whether it is known to have no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// All of it, read now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::FileTooLarge`] where it has more than `limit` bytes or nobody knows how many; a file cannot be
    /// read.
    pub fn into_bytes(self, limit: u64) -> io::Result<Bytes> {
        if self.len().is_some_and(|length| length <= limit) {
            return whole(self.0);
        }
        let text = format!("it is larger than {limit} bytes, or has no known end");
        Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
    }

    /// The body of it. One of at most 8 MiB is read now, and can be sent again; files of this machine are read without
    /// waiting for the runtime.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn into_body(self) -> io::Result<Body> {
        if self.len().is_some_and(|length| length <= KEPT) {
            return whole(self.0).map(Body::from);
        }
        let sending = Sending {
            waiting: self.0.into(),
            current: None,
        };
        Ok(Body::stream(stream::unfold(sending, Sending::next)))
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Self(vec![Piece::Bytes(bytes.into())])
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path, _, length) => write!(f, "{length} bytes of {path}"),
            Self::Open(_) => f.write_str("what comes"),
        }
    }
}

fn whole(pieces: Vec<Piece>) -> io::Result<Bytes> {
    let mut bytes = BytesMut::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(own) => bytes.extend_from_slice(&own),
            Piece::File(path, file, length) => {
                let mut own = Vec::new();
                let read = file.take(length).read_to_end(&mut own);
                let count = read.map_err(|error| named(&path, &error))?;
                if u64::try_from(count).ok() != Some(length) {
                    return Err(shorter(&path));
                }
                bytes.extend_from_slice(&own);
            }
            Piece::Open(_) => {}
        }
    }
    Ok(bytes.freeze())
}

fn named(path: &impl std::fmt::Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

fn shorter(path: &str) -> io::Error {
    io::Error::other(format!("{path} became shorter while it was read"))
}

/// The pieces on their way.
struct Sending {
    waiting: VecDeque<Piece>,
    current: Option<Current>,
}

/// What is being read.
struct Current {
    reader: Reader,
    /// Whose length was promised: its name, and how much is still to come.
    promised: Option<(String, u64)>,
}

impl Sending {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            if let Some(current) = &mut self.current {
                match current.chunk().await {
                    Ok(None) => self.current = None,
                    Ok(Some(chunk)) => return Some((Ok(chunk), self)),
                    Err(error) => {
                        self.waiting.clear();
                        self.current = None;
                        return Some((Err(error), self));
                    }
                }
                continue;
            }
            let (reader, promised) = match self.waiting.pop_front()? {
                Piece::Bytes(bytes) if bytes.is_empty() => continue,
                Piece::Bytes(bytes) => return Some((Ok(bytes), self)),
                Piece::File(path, file, length) => {
                    let file: Reader = Box::pin(tokio::fs::File::from_std(file));
                    (file, Some((path, length)))
                }
                Piece::Open(reader) => (reader, None),
            };
            self.current = Some(Current { reader, promised });
        }
    }
}

impl Current {
    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let promised = self.promised.as_ref();
        let most = promised.map_or(CHUNK, |(_, left)| CHUNK.min(*left));
        if most == 0 {
            return Ok(None);
        }
        let mut chunk = BytesMut::new();
        (&mut self.reader).take(most).read_buf(&mut chunk).await?;
        match &mut self.promised {
            Some((path, _)) if chunk.is_empty() => Err(shorter(path)),
            None if chunk.is_empty() => Ok(None),
            promised => {
                if let (Some((_, left)), Ok(count)) = (promised, u64::try_from(chunk.len())) {
                    *left = left.saturating_sub(count);
                }
                Ok(Some(chunk.freeze()))
            }
        }
    }
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
