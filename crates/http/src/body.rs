use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use crate::sending::Arriving;

/// The body of a resource's request or answer: bytes, or a stream of them.
pub struct Body(Kind);

enum Kind {
    Bytes(Bytes),
    Stream(Chunks),
    Answer(Box<Arriving>),
}

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// A body that is read while it is sent. It cannot be sent a second time.
    pub fn stream(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self(Kind::Stream(Box::pin(chunks)))
    }

    /// A copy to send again, if that is possible: bytes can, a stream cannot.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(Self(Kind::Bytes(bytes.clone()))),
            Kind::Stream(_) | Kind::Answer(_) => None,
        }
    }

    /// The bytes, where it is not a stream.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Stream(_) | Kind::Answer(_) => None,
        }
    }

    /// Whether it is known to have no bytes.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Kind::Bytes(bytes) if bytes.is_empty())
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// The connection broke, or was silent for too long.
    pub async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Ok(None),
            Kind::Bytes(bytes) => Ok(Some(std::mem::take(bytes))),
            Kind::Stream(chunks) => chunks.next().await.transpose(),
            Kind::Answer(answer) => answer.chunk().await,
        }
    }

    /// The whole, if it has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Those of [`Body::chunk`], and [`io::ErrorKind::FileTooLarge`].
    pub async fn collect(mut self, limit: usize) -> io::Result<Bytes> {
        // Mostly there is one piece, and it is not copied.
        let (mut first, mut whole) = (Bytes::new(), BytesMut::new());
        while let Some(chunk) = self.chunk().await? {
            if first.len() + whole.len() + chunk.len() > limit {
                let text = format!("the answer is larger than {limit} bytes");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
            }
            if first.is_empty() && whole.is_empty() {
                first = chunk;
                continue;
            }
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&chunk);
        }
        Ok(if whole.is_empty() {
            first
        } else {
            whole.freeze()
        })
    }

    /// The pieces as a stream.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        match self.0 {
            Kind::Bytes(bytes) => {
                futures_util::stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed()
            }
            Kind::Stream(chunks) => chunks,
            Kind::Answer(answer) => answer.into_stream().boxed(),
        }
    }

    /// The body of an answer, as it comes.
    pub(crate) fn arriving(answer: Arriving) -> Self {
        Self(Kind::Answer(Box::new(answer)))
    }

    /// The bytes, where it is bytes; the stream otherwise.
    pub(crate) fn into_parts(self) -> Result<Bytes, Chunks> {
        match self.0 {
            Kind::Bytes(bytes) => Ok(bytes),
            Kind::Stream(chunks) => Err(chunks),
            Kind::Answer(answer) => Err(answer.into_stream().boxed()),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(_) | Kind::Answer(_) => f.write_str("Body(stream)"),
        }
    }
}
