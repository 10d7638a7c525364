//! `--scope`: a token of a scope, for one command.

use clap::Args;
use gatepass_client::{
    Credential, Egress, Error, LoginOptions, Profile, Scope, Session, Status, TokenState,
};

use super::login::own_scope;
use crate::context::{Asked, Context};
use crate::exit::{Exit, Failure};
use crate::output;

/// Which scope the token has to have.
#[derive(Args)]
pub(super) struct ScopeArgs {
    /// Take a token that has these scopes, like "read write": the one at hand, or another beside it
    #[arg(long, value_name = "SCOPES", value_parser = some_scope)]
    scope: Option<Scope>,
}

fn some_scope(text: &str) -> Result<Scope, String> {
    let scope: Scope = text.parse().map_err(|error| format!("{error}"))?;
    if scope.is_empty() {
        return Err("expected a scope, or several with spaces between".to_owned());
    }
    Ok(scope)
}

impl ScopeArgs {
    /// The session of a profile for tokens of the scope that was asked for; without one, for any.
    ///
    /// The token at hand serves if it has the scope. Where nobody has to be asked, another is made and kept beside it.
    /// What a person has to grant is asked for only where somebody is there for it (`asked`), and nothing is sent
    /// otherwise.
    ///
    /// # Errors
    ///
    /// [`Exit::LoginNeeded`], with the login that helps; [`Exit::Usage`] where a method has no scopes.
    pub(super) async fn session(
        &self,
        context: &Context,
        profile: &Profile,
        egress: Egress,
        asked: Option<Asked>,
    ) -> Result<Session, Failure> {
        let Some(wanted) = &self.scope else {
            return context.session_by(profile, egress, asked);
        };
        let Credential::OAuth(_) = &profile.credential else {
            return Err(Failure::usage(format!(
                "{} has no scopes to choose from; --scope is for method oauth, and its method is {}",
                profile.name,
                profile.credential.method()
            )));
        };
        let usual = context.session_by(profile, egress.clone(), None)?;
        if !profile.credential.needs_person() {
            return of_a_machine(profile, usual, wanted).await;
        }
        let granted = granted(&usual).await;
        match asked {
            Some((person, options)) => {
                let scope = to_log_in_for(profile, granted.as_ref(), wanted);
                let options = LoginOptions {
                    scope: Some(scope),
                    ..options
                };
                let session = context.session_by(profile, egress, Some((person, options)))?;
                Ok(session.with_scope(wanted))
            }
            None => of_a_person(profile, &usual, granted.as_ref(), wanted).await,
        }
    }
}

/// The usual token, if it has the scope or would have; else one more.
async fn of_a_machine(
    profile: &Profile,
    usual: Session,
    wanted: &Scope,
) -> Result<Session, Failure> {
    let status = usual.status().await?;
    let known = Some(&status)
        .filter(|status| status.state == TokenState::Valid)
        .and_then(|status| status.scope.as_ref());
    // What the profile asks for is what the next token has, whatever this one does.
    let serves = match (known, own_scope(profile)) {
        (Some(known), None) => wanted.is_subset_of(known),
        (Some(known), Some(own)) => wanted.is_subset_of(known) && wanted.is_subset_of(own),
        (None, own) => own.is_some_and(|own| wanted.is_subset_of(own)),
    };
    Ok(if serves {
        usual
    } else {
        usual.with_scope(wanted)
    })
}

async fn of_a_person(
    profile: &Profile,
    usual: &Session,
    granted: Option<&Scope>,
    wanted: &Scope,
) -> Result<Session, Failure> {
    let session = usual.with_scope(wanted);
    let status: Status = session.status().await?;
    if status.state != TokenState::LoginNeeded {
        return Ok(session);
    }
    let name = &profile.name;
    let reason = match granted.map(|granted| missing(wanted, granted)) {
        None => format!("{name} has no token of scope {wanted}"),
        Some(missing) if missing.is_empty() => format!("the token of {name} has expired"),
        Some(missing) => format!("the token of {name} lacks scope {missing}"),
    };
    let scope = to_log_in_for(profile, granted, wanted);
    Err(login_needed(profile, &reason, &scope))
}

/// What went wrong with a session of a profile. Where a login helps, it is one for the session's scope.
pub(super) fn failure(error: Error, profile: &Profile, session: &Session) -> Failure {
    let wanted = match session.credential() {
        Credential::OAuth(oauth) if oauth.grant.needs_person() => oauth.scope.as_ref(),
        _ => None,
    };
    match (error, wanted) {
        (Error::LoginNeeded(reason), Some(wanted)) if Some(wanted) != own_scope(profile) => {
            let scope = to_log_in_for(profile, None, wanted);
            login_needed(profile, &reason, &scope)
        }
        (error, _) => Failure::of_profile(error, profile.name.as_str()),
    }
}

fn login_needed(profile: &Profile, reason: &str, scope: &Scope) -> Failure {
    let (name, scope) = (&profile.name, output::shell_word(&scope.to_string()));
    let text = format!("login needed: {reason}; run `gatepass login {name} --scope {scope}`");
    Failure::new(Exit::LoginNeeded, text)
}

/// The scope of a login after which the token has what is wanted, what it has now, and what the profile needs.
fn to_log_in_for(profile: &Profile, granted: Option<&Scope>, wanted: &Scope) -> Scope {
    let all = [own_scope(profile), granted, Some(wanted)];
    all.into_iter()
        .flatten()
        .fold(Scope::empty(), |all, one| all.union(one))
}

/// What a login asks for that was told to ask for `wanted`: what the token at hand has stays, unless part of that alone
/// is wanted.
pub(super) async fn widened(session: &Session, wanted: Scope) -> Scope {
    match granted(session).await {
        Some(granted) if !wanted.is_subset_of(&granted) => granted.union(&wanted),
        _ => wanted,
    }
}

/// The scope of the token that a person has granted, as far as it is known, whether or not it serves the profile.
async fn granted(session: &Session) -> Option<Scope> {
    let any = session.with_scope(&Scope::empty());
    any.status().await.ok()?.scope
}

/// What is wanted and not there.
pub(super) fn missing(wanted: &Scope, there: &Scope) -> String {
    let missing: Vec<&str> = wanted.iter().filter(|word| !there.contains(word)).collect();
    missing.join(" ")
}
