//! Login endpoints outside any standard: name and password in, token out.

use gatepass_http::Transport as _;
use gatepass_proto::flow::retry_after;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::message::known::KnownSecrets;
use gatepass_proto::message::quirks::Quirks;
use gatepass_proto::message::token::{ErrorResponse, TokenResponse};
use gatepass_proto::{Params, Secret};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::inner::Inner;
use crate::tokens::StoredToken;
use crate::{Error, LoginEndpoint, LoginStyle};

/// Where the token is in an answer, where that was not said.
const TOKEN: [&str; 2] = ["/access_token", "/token"];

impl Inner {
    /// Logs in, or renews by the refresh token of `old` where the endpoint has a way to.
    pub(crate) async fn log_in_at(
        &self,
        login: &LoginEndpoint,
        old: Option<&StoredToken>,
    ) -> Result<StoredToken, Error> {
        let refresh_token = old.and_then(|old| old.refresh_token.as_ref());
        if let (Some(url), Some(token)) = (&login.refresh_url, refresh_token) {
            let request = refresh_request(login, url, token)?;
            match self.post(login, request, token).await {
                Err(error) if error.is_refusal() => {}
                renewed => return Ok(renewed?.succeeding_at_login(old)),
            }
        }
        let password = login.password.read().await?;
        let request = login_request(login, &password)?;
        self.post(login, request, &password).await
    }

    async fn post(
        &self,
        login: &LoginEndpoint,
        request: Request<Vec<u8>>,
        secret: &Secret,
    ) -> Result<StoredToken, Error> {
        let mut known = KnownSecrets::of(&request);
        known.add(secret.expose());
        let asked_at = self.clock.now();
        let response = match &self.network {
            Some(network) => network.send(request).await?,
            None => self.transport.send(request).await?,
        };
        if !response.status().is_success() {
            let quirks = Quirks::default();
            let refusal = ErrorResponse::parse_failure(response.body(), &quirks, &known);
            let reason = refusal.map(|own| own.explanation().unwrap_or(own.error));
            return Err(Error::LoginRefused {
                status: response.status(),
                reason,
                retry_after: retry_after(&response),
            });
        }
        let answer = read(response.body(), login)?;
        Ok(StoredToken::obtained(
            answer,
            asked_at,
            self.credential.binding(),
        ))
    }
}

impl StoredToken {
    /// An endpoint that renews may leave its refresh token as it was.
    fn succeeding_at_login(mut self, old: Option<&Self>) -> Self {
        let kept = old.and_then(|old| old.refresh_token.clone());
        self.refresh_token = self.refresh_token.or(kept);
        self
    }
}

fn login_request(login: &LoginEndpoint, password: &Secret) -> Result<Request<Vec<u8>>, Error> {
    let members = [
        ("username", login.username.as_str()),
        ("password", password.expose()),
    ];
    match login.style {
        LoginStyle::Form => form(&login.url, &members),
        LoginStyle::Json => json(&login.url, &members),
        LoginStyle::Basic => {
            let basic = Credentials::basic(&login.username, password).ok_or_else(|| {
                Error::Setup("a user name for Basic must not have a colon".into())
            })?;
            Request::post(&login.url)
                .header(ACCEPT, "application/json")
                .header(AUTHORIZATION, basic.to_header().expose())
                .body(Vec::new())
                .map_err(|_| no_url(&login.url))
        }
    }
}

/// The refresh token goes back under the name that it came under.
fn refresh_request(
    login: &LoginEndpoint,
    url: &str,
    token: &Secret,
) -> Result<Request<Vec<u8>>, Error> {
    let pointer = login.refresh_pointer.as_deref().unwrap_or(REFRESH_TOKEN);
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let members = [(name, token.expose())];
    match login.style {
        LoginStyle::Form => form(url, &members),
        LoginStyle::Json | LoginStyle::Basic => json(url, &members),
    }
}

fn form(url: &str, members: &[(&str, &str)]) -> Result<Request<Vec<u8>>, Error> {
    let mut params = Params::new();
    for (name, value) in members {
        params.push(*name, *value);
    }
    Request::post(url)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(params.to_form().into_bytes())
        .map_err(|_| no_url(url))
}

fn json(url: &str, members: &[(&str, &str)]) -> Result<Request<Vec<u8>>, Error> {
    let object: serde_json::Map<String, Value> = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    Request::post(url)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(Value::Object(object).to_string().into_bytes())
        .map_err(|_| no_url(url))
}

fn no_url(url: &str) -> Error {
    Error::Setup(format!("login endpoint {url:?} is not a URL"))
}

/// Where a refresh token is, where that was not said.
const REFRESH_TOKEN: &str = "/refresh_token";

