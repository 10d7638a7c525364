//! The pages that people see. Each is a plain value that renders itself; none knows the store.
//!
//! They are rendered here, work without scripts, and load nothing: the style is inside the page, and the
//! Content Security Policy admits that style alone (see [`layout`]).

mod account;
mod consent;
mod details;
mod device;
mod error;
mod form_post;
pub(crate) mod layout;
mod login;
mod logout;
pub(crate) mod moment;
mod out_of_band;
mod requests;
mod span;

pub(crate) use account::{AccountPage, Application, Notice, PasswordProblem, Seat};
pub(crate) use consent::{ConsentPage, Link, Origin};
pub(crate) use details::Detail;
pub(crate) use device::{CodeProblem, DeviceCodePage, DeviceConsentPage, DeviceDonePage};
pub(crate) use error::ErrorPage;
pub(crate) use form_post::FormPostPage;
pub(crate) use login::{LoginPage, LoginProblem};
pub(crate) use logout::{LoggedOutPage, LogoutPage};
pub(crate) use out_of_band::OutOfBandPage;
pub(crate) use requests::{RequestRow, RequestsPage};

#[cfg(test)]
mod tests;
