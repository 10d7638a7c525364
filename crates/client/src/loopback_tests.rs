use std::time::Duration;

use gatepass_http::PersonError;
use gatepass_proto::Params;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Loopback;

const LONG: Duration = Duration::from_secs(5);

fn port(listener: &Loopback) -> u16 {
    let url: url::Url = listener.redirect_uri().parse().expect("a URL");
    url.port().expect("a port")
}

async fn say(to: (&str, u16), bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(to).await.expect("somebody listens");
    stream.write_all(bytes.as_ref()).await.expect("written");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn get(port: u16, target: &str) -> String {
    say(
        ("127.0.0.1", port),
        format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
    )
    .await
}

/// Waits while `visits` happen.
async fn waiting(
    listener: Loopback,
    visits: impl Future<Output = ()>,
) -> Result<Params, PersonError> {
    let (outcome, ()) = tokio::join!(listener.wait(Some("s"), LONG), visits);
    outcome
}

/// A signed answer as its middle part, which says `state` and, perhaps, `code`.
fn signed(payload: &str) -> String {
    format!("/callback?response=eyJhbGciOiJFUzI1NiJ9.{payload}.AA")
}

#[tokio::test]
async fn a_signed_answer_is_known_by_the_state_inside() {
    let listener = Loopback::bind("http://127.0.0.1/callback")
        .await
        .expect("a port");
    let port = port(&listener);
    let outcome = waiting(listener, async move {
        for target in [
            "/callback?response=a&state=s&code=a".to_owned(),
            // {"state":"t","code":"a"} and {"state":"s"}
            signed("eyJzdGF0ZSI6InQiLCJjb2RlIjoiYSJ9") + "&state=s",
            signed("eyJzdGF0ZSI6InMifQ") + "&code=a",
        ] {
            let answer = get(port, &target).await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{target}: {answer}");
        }
        // {"state":"s","code":"a"}
        let answer = get(port, &signed("eyJzdGF0ZSI6InMiLCJjb2RlIjoiYSJ9")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    })
    .await;
    let params = outcome.expect("a callback");
    assert!(params.get("response").is_some() && params.get("code").is_none());
}

#[tokio::test]
async fn only_this_logins_callback_ends_the_wait() {
    let listener = Loopback::bind("http://127.0.0.1/callback")
        .await
        .expect("a port");
    let port = port(&listener);
    let outcome = waiting(listener, async move {
        for (target, status) in [
            ("/favicon.ico", "404"),
            ("/callback/?code=a&state=s", "404"),
            ("/?code=a&state=s", "404"),
            ("/callback", "400"),
            ("/callback?code=a", "400"),
            ("/callback?code=a&state=other", "400"),
            ("/callback?code=a&code=b&state=s", "400"),
            ("/callback?code=a&error=b&state=s", "400"),
            ("/callback?state=s", "400"),
            ("/callback?code=%ff&state=s", "400"),
        ] {
            let answer = get(port, target).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{target}: {answer}"
            );
        }
        let post = say(
            ("127.0.0.1", port),
            "POST /callback?code=a&state=s HTTP/1.1\r\n\r\n",
        )
        .await;
        assert!(
            post.starts_with("HTTP/1.1 405") && post.contains("Allow: GET"),
            "{post}"
        );
        say(("127.0.0.1", port), "nonsense\r\n\r\n").await;
        let large = say(
            ("127.0.0.1", port),
            format!("GET /callback?{} HTTP/1.1\r\n", "x".repeat(40_000)),
        )
        .await;
        assert!(
            large.is_empty() || large.starts_with("HTTP/1.1 400"),
            "{large}"
        );
        let silent = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("somebody listens");
        let page = get(port, "/callback?code=right&state=s&iss=i").await;
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("Login received"),
            "{page}"
        );
        assert!(
            page.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"),
            "{page}"
        );
        assert!(
            page.contains("Cache-Control: no-store") && !page.contains("right"),
            "{page}"
        );
        drop(silent);
    })
    .await
    .expect("a callback");
    assert_eq!(
        (outcome.get("code"), outcome.get("iss")),
        (Some("right"), Some("i"))
    );
}

