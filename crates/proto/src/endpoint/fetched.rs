//! Requests that lie at their client's site (`request_uri`, OpenID Connect Core 1.0 §6.2, RFC 9101 §5.2).
//!
//! A request is judged at every step of the way, and its client could put another one in its place between the page that a
//! person reads and the yes that they give. So it is fetched once, when the browser first brings its address. What stood
//! there is then kept as if it had been pushed, and the browser goes on with a `request_uri` of this server's.

use std::borrow::Cow;

use super::par;
use super::resolve::{self, Pushed, Resolved, Way};
use crate::decide::documents::DocumentKind;
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Halt, Judged, Rules};
use crate::{ClientId, Cx, Digest, ErrorCode, OAuthError, Params, Timestamp};

/// A request that was fetched, signed by its client and good in every respect, and is not kept yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub(super) client_id: ClientId,
    pub(super) params: Vec<(String, String)>,
}

/// The request at `uri`, if the client has registered that address, exactly: or whoever writes a link could send this server
/// anywhere (RFC 9101 §10.4.1).
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with `invalid_request_uri` or `invalid_request_object`.
pub(super) fn fetched<'a>(
    client: &Client,
    uri: &str,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Resolved<'a>, Halt> {
    let own = &client.details.request_uris;
    if !own.iter().any(|own| own == uri) {
        return Err(refused("is not one that this client has registered"));
    }
    let (url, digest) = parts(uri);
    let document = facts
        .document(DocumentKind::RequestObject, url)?
        .map_err(|fault| refused(&fault.to_string()))?;
    if digest.is_some_and(|digest| digest != Digest::of(document)) {
        return Err(refused(
            "has a document whose SHA-256 is not the one in its fragment",
        ));
    }
    let object = std::str::from_utf8(document.trim_ascii());
    let object = object.map_err(|_| refused("has a document that is no request object"))?;
    let params = resolve::signed(client, object, facts, rules, now)?;
    Ok(Resolved {
        params: Cow::Owned(params),
        way: Way::Fetched,
        signed: true,
        changes: Vec::new(),
    })
}

/// The address, and the SHA-256 of what is there, where the fragment is one (§6.2).
fn parts(uri: &str) -> (&str, Option<Digest>) {
    match uri.split_once('#') {
        Some((url, fragment)) => (url, Digest::from_base64url(fragment)),
        None => (uri, None),
    }
}

fn refused(what: &str) -> Halt {
    OAuthError::new(ErrorCode::InvalidRequestUri, format!("request_uri {what}")).into()
}

impl Fetched {
    pub(super) fn of(client: &Client, asked: &Resolved<'_>) -> Self {
        Self {
            client_id: client.client_id.clone(),
            params: par::kept(asked),
        }
    }
}

/// Keeps a request that was fetched: as long as a person may take, and for one code. Gives what the browser goes on with.
///
/// # Errors
///
/// It lacks nothing and refuses nothing.
pub fn keep(fetched: &Fetched, rules: &Rules, cx: &mut Cx<'_>) -> Judged<Params> {
    let pushed = Pushed {
        client_id: fetched.client_id.clone(),
        params: fetched.params.clone(),
        signed: true,
        opened: true,
    };
    let (request_uri, item) = resolve::keep(&pushed, rules.lifetimes.interaction, cx);
    let mut value = Params::new();
    value.push("client_id", fetched.client_id.as_str());
    value.push("request_uri", request_uri);
    Ok(Done {
        changes: vec![item.insert()],
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::Digest;

    #[test]
    fn a_fragment_that_is_a_digest_is_one() {
        let digest = Digest::of("x");
        let text = digest.to_base64url();
        let uri = format!("https://app.example/r.jwt#{text}");
        assert_eq!(parts(&uri), ("https://app.example/r.jwt", Some(digest)));
        for fragment in ["", "v2", &format!("{text}="), &text[1..]] {
            let uri = format!("https://app.example/r.jwt#{fragment}");
            assert_eq!(
                parts(&uri),
                ("https://app.example/r.jwt", None),
                "{fragment}"
            );
        }
        assert_eq!(
            parts("https://app.example/r"),
            ("https://app.example/r", None)
        );
    }
}
