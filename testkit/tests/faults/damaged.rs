//! Damage that nobody sees until the page is read: a large database is not read through at the start.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::database;
use crate::desk::{Desk, redemption, refresh};
use crate::site::Site;
use crate::wire::Call;

const PAGE: usize = 4096;

/// More than the server looks through when it starts.
const PADDING: &str = "INSERT INTO audit (at, event) \
                       WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60) \
                       SELECT 1, hex(zeroblob(50000)) FROM n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_read_gives_nothing() {
    let site = Site::sqlite();
    site.furnish().await;
    let file = site.path("gatepass.db");
    database::run(&file, PADDING.to_owned()).await;
    let server = site.start().await;
    let desk = Desk::open(&site).await;
    let (keys, tokens) = (desk.keys().await, desk.tokens().await);
    let code = desk.code().await.expect("a code");
    server.end().await;

    let mut bytes = fs::read(&file).expect("readable");
    assert!(bytes.len() > 5 * 1024 * 1024, "{}", bytes.len());
    let grant = grant_id(&tokens.refresh);
    let holds = |page: &&mut [u8]| page.windows(16).any(|window| window == grant);
    let damaged = bytes.chunks_mut(PAGE).skip(1).filter(holds);
    let damaged = damaged.map(|page| page[..8].fill(0xa5)).count();
    assert!(damaged > 0, "the grant is in there");
    fs::write(&file, &bytes).expect("written");

    let server = site.start().await;
    for call in [refresh(&tokens.refresh), redemption(&code)] {
        let answer = desk.ask(call).await;
        answer.refused(503, "temporarily_unavailable");
        assert!(!answer.body.contains("token\""), "{answer:?}");
    }
    assert_eq!(desk.keys().await, keys);
    assert_eq!(desk.ask(Call::get("/account")).await.status, 200);
    server.kill().await;
    assert!(fs::read(&file).expect("readable") == bytes, "left as it is");
    let log = site.log();
    assert!(log.contains("damaged"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// What a refresh token begins with.
fn grant_id(token: &str) -> Vec<u8> {
    let payload = token.strip_prefix("gp_rt_").expect("one of ours");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    bytes.get(..16).expect("a grant's id").to_vec()
}
