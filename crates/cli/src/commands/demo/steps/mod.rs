//! The steps of the walk, one a file, in order. To add one: write its file, add its line to the table.

mod api_key;
mod authorization_code;
mod authorization_code_paste;
mod basic;
mod bearer;
mod client_credentials;
mod consent_denied;
mod login_basic;
mod login_form;
mod login_json;
mod refresh;
mod refresh_race;
mod replay_detected;
mod revoke;
mod throttled;
mod wrong_password;
mod zero_config;

use std::pin::Pin;

use super::check::Checked;
use super::seen::Seen;
use super::world::World;

/// One method, walked through from beginning to end. It leans on no other step.
pub(super) struct Step {
    /// Its name, which programs depend on.
    pub(super) name: &'static str,
    /// Does it, and notes what it saw.
    pub(super) run: for<'a> fn(&'a World, &'a mut Seen) -> Walk<'a>,
}

/// A step under way.
pub(super) type Walk<'a> = Pin<Box<dyn Future<Output = Checked> + Send + 'a>>;

/// Every step.
pub(super) const STEPS: &[Step] = &[
    basic::STEP,
    login_form::STEP,
    login_json::STEP,
    login_basic::STEP,
    bearer::STEP,
    api_key::STEP,
    authorization_code::STEP,
    authorization_code_paste::STEP,
    zero_config::STEP,
    client_credentials::STEP,
    refresh::STEP,
    refresh_race::STEP,
    replay_detected::STEP,
    revoke::STEP,
    consent_denied::STEP,
    wrong_password::STEP,
    throttled::STEP,
];
