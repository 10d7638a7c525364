//! The end of a login, by its person: with it end its codes and, as configured, its grants, and its clients are told.

use gatepass_proto::decide::login::Led;
use gatepass_proto::decide::{Done, Facts, Judged};
use gatepass_proto::{Cx, Digest, OAuthError, UserId};

use crate::app::App;
use crate::notices;

/// Ends the login of this cookie, if it is this person's. Whether there was one is not said.
pub(super) async fn end(app: &App, cookie: Digest, user_id: &UserId) -> Result<(), OAuthError> {
    let now = app.clock().now();
    let login = notices::login_at(app.store(), cookie, now).await;
    let login = login.map_err(|error| crate::judge::unavailable(&error))?;
    match login.filter(|login| login.session.user_id == *user_id) {
        Some(login) => {
            let judged = app.judge_alone(|facts, cx| judge(app, &login, facts, cx));
            judged.await
        }
        None => Ok(()),
    }
}

/// It ends once.
fn judge(app: &App, login: &Led, facts: &Facts, cx: &mut Cx<'_>) -> Judged<()> {
    let changes = match facts.session(&login.session.digest)? {
        Some(_) => login.end(app.rules().tokens.end_grants_at_logout, cx),
        None => Vec::new(),
    };
    Ok(Done { changes, value: () })
}
