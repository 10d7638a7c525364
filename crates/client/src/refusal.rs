//! What a resource's refusal means, and what can be done about it.

use gatepass_proto::Scope;
use gatepass_proto::dpop;
use gatepass_proto::message::challenge::Challenge;
use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};

use crate::discover::Challenged;

/// The most challenges of one answer, in however many headers.
const MAX_CHALLENGES: usize = 64;

/// What an answer means for the credential that it was asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The answer is about something else.
    Stands,
    /// The token is no good (RFC 6750 §3.1). Many servers send a bare 401.
    Token,
    /// The proof lacks the server's nonce (RFC 9449 §9).
    Nonce,
    /// The proof is no good (RFC 9449 §7.1): perhaps our clock has dated it wrong.
    Proof,
    /// A person has to log in again, as described.
    StepUp(StepUp),
    /// The token's scope is not enough.
    Scope(Option<Scope>),
    /// The password has to be proven by this challenge (RFC 7616).
    Digest(Vec<Challenge>),
    /// Nothing but credentials of these schemes is taken.
    Scheme(Vec<String>),
    /// A credential is wanted of one who showed none.
    Unknown(Box<Challenged>),
    /// It belongs to a closer resource than the credential is for.
    Closer(Box<Challenged>),
    /// A new token is no good either: the resource may have moved to another authorization server.
    Moved,
}

/// What would help against a refusal, for the person to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// The token's scope is not enough (RFC 6750 §3.1): log in with more, where it is known what.
    Scope(Option<Scope>),
    /// The login is not good enough (RFC 9470): log in again with these.
    StepUp(StepUp),
    /// The resource takes credentials of these schemes (RFC 9110 §11.6.1), and Digest is not among them: the password was
    /// not sent, and another method may do.
    Scheme(Vec<String>),
    /// The resource wants a credential, and it could not be found out how to get a token for it: these are its challenges. A user
    /// name and password may do for Basic and Digest.
    Challenges(Vec<Challenge>),
    /// The URL belongs to a resource of its own, closer than the one that the credential was found for: these are its challenges.
    /// A token for it is another one, perhaps of another authorization server.
    Closer(Vec<Challenge>),
}

/// How somebody has to have logged in (RFC 9470 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// `acr_values`, the best first.
    pub acr_values: Vec<String>,
    /// `max_age`, in seconds.
    pub max_age: Option<u64>,
}

impl StepUp {
    /// As parameters of an authorization request.
    pub fn params(&self) -> Vec<(String, String)> {
        let mut params = Vec::new();
        if !self.acr_values.is_empty() {
            params.push(("acr_values".to_owned(), self.acr_values.join(" ")));
        }
        if let Some(max_age) = self.max_age {
            params.push(("max_age".to_owned(), max_age.to_string()));
        }
        params
    }
}

impl Verdict {
    /// Reads an answer to a request that carried a token.
    pub(crate) fn of_token<B>(answer: &Response<B>) -> Self {
        let challenges = challenges(answer);
        match answer.status() {
            StatusCode::UNAUTHORIZED => Self::of_unauthorized(answer, &challenges),
            StatusCode::FORBIDDEN => challenges
                .iter()
                .find(|challenge| challenge.param("error") == Some("insufficient_scope"))
                .map_or(Self::Stands, |challenge| {
                    Self::Scope(challenge.param("scope").and_then(|text| text.parse().ok()))
                }),
            _ => Self::Stands,
        }
    }

    /// Reads an answer to a request of one who has a password for Digest.
    pub(crate) fn of_digest<B>(answer: &Response<B>) -> Self {
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Self::Stands;
        }
        let all = challenges(answer).into_iter();
        let (digest, others): (Vec<_>, Vec<_>) = all.partition(|own| own.is("digest"));
        match (digest.is_empty(), others.is_empty()) {
            (false, _) => Self::Digest(digest),
            (true, false) => Self::Scheme(others.into_iter().map(|own| own.scheme).collect()),
            (true, true) => Self::Stands,
        }
    }

    /// Reads an answer to a request that carried no credential.
    pub(crate) fn of_nobody<B>(answer: &Response<B>) -> Self {
        match answer.status() {
            StatusCode::UNAUTHORIZED => Self::Unknown(Box::new(Challenged::by(challenges(answer)))),
            _ => Self::Stands,
        }
    }

    fn of_unauthorized<B>(answer: &Response<B>, challenges: &[Challenge]) -> Self {
        if dpop::wants_nonce(answer.status(), answer.headers(), None) {
            return Self::Nonce;
        }
        let mut ours = challenges
            .iter()
            .filter(|challenge| challenge.is("bearer") || challenge.is("dpop"))
            .peekable();
        if ours.peek().is_none() {
            return Self::Token;
        }
        for challenge in ours {
            match challenge.param("error") {
                Some("insufficient_user_authentication") => {
                    return Self::StepUp(step_up(challenge));
                }
                Some("invalid_dpop_proof") => return Self::Proof,
                None | Some("invalid_token") => return Self::Token,
                Some(_) => {}
            }
        }
        Self::Stands
    }

    /// What to tell whoever gets the answer.
    pub(crate) fn advice(self) -> Option<Advice> {
        match self {
            Self::Scope(scope) => Some(Advice::Scope(scope)),
            Self::StepUp(wanted) => Some(Advice::StepUp(wanted)),
            Self::Scheme(schemes) => Some(Advice::Scheme(schemes)),
            Self::Unknown(challenged) => Some(Advice::Challenges(challenged.challenges)),
            Self::Closer(challenged) => Some(Advice::Closer(challenged.challenges)),
            _ => None,
        }
    }
}