/// Puts what is found where RFC 6749 has it and reads the rest by that: `expires_in` and `scope` are widely copied.
fn read(body: &[u8], login: &LoginEndpoint) -> Result<TokenResponse, Error> {
    let unusable = |reason: &str| Error::Answer(format!("the login endpoint's answer: {reason}"));
    let answer: Value = serde_json::from_slice(body).map_err(|_| unusable("expected JSON"))?;
    let pointer = login.token_pointer.as_deref();
    let pointers = pointer.as_ref().map_or(&TOKEN[..], std::slice::from_ref);
    let token = pointers
        .iter()
        .filter_map(|pointer| answer.pointer(pointer)?.as_str())
        .find(|token| !token.is_empty())
        .ok_or_else(|| {
            unusable(&format!(
                "expected the token as text at {}",
                pointers.join(" or ")
            ))
        })?;
    let mut object = answer.as_object().cloned().unwrap_or_default();
    object.insert("access_token".into(), token.into());
    object.insert("token_type".into(), "Bearer".into());
    object.remove("id_token");
    if let Some(pointer) = &login.expires_pointer {
        object.insert(
            "expires_in".into(),
            answer.pointer(pointer).cloned().unwrap_or_default(),
        );
    }
    // A refresh token that has no way back is a secret kept for nothing.
    object.remove("refresh_token");
    if login.refresh_url.is_some() {
        let pointer = login.refresh_pointer.as_deref().unwrap_or(REFRESH_TOKEN);
        let token = answer.pointer(pointer).cloned().unwrap_or_default();
        object.insert("refresh_token".into(), token);
    }
    TokenResponse::parse(Value::Object(object).to_string().as_bytes()).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Secret;

    use super::{read, refresh_request};
    use crate::{LoginEndpoint, LoginStyle, SecretRef};

    fn endpoint(pointer: Option<&str>) -> LoginEndpoint {
        LoginEndpoint {
            url: "https://api.example/login".into(),
            style: LoginStyle::Form,
            username: "u".into(),
            password: SecretRef::given("p"),
            token_pointer: pointer.map(str::to_owned),
            expires_pointer: None,
            refresh_pointer: None,
            refresh_url: None,
        }
    }

    #[test]
    fn the_token_is_found_where_it_is() {
        let token = |body: &str, pointer| {
            read(body.as_bytes(), &endpoint(pointer))
                .map(|answer| answer.access_token.expose().to_owned())
        };
        assert_eq!(token(r#"{"token":"t"}"#, None).expect("found"), "t");
        assert_eq!(
            token(r#"{"token":"t","access_token":"a"}"#, None).expect("found"),
            "a"
        );
        assert_eq!(
            token(r#"{"data":{"jwt":"j"}}"#, Some("/data/jwt")).expect("found"),
            "j"
        );
        assert_eq!(token(r#"[{"x":"j"}]"#, Some("/0/x")).expect("found"), "j");
        for body in ["", "t", "{}", r#"{"token":7}"#, r#"{"token":""}"#] {
            assert!(token(body, None).is_err(), "{body}");
        }
        let text = token(r#"{"secret":"hunter2"}"#, None)
            .expect_err("missing")
            .to_string();
        assert!(
            text.ends_with("expected the token as text at /access_token or /token"),
            "{text}"
        );
    }

    #[test]
    fn a_lifetime_is_believed() {
        let answer = read(
            br#"{"token":"t","expires_in":"60","scope":"read"}"#,
            &endpoint(None),
        )
        .expect("found");
        assert_eq!(answer.expires_in, Some(60));
        let login = LoginEndpoint {
            expires_pointer: Some("/life/seconds".into()),
            ..endpoint(None)
        };
        let answer = read(br#"{"token":"t","life":{"seconds":7}}"#, &login).expect("found");
        assert_eq!(answer.expires_in, Some(7));
    }

    #[test]
    fn a_refresh_token_is_kept_where_there_is_a_way_to_use_it() {
        let body = br#"{"token":"t","refresh":"r"}"#;
        let login = LoginEndpoint {
            refresh_pointer: Some("/refresh".into()),
            refresh_url: Some("https://api.example/refresh".into()),
            ..endpoint(None)
        };
        let answer = read(body, &login).expect("found");
        assert_eq!(answer.refresh_token, Some(Secret::new("r")));
        let request = refresh_request(
            &LoginEndpoint {
                style: LoginStyle::Json,
                ..login
            },
            "https://api.example/refresh",
            &Secret::new("r"),
        )
        .expect("a request");
        assert_eq!(request.body(), br#"{"refresh":"r"}"#);
        assert_eq!(
            read(body, &endpoint(None)).expect("found").refresh_token,
            None
        );
    }
}
