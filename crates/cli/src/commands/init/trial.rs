//! Whether the profile works.

use gatepass_client::{Advice, LoginOptions, Profile, Session};
use http::StatusCode;
use url::Url;

use super::ask::Asker;
use crate::commands::login;
use crate::exit::{Exit, Failure};
use crate::output;

/// What is to be done with the profile.
pub(super) enum Outcome {
    /// It works, or is to be kept all the same.
    Keep,
    /// It does not, for this reason.
    Drop(Failure),
}

/// Logs in and calls, again and again if the person wants that.
pub(super) async fn run(
    profile: &Profile,
    session: &Session,
    options: &LoginOptions,
    call: Option<&Url>,
    asker: &mut Asker,
) -> Result<Outcome, Failure> {
    loop {
        let failure = match once(profile, session, options, call).await {
            Ok(()) => return Ok(Outcome::Keep),
            Err(failure) => failure,
        };
        if !asker.present || failure.exit() == Exit::Interrupted {
            return Ok(Outcome::Drop(failure));
        }
        output::failure(&failure);
        let choices = [
            ("Try again", What::Again),
            ("Give up", What::Stop),
            ("Save the profile all the same", What::Save),
        ];
        let choices = choices
            .map(|(label, what)| (label.to_owned(), what))
            .to_vec();
        match asker
            .choose("", "It did not work. What now?", choices, None)
            .await?
        {
            Some(What::Again) => {}
            Some(What::Save) => return Ok(Outcome::Keep),
            _ => return Ok(Outcome::Drop(failure)),
        }
    }
}

#[derive(Clone, Copy)]
enum What {
    Again,
    Stop,
    Save,
}

async fn once(
    profile: &Profile,
    session: &Session,
    options: &LoginOptions,
    call: Option<&Url>,
) -> Result<(), Failure> {
    let status = login::log_in(profile, session, options).await?;
    output::note(&login::told(profile, &status, None));
    match call {
        Some(url) => get(profile, session, url).await,
        None => Ok(()),
    }
}

/// A GET that only has to be let in.
async fn get(profile: &Profile, session: &Session, url: &Url) -> Result<(), Failure> {
    let answer = session.get(url).send().await;
    let answer = answer.map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
    let status = answer.status();
    output::note(&format!("GET {url} was answered {status}."));
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Ok(());
    }
    let reason = match answer.advice() {
        Some(Advice::Scope(Some(scope))) => {
            format!("the API wants the scope {:?}", scope.to_string())
        }
        Some(advice) => advice.to_string(),
        None => format!("the API does not take the credential ({status})"),
    };
    let exit = match status {
        StatusCode::UNAUTHORIZED => Exit::LoginNeeded,
        _ => Exit::Refused,
    };
    Err(Failure::new(exit, output::tame(&reason)))
}
