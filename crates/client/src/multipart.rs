//! `multipart/form-data` (RFC 7578), with names written as the HTML standard has it.

use std::io;
use std::path::Path;

use gatepass_http::{Body, OsEntropy};
use gatepass_proto::Entropy as _;
use http::HeaderValue;

use crate::{Content, Error};

/// What is sent where nobody knows better.
const BYTES: &str = "application/octet-stream";

/// A multipart form, whose fields keep their order. Files in it are read while it is sent.
///
/// ```
/// # async fn example(session: gatepass_client::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use gatepass_client::{Form, Part};
///
/// let form = Form::new()
///     .text("title", "Sea")
///     .file("photo", "sea.jpg").await?
///     .part("notes", Part::from("# Sea\n").file_name("notes.md").kind("text/markdown"));
/// session.post("https://api.example.com/photos").multipart(form).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Form(Vec<(String, Part)>);

/// The value of a field of a multipart form.
#[derive(Debug)]
pub struct Part {
    content: Content,
    file_name: Option<String>,
    kind: Option<String>,
}

/// A form as it is sent.
#[derive(Debug)]
pub struct Written {
    /// `Content-Type`, with the boundary.
    pub kind: HeaderValue,
    /// `Content-Length`, where the lengths of all parts are known.
    pub length: Option<u64>,
    /// The body.
    pub body: Body,
}

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field of text.
    #[must_use]
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name, Part::from(value.into()))
    }

    /// Adds a file, with its own name and the media type that its name tells; see [`Part::file`].
    ///
    /// # Errors
    ///
    /// As [`Content::file`].
    pub async fn file(self, name: impl Into<String>, path: impl AsRef<Path>) -> io::Result<Self> {
        let part = Part::file(path).await?;
        Ok(self.part(name, part))
    }

    /// Adds a field.
    #[must_use]
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.0.push((name.into(), part));
        self
    }

    /// Writes the form with a boundary that nobody can guess.
    ///
    /// # Errors
    ///
    /// A media type has characters that are not allowed; a file cannot be read.
    pub fn write(self) -> Result<Written, Error> {
        let boundary = boundary();
        let mut all = Content::default();
        for (name, part) in self.0 {
            let head = part.head(&name, &boundary)?;
            all = all.then(head.into()).then(part.content).then("\r\n".into());
        }
        all = all.then(format!("--{boundary}--\r\n").into());
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        Ok(Written {
            kind: kind.map_err(|error| Error::Setup(error.to_string()))?,
            length: all.len(),
            body: all
                .into_body()
                .map_err(|error| Error::Setup(error.to_string()))?,
        })
    }
}

impl Part {
    /// A file, with its own name and the media type that its name tells.
    ///
    /// # Errors
    ///
    /// As [`Content::file`].
    pub async fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let content = Content::file(&path).await?;
        Ok(Self::from(content).described(path.as_ref()))
    }

    /// The same without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Content::file`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let content = Content::open(&path)?;
        Ok(Self::from(content).described(path.as_ref()))
    }

    /// Says that it is a file of this name.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says its media type.
    #[must_use]
    pub fn kind(mut self, media_type: impl Into<String>) -> Self {
        self.kind = Some(media_type.into());
        self
    }

    fn described(mut self, path: &Path) -> Self {
        let name = path.file_name();
        self.file_name = name.map(|name| name.to_string_lossy().into_owned());
        let guessed = mime_guess::from_path(path).first_raw();
        self.kind(guessed.unwrap_or(BYTES))
    }

    /// What stands before the content.
    fn head(&self, name: &str, boundary: &str) -> Result<String, Error> {
        let name = escaped(&with_whole_line_ends(name));
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", escaped(name)));
        }
        if let Some(kind) = &self.kind {
            HeaderValue::from_str(kind).map_err(|_| {
                Error::Setup("a media type has characters that are not allowed".into())
            })?;
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        Ok(head + "\r\n\r\n")
    }
}

impl<T: Into<Content>> From<T> for Part {
    fn from(content: T) -> Self {
        Self {
            content: content.into(),
            file_name: None,
            kind: None,
        }
    }
}

/// Random, so that no content has it.
fn boundary() -> String {
    let mut random = [0; 16];
    OsEntropy.fill(&mut random);
    format!("gatepass-{:032x}", u128::from_be_bytes(random))
}

/// As browsers write names: only what would end the header is replaced.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The names of fields, unlike those of files, have no bare CR or LF.
fn with_whole_line_ends(name: &str) -> String {
    let bare = name.replace("\r\n", "\n").replace('\r', "\n");
    bare.replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::{Form, Part};
    use crate::Content;

    #[tokio::test]
    async fn the_length_is_exact_and_names_cannot_break_out() {
        let form = Form::new()
            .text("a\"\nX: y", "1\n2")
            .part(
                "f",
                Part::from("two\n")
                    .file_name("ü \"\n.txt")
                    .kind("text/plain"),
            )
            .part("", Part::from(vec![0]));
        let written = form.write().expect("a form");
        let kind = written.kind.to_str().expect("text").to_owned();
        let boundary = kind
            .split_once("boundary=")
            .expect("a boundary")
            .1
            .to_owned();
        let body = written.body.collect(1 << 20).await.expect("a body");
        assert_eq!(written.length, Some(body.len() as u64));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a%22%0D%0AX: y\"\r\n\r\n1\n2\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"ü %22%0A.txt\"\r\n\
             Content-Type: text/plain\r\n\r\ntwo\n\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\0\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&body), expected);
    }

    #[tokio::test]
    async fn a_file_tells_its_name_and_its_kind() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, kind) in [("sea.png", "image/png"), ("sea.unheardof", super::BYTES)] {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").expect("written");
            let form = Form::new().file("f", &path).await.expect("opened");
            let body = form
                .write()
                .expect("a form")
                .body
                .collect(1000)
                .await
                .expect("a body");
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(
                text.contains(&format!("; filename=\"{name}\"\r\n")),
                "{text}"
            );
            assert!(
                text.contains(&format!("Content-Type: {kind}\r\n\r\nx\r\n")),
                "{text}"
            );
        }
    }

    #[test]
    fn two_forms_have_two_boundaries_and_an_open_end_has_no_length() {
        let write = |form: Form| form.write().expect("a form");
        assert_ne!(write(Form::new()).kind, write(Form::new()).kind);
        let open = Part::from(Content::reader(tokio::io::empty()));
        let written = write(Form::new().part("a", open));
        assert_eq!(written.length, None);
        assert!(written.body.try_clone().is_none());
    }

    #[test]
    fn a_media_type_cannot_add_headers() {
        let part = Part::from("x").kind("text/plain\r\nX-Evil: 1");
        assert!(Form::new().part("a", part).write().is_err());
    }
}
