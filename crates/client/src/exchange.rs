//! One authenticated request: attached, sent, and repeated once for each thing that mends a refusal.

use std::sync::Arc;

use gatepass_http::{AnsweredBy, Body, ResourceTransport as _};
use gatepass_proto::Secret;
use http::request::Parts;
use http::{Request, Response as Answer};
use url::Url;

use crate::refusal::{StepUp, Verdict};
use crate::renew::Why;
use crate::{Attachment, Error, Response, Session};

/// What has been tried against a refusal.
#[derive(Default)]
struct Tried {
    token: bool,
    nonce: bool,
    step_up: bool,
    digest: bool,
}

/// Sends it until an answer stands. The URL is one that the credential is for.
pub(crate) async fn run(
    session: &Session,
    request: Request<Body>,
    url: Url,
) -> Result<Response, Error> {
    let (parts, mut body) = request.into_parts();
    let mut tried = Tried::default();
    loop {
        let attachment = attachment(session, &parts, &url).await?;
        let mut head = parts.clone();
        attachment.put(&mut head)?;
        let again = body.try_clone();
        let answer = session
            .inner
            .transport
            .send_resource(Request::from_parts(head, body))
            .await?;
        let verdict = judge(session, &answer);
        if verdict == Verdict::Token && !tried.token {
            tracing::debug!("the resource refused the token");
            session.inner.state().rejected = Some(attachment.secret.clone());
        }
        let Some(repeat) = again else {
            return Ok(Response::new(answer, verdict.advice()));
        };
        if !mend(session, &verdict, &mut tried, attachment.secret, &parts).await? {
            return Ok(Response::new(answer, verdict.advice()));
        }
        drop(answer);
        body = repeat;
    }
}

async fn attachment(session: &Session, parts: &Parts, url: &Url) -> Result<Attachment, Error> {
    let mut attachment = session.attachment_for(&parts.method, url).await?;
    session.inner.answer_challenge(&mut attachment, parts)?;
    Ok(attachment)
}

/// Only whom the credential was sent to is believed about it.
fn judge(session: &Session, answer: &Answer<Body>) -> Verdict {
    let inner = &session.inner;
    let by = answer.extensions().get::<AnsweredBy>();
    let Some(AnsweredBy(url)) = by.filter(|by| inner.is_ours(&by.0)) else {
        return Verdict::Stands;
    };
    let proofs = inner.state().proofs.clone();
    if let Some(proofs) = proofs {
        proofs.learn(url, answer.headers());
    }
    Verdict::of(answer, inner.credential.makes_tokens())
}

/// Does what mends it, if that has not been tried; whether the request is worth another try.
async fn mend(
    session: &Session,
    verdict: &Verdict,
    tried: &mut Tried,
    refused: Secret,
    parts: &Parts,
) -> Result<bool, Error> {
    let first = |flag: &mut bool| !std::mem::replace(flag, true);
    match verdict {
        Verdict::Stands | Verdict::Scope(_) => Ok(false),
        Verdict::Nonce => Ok(first(&mut tried.nonce)),
        Verdict::Digest(challenges) if first(&mut tried.digest) => {
            session.inner.challenged(challenges, parts)
        }
        Verdict::Token if first(&mut tried.token) => {
            let renewed = session.inner.renewed(Why::Rejected(refused)).await;
            session.or_person(renewed).await?;
            Ok(true)
        }
        Verdict::StepUp(wanted) if first(&mut tried.step_up) => step_up(session, wanted).await,
        _ => Ok(false),
    }
}

/// Logs in again as the resource wants it, where a person is there.
async fn step_up(session: &Session, wanted: &StepUp) -> Result<bool, Error> {
    let Some((person, options)) = &session.inner.person else {
        return Ok(false);
    };
    let mut options = options.clone();
    options.params.extend(wanted.params());
    session.log_in_anew(Arc::clone(person), options).await?;
    Ok(true)
}
