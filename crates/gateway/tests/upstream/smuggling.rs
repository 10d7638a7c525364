//! Requests that two readers could take for different ones.

use crate::stage::{canned, proxy_of, raw};

/// The first line of each answer, and the lines of the requests that the upstream saw.
async fn sent(bytes: &str) -> (Vec<String>, Vec<String>) {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (server, log) = canned(move |_, _| Some(ok.to_owned())).await;
    let told = raw(proxy_of(server).await, bytes).await;
    let firsts = told.lines().filter(|line| line.starts_with("HTTP/1.1 "));
    let lines = log
        .seen()
        .iter()
        .map(|head| head.lines().next().unwrap_or("").to_owned())
        .collect();
    (firsts.map(ToOwned::to_owned).collect(), lines)
}

#[tokio::test]
async fn what_is_ambiguous_reaches_nobody() {
    const END: &str = "Connection: close\r\n\r\n";
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\n{END}"), "400"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n{END}"),
            "400",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n{END}"),
            "400",
        ),
        (format!("GET http://b/ HTTP/1.1\r\nHost: a\r\n{END}"), "400"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n{END}"),
            "400",
        ),
        (format!("GET / HTTP/1.1\r\nHost : a\r\n{END}"), "400"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n{END}"),
            "400",
        ),
        (
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n{END}ab"
            ),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n{END}a"),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n{END}a"),
            "400",
        ),
        (
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n{END}0\r\n\r\n"
            ),
            "501",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n{END}"),
            "400",
        ),
        (
            format!("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{END}0\r\n\r\n"),
            "400",
        ),
        (format!("TRACE / HTTP/1.1\r\nHost: a\r\n{END}"), "501"),
        (
            format!("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n{END}"),
            "501",
        ),
        (format!("OPTIONS * HTTP/1.1\r\nHost: a\r\n{END}"), "400"),
    ] {
        let (answers, seen) = sent(&request).await;
        let first = answers.first().map_or("", |line| line.as_str());
        assert!(
            first.starts_with(&format!("HTTP/1.1 {status}")),
            "{request:?}: {answers:?}"
        );
        assert_eq!(seen, [""; 0], "{request:?}");
    }
}

/// Both ways to say how long a body is: what one reader takes for a body another takes for a request. The upstream gets
/// one of them.
#[tokio::test]
async fn a_request_within_a_body_stays_a_body() {
    let within = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = within.len();
    let both = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {length:x}\r\n{within}\r\n0\r\n\r\n",
        length + 11,
    );
    let (_, seen) = sent(&both).await;
    assert_eq!(
        seen.first().map(String::as_str),
        Some("POST / HTTP/1.1"),
        "{seen:?}"
    );
    let (server, log) =
        canned(|_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned())).await;
    raw(proxy_of(server).await, &both).await;
    let head = log.seen().first().cloned().expect("a request");
    let framings = ["content-length:", "transfer-encoding:"].map(|name| head.contains(name));
    assert!(framings[0] != framings[1], "{head}");
}

#[tokio::test]
async fn what_follows_a_short_body_is_a_request_of_its_own() {
    let two = "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok\
               GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    // The upstream that reads no bodies would take the body for a request, were both on one connection.
    let proxy = proxy_of(crate::stage::echo().await).await;
    let told = raw(proxy, two).await;
    assert!(
        told.contains("POST /one HTTP/1.1\n") && told.contains("\n\nokHTTP/1.1 200"),
        "{told}"
    );
    assert!(told.contains("GET /two HTTP/1.1\n"), "{told}");
}
