//! Bodies from standard input: this test program runs itself again, to have one of its own.

use std::process::Stdio;

use gatepass_client::Content;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Only a child has it.
const CHILD: &str = "GATEPASS_TEST_STANDARD_INPUT";

/// What a child does.
async fn child() {
    let content = Content::stdin().unwrap();
    let known = content.len().is_some();
    let body = content.into_body().unwrap();
    let again = body.try_clone().is_some();
    let bytes = body.collect(usize::MAX).await.unwrap();
    let whole = bytes.iter().all(|byte| *byte == b'x');
    println!("\nchild: {} {known} {again} {whole}", bytes.len());
}

/// What a child says of so many bytes.
async fn said(length: usize) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "standard_input::it_is_read_to_its_end"])
        .arg("--nocapture")
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![b'x'; length]).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("child: "));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn it_is_read_to_its_end() {
    if std::env::var_os(CHILD).is_some() {
        return child().await;
    }
    assert_eq!(said(0).await, "0 true true true");
    assert_eq!(said(10).await, "10 true true true", "kept");
    let long = 9 * 1024 * 1024;
    assert_eq!(said(long).await, format!("{long} false false true"));
}
