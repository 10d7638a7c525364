//! The login's own places.

/// Begins a login; comes back to the page that `return_to` names.
pub(super) const LOGIN: &str = "/.gatepass/login";
/// Begins one at which the provider asks anew who it is.
pub(super) const LOGIN_ANEW: &str = "/.gatepass/login?prompt=login";
/// Where the provider sends the browser back to.
pub(super) const CALLBACK: &str = "/.gatepass/callback";
/// Logs out.
pub(super) const LOGOUT: &str = "/.gatepass/logout";
/// Says that nobody is logged in.
pub(super) const LOGGED_OUT: &str = "/.gatepass/logged_out";
/// Where the provider tells of logouts.
pub(super) const BACKCHANNEL_LOGOUT: &str = "/.gatepass/backchannel_logout";

/// All of them.
pub(super) const ALL: [&str; 5] = [LOGIN, CALLBACK, LOGOUT, LOGGED_OUT, BACKCHANNEL_LOGOUT];
