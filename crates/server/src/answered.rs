//! How an authorization request remembers that the person has logged in for it: a mark at the end of its query, which only
//! the login that it asked for could make. Otherwise `prompt=login` would be asked again for ever, or could be passed by.

use std::time::Duration;

use gatepass_proto::{Secret, Timestamp};

use crate::app::App;

/// What stands before the mark.
const MARK: &str = "&logged_in=";
/// For how long a login answers the request that asked for it.
const STANDS: Duration = Duration::from_secs(10 * 60);

/// The query without a mark.
pub(crate) fn bare(query: &str) -> &str {
    query.rsplit_once(MARK).map_or(query, |(bare, _)| bare)
}

/// The query with the mark of a login that gave the browser this cookie.
pub(crate) fn mark(app: &App, cookie: &Secret, query: &str) -> String {
    let bare = bare(query);
    let mark = app.csrf().token(&signed(cookie, bare));
    format!("{bare}{MARK}{mark}")
}

/// Whether the login of this cookie, made at `auth_time`, was made for this request.
pub(crate) fn is_marked(app: &App, cookie: &Secret, auth_time: Timestamp, query: &str) -> bool {
    query.rsplit_once(MARK).is_some_and(|(bare, mark)| {
        app.clock().now() < auth_time + STANDS && app.csrf().check(&signed(cookie, bare), mark)
    })
}

/// No cookie has a line break, so this is never taken for the token of a form.
fn signed(cookie: &Secret, bare: &str) -> String {
    format!("{}\n{bare}", cookie.expose())
}