fn step_up(challenge: &Challenge) -> StepUp {
    let words = challenge.param("acr_values").unwrap_or_default();
    StepUp {
        acr_values: words.split_ascii_whitespace().map(str::to_owned).collect(),
        max_age: challenge
            .param("max_age")
            .and_then(|text| text.parse().ok()),
    }
}

/// The challenges of an answer, those of all its headers.
pub(crate) fn challenges<B>(answer: &Response<B>) -> Vec<Challenge> {
    answer
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
        .flat_map(Challenge::parse_list)
        .take(MAX_CHALLENGES)
        .collect()
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scope(Some(scope)) => {
                write!(
                    f,
                    "the token lacks the scope {scope:?}; log in again with it",
                    scope = scope.to_string()
                )
            }
            Self::Scope(None) => {
                f.write_str("the token's scope is not enough; log in again with more")
            }
            Self::StepUp(wanted) => {
                f.write_str("the resource wants a better or fresher login")?;
                if !wanted.acr_values.is_empty() {
                    write!(f, ", acr_values {:?}", wanted.acr_values.join(" "))?;
                }
                if let Some(max_age) = wanted.max_age {
                    write!(f, ", not older than {max_age} s")?;
                }
                f.write_str("; log in again")
            }
            Self::Scheme(schemes) => write!(
                f,
                "the resource takes {} and not Digest, so the password was not sent; choose another method",
                schemes.join(" or ")
            ),
            Self::Challenges(challenges) if challenges.is_empty() => {
                f.write_str("the resource wants a credential and does not say which")
            }
            Self::Challenges(challenges) => {
                let schemes: Vec<&str> = challenges.iter().map(|own| own.scheme.as_str()).collect();
                write!(
                    f,
                    "the resource takes {} and does not say who issues tokens for it; make a profile for it",
                    schemes.join(" or ")
                )
            }
            Self::Closer(_) => f.write_str(
                "the URL belongs to a resource of its own, which this credential is not for; ask for it without naming a profile",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::{StepUp, Verdict};

    fn answer(status: u16, challenge: &str) -> Response<()> {
        let mut answer = Response::builder().status(status);
        if !challenge.is_empty() {
            answer = answer.header("www-authenticate", challenge);
        }
        answer.body(()).expect("an answer")
    }

    #[test]
    fn each_refusal_has_its_remedy() {
        let scope = |text: &str| Verdict::Scope(Some(text.parse().expect("a scope")));
        let wanted = StepUp {
            acr_values: vec!["gold".into(), "silver".into()],
            max_age: Some(60),
        };
        for (status, challenge, expected) in [
            (200, "", Verdict::Stands),
            (401, "", Verdict::Token),
            (401, "Bearer", Verdict::Token),
            (401, "bearer error=\"invalid_token\"", Verdict::Token),
            (401, "Bearer error=\"invalid_request\"", Verdict::Stands),
            (401, "DPoP error=\"invalid_token\"", Verdict::Token),
            (401, "DPoP error=\"use_dpop_nonce\"", Verdict::Nonce),
            (
                401,
                "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold silver\", max_age=\"60\"",
                Verdict::StepUp(wanted),
            ),
            (403, "", Verdict::Stands),
            (
                403,
                "Bearer error=\"insufficient_scope\", scope=\"a b\"",
                scope("a b"),
            ),
            (
                403,
                "Bearer error=\"insufficient_scope\"",
                Verdict::Scope(None),
            ),
        ] {
            let verdict = Verdict::of_token(&answer(status, challenge));
            assert_eq!(verdict, expected, "{status} {challenge}");
        }
        let basic = Verdict::Scheme(vec!["Bearer".into(), "Basic".into()]);
        assert_eq!(
            Verdict::of_digest(&answer(401, "Bearer, Basic realm=\"r\"")),
            basic
        );
        assert_eq!(Verdict::of_digest(&answer(401, "")), Verdict::Stands);
        let digest = "Digest realm=\"r\", nonce=\"n\"";
        for (status, challenge, answerable) in [
            (401, "Bearer", false),
            (401, digest, true),
            (
                401,
                "Basic realm=\"b\", Digest realm=\"r\", nonce=\"n\"",
                true,
            ),
            (403, digest, false),
        ] {
            let verdict = Verdict::of_digest(&answer(status, challenge));
            assert_eq!(
                matches!(verdict, Verdict::Digest(_)),
                answerable,
                "{status} {challenge}"
            );
        }
    }
}
