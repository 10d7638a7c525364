use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_proto::Digest;
use gatepass_proto::decide::details::ClientDetails;

use super::{
    AccountPage, Application, CodeProblem, DeviceCodePage, DeviceConsentPage, DeviceDonePage,
    LoggedOutPage, LogoutPage, Notice, PasswordProblem, RequestRow, RequestsPage, Seat,
};
use super::{ConsentPage, ErrorPage, Link, LoginPage, LoginProblem, Origin, OutOfBandPage};

const NASTY: &str = r#"<script>alert('x')</script> " onfocus="alert(1)"#;

fn login<'a>(username: &'a str, problem: Option<LoginProblem>) -> LoginPage<'a> {
    LoginPage {
        action: "/login?to=%2Foauth%2Fauthorize",
        csrf: "token",
        client_name: Some("Notes"),
        username,
        problem,
        redirect_uri: None,
    }
}

fn consent<'a>(
    client_name: &'a str,
    username: &'a str,
    scopes: &'a [(String, String)],
) -> ConsentPage<'a> {
    ConsentPage {
        action: "/oauth/consent",
        csrf: "token",
        client_name,
        origin: Origin::Host("app.example".to_owned()),
        redirect_uri: "http://localhost:8000/callback",
        username,
        lasts: Duration::from_secs(90 * 24 * 3600),
        scopes,
        details: &[],
        links: &[],
    }
}

fn device_code(user_code: &str, problem: Option<CodeProblem>) -> DeviceCodePage<'_> {
    DeviceCodePage {
        action: "/device",
        csrf: "token",
        user_code,
        problem,
    }
}

fn account(problem: Option<PasswordProblem>, name: &str) -> Response {
    let seat = |id: &str, device: &str, here| Seat {
        id: id.to_owned(),
        device: device.to_owned(),
        since: "12 minutes ago".to_owned(),
        here,
    };
    let application = |name: &str| Application {
        client_id: name.to_owned(),
        name: name.to_owned(),
        scopes: vec![
            "See your data".to_owned(),
            "Know who you are here".to_owned(),
        ],
        since: "3 November 2026".to_owned(),
    };
    AccountPage {
        base: "/account",
        csrf: "token",
        username: name,
        profile: &[("Member since", "1 March 2026".to_owned())],
        notice: problem.is_none().then_some(Notice::Password),
        problem,
        seats: &[
            seat("a", "Firefox on Linux", true),
            seat("b", "Safari on an iPhone", false),
            seat("c", name, false),
        ],
        applications: &[application("Notes"), application(name)],
    }
    .render_page()
}

fn logout(name: &str) -> Response {
    LogoutPage {
        action: "/oauth/logout/confirmed",
        csrf: "token",
        client_name: Some(name),
        username: name,
        onward: Some("https://app.example/bye"),
    }
    .render_page()
}

fn every_page() -> Vec<Response> {
    let scopes = [("read".to_owned(), "see your notes".to_owned())];
    let requests = [RequestRow {
        request: "r1".to_owned(),
        client_name: "Bank".to_owned(),
        binding_message: Some("W4SCT".to_owned()),
        scopes: scopes.to_vec(),
        left: Duration::from_secs(300),
    }];
    vec![
        account(None, "ann"),
        account(Some(PasswordProblem::Wrong), "ann"),
        logout("Notes"),
        LoggedOutPage.render_page(),
        device_code("", None).render_page(),
        device_code("WDJB-MJHT", None).render_page(),
        device_code("x", Some(CodeProblem::Unknown)).render_page(),
        DeviceConsentPage {
            action: "/device/decision",
            csrf: "token",
            client_name: "Television",
            user_code: "WDJB-MJHT",
            username: "ann",
            lasts: Duration::from_secs(600),
            scopes: &scopes,
        }
        .render_page(),
        DeviceDonePage {
            client_name: "Television",
            allowed: true,
        }
        .render_page(),
        RequestsPage {
            action: "/account/requests",
            csrf: "token",
            username: "ann",
            note: Some("You allowed Shop."),
            requests: &requests,
        }
        .render_page(),
        login("", None).render_page(),
        login("ann", Some(LoginProblem::Wrong)).render_page(),
        consent("Notes", "ann", &scopes).render_page(),
        OutOfBandPage {
            client_name: "Notes",
            code: "gp_ac_dGhpcyBpcyBub3QgYSByZWFsIGNvZGUgYXQgYWxsISEhISE",
            lifetime: Duration::from_secs(60),
        }
        .render_page(),
        ErrorPage {
            status: StatusCode::BAD_REQUEST,
            title: "This link does not work",
            what: "The address to return to is not registered.",
            advice: "Go back and try again.",
            code: Some("invalid_request"),
        }
        .render_page(),
    ]
}

