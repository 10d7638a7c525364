//! Bodies from files and standard input. Small ones are kept, so that they can be sent again after a 401 or a redirect;
//! large ones are read while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use gatepass_client::Body;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::exit::Failure;

/// The largest body that is kept, in bytes.
const KEPT: u64 = 8 * 1024 * 1024;
/// How much is read at a time, in bytes.
const CHUNK: u64 = 64 * 1024;

/// A part of a body.
pub(super) enum Piece {
    /// What is there already.
    Bytes(Vec<u8>),
    /// A regular file, of which so many bytes are sent.
    File(String, File, u64),
    /// What ends when it ends.
    Open(Reader),
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Opens a file, or standard input for `-`.
///
/// # Errors
///
/// It cannot be opened, or the beginning of what is no regular file cannot be read.
pub(super) fn open(path: &str) -> Result<Vec<Piece>, Failure> {
    if path == "-" {
        return Ok(match beginning(&mut io::stdin().lock())? {
            (bytes, true) => vec![Piece::Bytes(bytes)],
            (bytes, false) => vec![
                Piece::Bytes(bytes),
                Piece::Open(Box::pin(tokio::io::stdin())),
            ],
        });
    }
    let fault = |error: io::Error| Failure::error(format!("{path}: {error}"));
    let mut file = File::open(path).map_err(fault)?;
    let metadata = file.metadata().map_err(fault)?;
    // What the system makes up while it is read says that it has no length.
    if metadata.is_file() && metadata.len() > 0 {
        return Ok(vec![Piece::File(path.to_owned(), file, metadata.len())]);
    }
    Ok(match beginning(&mut file).map_err(fault)? {
        (bytes, true) => vec![Piece::Bytes(bytes)],
        (bytes, false) => {
            let rest = tokio::fs::File::from_std(file);
            vec![Piece::Bytes(bytes), Piece::Open(Box::pin(rest))]
        }
    })
}

/// Makes one body of the pieces, and tells its length where it is known.
///
/// # Errors
///
/// A file cannot be read.
pub(super) fn join(pieces: Vec<Piece>) -> Result<(Body, Option<u64>), Failure> {
    let lengths = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
        Piece::File(_, _, length) => Some(*length),
        Piece::Open(_) => None,
    });
    let length = lengths.sum::<Option<u64>>();
    if length.is_some_and(|length| length <= KEPT) {
        return Ok((Body::from(whole(pieces)?), length));
    }
    let sending = Sending {
        waiting: pieces.into(),
        current: None,
    };
    Ok((Body::stream(stream::unfold(sending, Sending::next)), length))
}

/// So much as is kept of something, and whether that was all.
fn beginning(source: &mut impl Read) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    source.take(KEPT).read_to_end(&mut bytes)?;
    let all = u64::try_from(bytes.len()).is_ok_and(|count| count < KEPT);
    Ok((bytes, all))
}

fn whole(pieces: Vec<Piece>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(own) => bytes.extend(own),
            Piece::File(path, file, length) => {
                let fault = |error: io::Error| Failure::error(format!("{path}: {error}"));
                let count = file.take(length).read_to_end(&mut bytes).map_err(fault)?;
                if u64::try_from(count).ok() != Some(length) {
                    return Err(fault(shorter(&path)));
                }
            }
            Piece::Open(_) => {}
        }
    }
    Ok(bytes)
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
                Piece::Bytes(bytes) => return Some((Ok(bytes.into()), self)),
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
        let most = self
            .promised
            .as_ref()
            .map_or(CHUNK, |(_, left)| CHUNK.min(*left));
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
mod tests {
    use super::{KEPT, Piece, join, open};

    fn sized(length: u64) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(length).expect("made long");
        file
    }

    fn opened(file: &tempfile::NamedTempFile) -> Vec<Piece> {
        open(file.path().to_str().expect("UTF-8")).expect("opened")
    }

    #[tokio::test]
    async fn small_bodies_can_be_sent_again_and_large_ones_cannot() {
        let small = sized(10);
        let (body, length) = join(opened(&small)).expect("a body");
        assert_eq!(length, Some(10));
        assert!(body.try_clone().is_some());

        let large = sized(KEPT);
        let mut pieces = vec![Piece::Bytes(b"head".to_vec())];
        pieces.extend(opened(&large));
        pieces.push(Piece::Bytes(b"tail".to_vec()));
        let (body, length) = join(pieces).expect("a body");
        assert_eq!(length, Some(KEPT + 8));
        assert!(body.try_clone().is_none());
        let bytes = body.collect(usize::MAX).await.expect("read");
        assert_eq!(bytes.len() as u64, KEPT + 8);
        assert!(bytes.starts_with(b"head\0") && bytes.ends_with(b"\0tail"));
    }

    #[tokio::test]
    async fn a_file_that_shrinks_breaks_the_promise() {
        let file = sized(KEPT + 1);
        let (body, _) = join(opened(&file)).expect("a body");
        file.as_file().set_len(5).expect("made short");
        let error = body.collect(usize::MAX).await.expect_err("too short");
        assert!(error.to_string().contains("became shorter"), "{error}");
    }

    #[tokio::test]
    async fn what_has_no_length_is_read_to_its_end() {
        let (body, length) = join(open("/proc/self/stat").expect("opened")).expect("a body");
        assert!(length.is_some_and(|length| length > 10) && body.try_clone().is_some());
        let (mut body, length) = join(open("/dev/zero").expect("opened")).expect("a body");
        assert_eq!(length, None);
        let mut seen = 0;
        while seen <= KEPT {
            seen += body.chunk().await.expect("read").expect("endless").len() as u64;
        }
    }
}