#[tokio::test]
async fn a_refusal_ends_it_too() {
    for (error, words) in [
        ("access_denied", "Access was denied"),
        ("server_error", "did not work"),
    ] {
        let listener = Loopback::bind("http://127.0.0.1:0/cb")
            .await
            .expect("a port");
        let port = port(&listener);
        let outcome = waiting(listener, async move {
            let page = get(port, &format!("/cb?error={error}&state=s")).await;
            assert!(page.contains(words), "{page}");
        })
        .await
        .expect("a callback");
        assert_eq!(outcome.get("error"), Some(error));
    }
}

#[tokio::test]
async fn the_page_tells_what_the_server_says_and_is_not_steered_by_it() {
    for (error, title) in [
        ("access_denied", "Access was denied"),
        ("server_error", "did not work"),
    ] {
        let listener = Loopback::bind("http://127.0.0.1/cb").await.expect("a port");
        let port = port(&listener);
        waiting(listener, async move {
            let said = "error_description=%3Cscript%3E%22no%22%20%26%20'never'%0D%0A&error_uri=javascript:x";
            // What another login's page would say is not shown.
            let other = get(port, &format!("/cb?error={error}&state=t&{said}")).await;
            assert!(other.starts_with("HTTP/1.1 400") && !other.contains("never"), "{other}");
            let page = get(port, &format!("/cb?error={error}&state=s&{said}")).await;
            assert!(page.contains(title), "{page}");
            let shown = format!("<q>{error}: &lt;script&gt;&quot;no&quot; &amp; &#39;never&#39;</q>");
            assert!(page.contains(&shown), "{page}");
            assert!(!page.contains("<script") && !page.contains("javascript"), "{page}");
        })
        .await
        .expect("a callback");
    }
}

#[tokio::test]
async fn nobody_comes() {
    let listener = Loopback::bind("http://127.0.0.1/").await.expect("a port");
    assert_eq!(
        listener.wait(None, Duration::from_millis(30)).await,
        Err(PersonError::TimedOut)
    );
}

#[tokio::test]
async fn localhost_means_both_addresses_and_a_port_is_kept() {
    let listener = Loopback::bind("http://localhost/callback")
        .await
        .expect("a port");
    let free = port(&listener);
    assert_eq!(
        listener.redirect_uri(),
        format!("http://localhost:{free}/callback")
    );
    let has_v6 = tokio::net::TcpListener::bind(("::1", 0)).await.is_ok();
    if has_v6 {
        let outcome = waiting(listener, async move {
            say(
                ("::1", free),
                "GET /callback?code=a&state=s HTTP/1.1\r\n\r\n",
            )
            .await;
        });
        assert!(outcome.await.is_ok());
    } else {
        drop(listener);
    }
    let wished = format!("http://localhost:{free}/callback");
    let again = Loopback::bind(&wished).await.expect("free again");
    assert_eq!(again.redirect_uri(), wished);
    let error = Loopback::bind(&wished)
        .await
        .expect_err("taken")
        .to_string();
    assert!(error.contains(&free.to_string()), "{error}");
}

#[test]
fn what_cannot_be_listened_on() {
    for uri in [
        "http://127.0.0.1/cb",
        "http://localhost:8000/callback",
        "http://[::1]/",
    ] {
        assert!(Loopback::can_serve(uri), "{uri}");
    }
    for uri in [
        "https://localhost",
        "https://localhost/",
        "http://example.com/",
        "urn:ietf:wg:oauth:2.0:oob",
        "http://127.0.0.1/#x",
        "app:/cb",
        "",
    ] {
        assert!(!Loopback::can_serve(uri), "{uri}");
    }
}
