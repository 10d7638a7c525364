//! What the three login endpoints outside any standard have in common: name and password in, token out, token used.

use std::time::Duration;

use gatepass_client::{Credential, LoginEndpoint, LoginStyle, SecretRef};

use super::check::{Checked, holds, same, same_text};
use super::seen::{Seen, redacted};
use super::world::World;

/// The client on whose behalf these endpoints issue tokens.
const CLIENT: &str = "direct-login";

/// A login endpoint.
pub(super) struct DirectLogin {
    /// Its path.
    pub(super) path: &'static str,
    /// How name and password are sent.
    pub(super) style: LoginStyle,
    /// Where the token is in its answer.
    pub(super) token_pointer: Option<&'static str>,
}

/// Logs in and calls the API with the token.
///
/// # Errors
///
/// Something is not as it must be.
pub(super) async fn walk(world: &World, login: &DirectLogin, seen: &mut Seen) -> Checked {
    let session = world.session(Credential::Login(LoginEndpoint {
        url: world.url(login.path),
        style: login.style,
        username: world.set.user.clone(),
        password: SecretRef::given(world.set.password.as_str()),
        token_pointer: login.token_pointer.map(str::to_owned),
        expires_pointer: None,
        refresh_pointer: None,
        refresh_url: None,
    }))?;
    seen.sent(format!("POST {}", login.path));
    let user = &world.set.user;
    seen.sent(match login.style {
        LoginStyle::Form => format!("username={user}&password=[redacted]"),
        LoginStyle::Json => format!(r#"{{"username":"{user}","password":[redacted]}}"#),
        LoginStyle::Basic => "Authorization: Basic [redacted]".to_owned(),
    });
    let token = session.token(Duration::ZERO).await?;
    seen.got(redacted(&token.access_token));
    holds(
        "a token that says when it expires",
        token.expires_at.is_some(),
    )?;

    let entered = world.enter(&session, "/api/data", seen).await?;
    same("subject", &entered.subject, &world.user_id)?;
    same_text("client", entered.client_id.as_deref(), CLIENT)?;
    same("scheme", entered.scheme.as_str(), "bearer")
}
