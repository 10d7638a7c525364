//! Every method of the seeds.

use gatepass_client::{
    ApiKey, Credential, KeyPlace, LoginEndpoint, LoginStyle, SecretRef, Session, TokenState,
};

use crate::server::{Act, Seen, Server, answer};

/// `me:p:w`
const BASIC: &str = "Basic bWU6cDp3";

fn serve(seen: &Seen) -> Act {
    let authorization = seen.header("authorization");
    match seen.target.as_str() {
        "/form" if seen.text() == "username=me&password=p%3Aw" => {
            answer(200, &[], r#"{"token":"t","access_token":"t-form"}"#)
        }
        "/json" if seen.text() == r#"{"password":"p:w","username":"me"}"# => {
            answer(201, &[], r#"{"data":{"token":"t-json"}}"#)
        }
        "/basic" if seen.method == "POST" && authorization == Some(BASIC) => {
            answer(200, &[], r#"{"token":"t-basic","expires_in":60}"#)
        }
        "/form" | "/json" | "/basic" => answer(
            401,
            &[],
            r#"{"error":"invalid_grant","error_description":"wrong password"}"#,
        ),
        _ => answer(
            200,
            &[],
            format!(
                "{} {}",
                authorization.unwrap_or("-"),
                seen.header("x-api-key").unwrap_or("-")
            ),
        ),
    }
}

async fn sent(server: &Server, credential: Credential) -> String {
    let session = Session::builder(credential)
        .api(&server.url)
        .build()
        .unwrap();
    session
        .get(format!("{}/x", server.url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

fn login(
    server: &Server,
    style: LoginStyle,
    path: &str,
    pointer: Option<&str>,
    password: &str,
) -> Credential {
    Credential::Login(LoginEndpoint {
        url: format!("{}/{path}", server.url),
        style,
        username: "me".into(),
        password: SecretRef::given(password),
        token_pointer: pointer.map(str::to_owned),
        expires_pointer: None,
        refresh_pointer: None,
        refresh_url: None,
    })
}

#[tokio::test]
async fn every_method_is_attached_as_it_should() {
    let server = Server::start(serve).await;
    let secret = || SecretRef::given("s");
    assert_eq!(
        sent(&server, Credential::basic("me", SecretRef::given("p:w"))).await,
        format!("{BASIC} -")
    );
    assert_eq!(
        sent(&server, Credential::bearer(secret())).await,
        "Bearer s -"
    );
    assert_eq!(sent(&server, Credential::api_key(secret())).await, "- s");
    let bearer = Credential::ApiKey(ApiKey {
        key: secret(),
        place: KeyPlace::Bearer,
    });
    assert_eq!(sent(&server, bearer).await, "Bearer s -");
    assert_eq!(
        sent(
            &server,
            login(&server, LoginStyle::Form, "form", None, "p:w")
        )
        .await,
        "Bearer t-form -"
    );
    assert_eq!(
        sent(
            &server,
            login(
                &server,
                LoginStyle::Json,
                "json",
                Some("/data/token"),
                "p:w"
            )
        )
        .await,
        "Bearer t-json -"
    );
    assert_eq!(
        sent(
            &server,
            login(&server, LoginStyle::Basic, "basic", None, "p:w")
        )
        .await,
        "Bearer t-basic -"
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal_with_the_servers_words() {
    let server = Server::start(serve).await;
    let session = Session::builder(login(&server, LoginStyle::Form, "form", None, "hunter2"))
        .api(&server.url)
        .build()
        .unwrap();
    let error = session.get(&server.url).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the login endpoint answered 401 Unauthorized: wrong password"
    );
    assert!(
        error.is_refusal()
            && !error.is_temporary()
            && !format!("{error:?}{session:?}").contains("hunter2")
    );
}

#[tokio::test]
async fn queries_forms_and_headers_are_written() {
    let server = Server::start(serve).await;
    let session = Session::builder(Credential::bearer(SecretRef::given("s")))
        .api(&server.url)
        .build()
        .unwrap();
    session
        .post(format!("{}/x?a=1", server.url))
        .query([("b", "2 3")])
        .header("X-Own", "y")
        .form([("c", "ä&d")])
        .send()
        .await
        .unwrap();
    let last = server.last();
    assert_eq!(
        (last.target.as_str(), last.text().as_str()),
        ("/x?a=1&b=2+3", "c=%C3%A4%26d")
    );
    assert_eq!(
        (last.header("x-own"), last.header("content-type")),
        (Some("y"), Some("application/x-www-form-urlencoded"))
    );
    assert!(
        session
            .get(&server.url)
            .header("bad name", "x")
            .send()
            .await
            .is_err()
    );
    assert_eq!(session.status().await.unwrap().state, TokenState::NotNeeded);
    assert!(session.token(std::time::Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named() {
    let session = Session::builder(Credential::bearer(SecretRef::env("GATEPASS_NO_SUCH")))
        .api("https://x.example")
        .build()
        .unwrap();
    let error = session.get("https://x.example/").send().await.unwrap_err();
    assert!(error.to_string().contains("GATEPASS_NO_SUCH"), "{error}");
}