async fn html(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn every_page_has_the_headers_and_loads_nothing() {
    for response in every_page() {
        assert_eq!(
            header(&response, "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "same-origin");
        assert_eq!(
            header(&response, "cross-origin-opener-policy"),
            "same-origin"
        );
        let policy = header(&response, "content-security-policy").to_owned();
        for directive in [
            "default-src 'none'; ",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }

        let html = html(response).await;
        let (_, style) = html.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let hash = STANDARD.encode(Digest::of(style).as_bytes());
        assert!(
            policy.contains(&format!("style-src 'sha256-{hash}';")),
            "{policy}"
        );
        for forbidden in [
            "<script", "style=", "src=", "http://", "//", "@import", "url(",
        ] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
        assert!(html.contains(r#"<html lang="en">"#) && html.contains("<main>"));
    }
}

#[tokio::test]
async fn what_others_chose_is_inert() {
    let scopes = [(NASTY.to_owned(), NASTY.to_owned())];
    let mut login = login(NASTY, Some(LoginProblem::Wrong));
    login.client_name = Some(NASTY);
    login.action = NASTY;
    let pages = [
        login.render_page(),
        account(Some(PasswordProblem::Weak(NASTY.to_owned())), NASTY),
        logout(NASTY),
        consent(NASTY, NASTY, &scopes).render_page(),
        OutOfBandPage {
            client_name: NASTY,
            code: NASTY,
            lifetime: Duration::ZERO,
        }
        .render_page(),
        ErrorPage {
            status: StatusCode::BAD_REQUEST,
            title: NASTY,
            what: NASTY,
            advice: NASTY,
            code: Some(NASTY),
        }
        .render_page(),
    ];
    for page in pages {
        let html = html(page).await;
        assert!(
            !html.contains("<script") && !html.contains(r#"" onfocus"#),
            "{html}"
        );
        assert!(html.contains("&#60;script&#62;"), "{html}");
    }
}

#[tokio::test]
async fn login_is_one_form_that_keeps_the_username() {
    let page = html(login("", None).render_page()).await;
    assert_eq!(page.matches("<form").count(), 1);
    assert!(page.contains(r#"<form method="post" action="/login?to=%2Foauth%2Fauthorize">"#));
    assert!(page.contains(r#"<input type="hidden" name="csrf" value="token">"#));
    assert!(page.contains("to continue to <strong><bdi>Notes</bdi></strong>"));
    assert!(!page.contains(" aria-invalid") && !page.contains("role=\"alert\""));

    let response = login("o'neil \"x\"", Some(LoginProblem::Wrong)).render_page();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let page = html(response).await;
    assert!(page.contains(r#"value="o&#39;neil &#34;x&#34;""#), "{page}");
    assert!(page.contains(r#"id="problem" role="alert""#));
    assert_eq!(page.matches(r#"aria-describedby="problem""#).count(), 2);
    assert_eq!(page.matches("autofocus").count(), 1);
}

#[tokio::test]
async fn a_throttled_login_says_how_long_to_wait() {
    let retry_after = Duration::from_millis(29_001);
    let problem = Some(LoginProblem::Throttled { retry_after });
    let response = login("ann", problem).render_page();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&response, "retry-after"), "30");
    assert!(html(response).await.contains("wait 30 seconds"));

    let response = login("ann", Some(LoginProblem::Busy)).render_page();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "retry-after"), "1");
}

#[tokio::test]
async fn consent_is_one_form_with_two_buttons() {
    let scopes = [("read".to_owned(), "see your notes".to_owned())];
    let response = consent("Notes", "ann", &scopes).render_page();
    let policy = header(&response, "content-security-policy");
    assert!(policy.contains("form-action 'self' http:;"), "{policy}");
    let page = html(response).await;
    assert_eq!(page.matches("<form").count(), 1);
    let allow = page.find(r#"name="decision" value="allow""#).unwrap();
    let deny = page.find(r#"name="decision" value="deny""#).unwrap();
    assert!(allow < deny);
    assert!(page.contains("see your notes") && page.contains("<code>read</code>"));
    assert!(page.contains("a program on this computer (localhost:8000)"));
}

#[tokio::test]
async fn consent_links_to_what_the_client_publishes_on_the_web() {
    let published = |policy_uri: &str, tos_uri: &str| ClientDetails {
        policy_uri: Some(policy_uri.to_owned()),
        tos_uri: Some(tos_uri.to_owned()),
        ..ClientDetails::default()
    };
    let shown = async |details: &ClientDetails| {
        let page = ConsentPage {
            links: &Link::all(details),
            ..consent("Notes", "ann", &[])
        };
        html(page.render_page()).await
    };
    let page = shown(&published(
        "https://notes.example/a?b=\"c",
        "https://notes.example/terms",
    ))
    .await;
    assert!(
        page.contains(r#"<a href="https://notes.example/a?b=&#34;c" target="_blank""#),
        "{page}"
    );
    assert!(page.contains("Terms of service") && page.matches("<a ").count() == 2);
    let page = shown(&published(
        "javascript:alert(1)",
        "http://notes.example/terms",
    ))
    .await;
    assert!(!page.contains("<a "), "{page}");
    assert!(!shown(&ClientDetails::default()).await.contains("<a "));
}

#[tokio::test]
async fn the_out_of_band_page_has_no_form() {
    let page = OutOfBandPage {
        client_name: "Notes",
        code: "gp_ac_abc",
        lifetime: Duration::from_secs(60),
    };
    assert!(!format!("{page:?}").contains("gp_ac_abc"));
    let html = html(page.render_page()).await;
    assert!(!html.contains("<form") && html.contains("for 60 seconds"));
    let (_, code) = html.split_once(r#"<code id="code""#).unwrap();
    let (_, code) = code.split_once('>').unwrap();
    assert!(code.starts_with("gp_ac_abc</code>"));
}

/// Writes each page into the folder `$GATEPASS_PAGES`, to be looked at in a browser.
#[tokio::test]
async fn pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("GATEPASS_PAGES").map(std::path::PathBuf::from) else {
        return;
    };
    let throttled = LoginProblem::Throttled {
        retry_after: Duration::from_secs(45),
    };
    let looked_at = [
        ("account", account(None, "ann")),
        (
            "account-wrong",
            account(Some(PasswordProblem::Wrong), "ann"),
        ),
        ("logout", logout("Notes")),
        ("logged-out", LoggedOutPage.render_page()),
    ];
    for (name, page) in looked_at {
        std::fs::write(folder.join(format!("{name}.html")), html(page).await).unwrap();
    }
    let mut pages: Vec<_> = ["login", "login-wrong", "consent", "out-of-band", "error"]
        .into_iter()
        .zip(every_page().into_iter().skip(4))
        .collect();
    let scopes = [
        ("read", "see your notes and their history"),
        ("write", "change and delete your notes"),
    ]
    .map(|(scope, text)| (scope.to_owned(), text.to_owned()));
    let long = "An unreasonably long client name without end ".repeat(3);
    pages.push((
        "login-throttled",
        login("ann", Some(throttled)).render_page(),
    ));
    pages.push((
        "consent-two",
        consent("Notes", "ann", &scopes).render_page(),
    ));
    pages.push(("consent-long", consent(&long, &long, &scopes).render_page()));
    for (name, page) in pages {
        std::fs::write(folder.join(format!("{name}.html")), html(page).await).unwrap();
    }
}
