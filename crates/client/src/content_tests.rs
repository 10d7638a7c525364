use super::{Content, KEPT};

fn sized(length: u64) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().set_len(length).expect("made long");
    file
}

#[tokio::test]
async fn small_bodies_can_be_sent_again_and_large_ones_cannot() {
    let small = sized(10);
    let content = Content::file(small.path()).await.expect("opened");
    assert_eq!(content.len(), Some(10));
    assert!(content.into_body().expect("a body").try_clone().is_some());

    let large = sized(KEPT);
    let content = Content::from("head")
        .then(Content::open(large.path()).expect("opened"))
        .then(Content::from("tail"));
    assert_eq!(content.len(), Some(KEPT + 8));
    let body = content.into_body().expect("a body");
    assert!(body.try_clone().is_none());
    let bytes = body.collect(usize::MAX).await.expect("read");
    assert_eq!(bytes.len() as u64, KEPT + 8);
    assert!(bytes.starts_with(b"head\0") && bytes.ends_with(b"\0tail"));
}

#[tokio::test]
async fn a_file_that_shrinks_breaks_the_promise() {
    for length in [10, KEPT + 1] {
        let file = sized(length);
        let content = Content::file(file.path()).await.expect("opened");
        let early = (length <= KEPT).then(|| file.as_file().set_len(5));
        let error = match content.into_body() {
            Err(error) => error,
            Ok(body) => {
                file.as_file().set_len(5).expect("made short");
                body.collect(usize::MAX).await.expect_err("too short")
            }
        };
        assert!(early.is_none_or(|set| set.is_ok()));
        assert!(error.to_string().contains("became shorter"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_has_no_length_is_read_to_its_end() {
    let content = Content::file("/proc/self/stat").await.expect("opened");
    assert!(content.len().is_some_and(|length| length > 10));
    assert!(content.into_body().expect("a body").try_clone().is_some());
    let content = Content::file("/dev/zero").await.expect("opened");
    assert_eq!(content.len(), None);
    let mut body = content.into_body().expect("a body");
    let mut seen = 0;
    while seen <= KEPT {
        seen += body.chunk().await.expect("read").expect("endless").len() as u64;
    }
}

#[test]
fn bytes_are_read_up_to_a_limit_only() {
    let file = sized(10);
    let content = || {
        Content::open(file.path())
            .expect("opened")
            .then("tail".into())
    };
    assert_eq!(content().into_bytes(14).expect("short enough").len(), 14);
    let endless = Content::reader(tokio::io::empty());
    for (content, limit) in [(content(), 13), (endless, u64::MAX)] {
        let error = content.into_bytes(limit).expect_err("too long");
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Content::open("/no/such/file").expect_err("missing");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("/no/such/file: "), "{error}");
}
