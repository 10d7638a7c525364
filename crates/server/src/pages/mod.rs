//! The pages that people see. Each is a plain value that renders itself; none knows the store.
//!
//! They are rendered here, work without scripts, and load nothing: the style is inside the page, and the
//! Content Security Policy admits that style alone (see [`layout`]).

mod consent;
mod error;
pub(crate) mod layout;
mod login;
mod out_of_band;
mod span;

pub(crate) use consent::ConsentPage;
pub(crate) use error::ErrorPage;
pub(crate) use login::{LoginPage, LoginProblem};
pub(crate) use out_of_band::OutOfBandPage;

#[cfg(test)]
mod tests;
