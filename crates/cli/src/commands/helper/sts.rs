//! AssumeRoleWithWebIdentity of the AWS Security Token Service: a token of somebody else's for keys of AWS.
//!
//! The service's interface is its "query" one: a form in, XML out. The call is not signed, for the token is its proof.

use gatepass_client::{Secret, Timestamp};
use gatepass_http::Transport;
use gatepass_proto::Params;
use gatepass_proto::message::known::KnownSecrets;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use crate::exit::{Exit, Failure};
use crate::output;

/// Which role is assumed, and where.
pub(super) struct Role {
    pub(super) endpoint: Url,
    pub(super) arn: String,
    pub(super) session_name: String,
    /// In seconds; without it the service's own, an hour.
    pub(super) duration: Option<u32>,
}

/// Keys of AWS for a while.
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Secret,
    pub(super) expiration: Timestamp,
}

/// Why there are no keys.
pub(super) enum Refusal {
    /// The token has expired, by the service's clock.
    Expired(Failure),
    /// Anything else.
    Other(Failure),
}

impl Refusal {
    /// Whatever it is.
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Expired(failure) | Self::Other(failure) => failure,
        }
    }
}

impl Role {
    /// Asks for the role's keys with this token.
    ///
    /// # Errors
    ///
    /// The network, or what the service said.
    pub(super) async fn assume(
        &self,
        token: &Secret,
        transport: &dyn Transport,
    ) -> Result<Keys, Refusal> {
        let failed = |exit, text: String| Refusal::Other(Failure::new(exit, text));
        let mut params = Params::new();
        params.push("Action", "AssumeRoleWithWebIdentity");
        params.push("Version", "2011-06-15");
        params.push("RoleArn", self.arn.as_str());
        params.push("RoleSessionName", self.session_name.as_str());
        params.push_some(
            "DurationSeconds",
            self.duration.map(|seconds| seconds.to_string()),
        );
        params.push("WebIdentityToken", token.expose());
        let request = Request::post(self.endpoint.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "text/xml, application/xml")
            .body(params.to_form().into_bytes())
            .map_err(|error| failed(Exit::Error, format!("--endpoint: {error}")))?;
        let answer = transport
            .send(request)
            .await
            .map_err(|error| failed(Exit::Network, error.to_string()))?;
        let leaves = leaves(answer.body()).unwrap_or_default();
        if !answer.status().is_success() {
            return Err(leaves.refusal(answer.status(), token));
        }
        leaves.keys().ok_or_else(|| {
            let text = "the answer of AWS cannot be used: expected XML with AccessKeyId, SecretAccessKey, SessionToken and Expiration";
            failed(Exit::Error, text.to_owned())
        })
    }
}

/// The deepest element that is looked at; the keys are at the fourth level.
const MAX_DEPTH: usize = 8;

/// The text of elements that have no others in them, each with the name of the one it is in.
#[derive(Default)]
struct Leaves(Vec<(String, String, Secret)>);

impl Leaves {
    fn text(&self, parent: &str, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(around, own, _)| around == parent && own == name);
        found
            .map(|(_, _, text)| text.expose())
            .filter(|text| !text.is_empty())
    }

    fn keys(&self) -> Option<Keys> {
        let text = |name| self.text("Credentials", name);
        Some(Keys {
            access_key_id: text("AccessKeyId")?.to_owned(),
            secret_access_key: Secret::new(text("SecretAccessKey")?),
            session_token: Secret::new(text("SessionToken")?),
            expiration: moment(text("Expiration")?)?,
        })
    }

    /// In the words of the service, but for the token that it was shown.
    fn refusal(&self, status: StatusCode, token: &Secret) -> Refusal {
        let code = self.text("Error", "Code").unwrap_or_default();
        let message = self.text("Error", "Message").unwrap_or("it gave no reason");
        let text = format!("AWS answered {status}: {code}: {message}").replace(": : ", ": ");
        let known: KnownSecrets = [token].into_iter().collect();
        let short: String = output::tame(&known.strike(&text))
            .chars()
            .take(600)
            .collect();
        let temporary = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || matches!(code, "IDPCommunicationError" | "Throttling");
        let exit = if temporary {
            Exit::Network
        } else {
            Exit::Refused
        };
        match code {
            "ExpiredToken" | "ExpiredTokenException" => Refusal::Expired(Failure::new(exit, short)),
            _ => Refusal::Other(Failure::new(exit, short)),
        }
    }
}

/// Reads the document; `None` when it is no XML, or deeper than anything of the service's.
fn leaves(body: &[u8]) -> Option<Leaves> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let mut found = Leaves::default();
    let mut open: Vec<String> = Vec::new();
    let mut text = Zeroizing::new(String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if open.len() < MAX_DEPTH => {
                open.push(start.local_name().as_ref().to_owned());
                text.clear();
            }
            Event::Start(_) => return None,
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                Some(character) => text.push(character),
                None => text.push_str(quick_xml::escape::resolve_predefined_entity(
                    &name.xml10_content(),
                )?),
            },
            Event::End(_) => {
                let name = open.pop()?;
                let around = open.last().cloned().unwrap_or_default();
                let inside = Secret::new(text.trim());
                text.zeroize();
                found.0.push((around, name, inside));
            }
            Event::Eof => return open.is_empty().then_some(found),
            _ => {}
        }
    }
}

/// RFC 3339; servers that speak the same language sometimes leave the zone out, and mean UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let moment = parsed.or_else(|_| format!("{text}Z").parse()).ok()?;
    u64::try_from(moment.as_second())
        .ok()
        .map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Secret, leaves, moment};
    use http::StatusCode;

    fn document(inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><X>{inside}</X><Y>y</Y></R>"
        )
    }

    const KEYS: &str = "<Credentials>\n<SessionToken>a&#43;b&amp;c</SessionToken>\
        <SecretAccessKey><![CDATA[s]]></SecretAccessKey><Expiration>2026-01-02T03:04:05Z</Expiration>\
        <AccessKeyId> ASIA </AccessKeyId></Credentials>";

    #[test]
    fn the_keys_are_where_the_service_puts_them() {
        let keys = leaves(document(KEYS).as_bytes()).expect("XML").keys();
        let keys = keys.expect("keys");
        assert_eq!(keys.access_key_id, "ASIA");
        assert_eq!(keys.secret_access_key.expose(), "s");
        assert_eq!(keys.session_token.expose(), "a+b&c");
        assert_eq!(keys.expiration.as_secs(), 1_767_323_045);
    }

    #[test]
    fn what_is_not_that_is_no_keys() {
        let elsewhere = KEYS.replace("Credentials", "Other");
        let deep = "<a>".repeat(100_000);
        for broken in [
            "",
            "{}",
            "<a>",
            "<a></b>",
            "<a>&nosuch;</a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            &document(&elsewhere),
            &document(&KEYS.replace("2026", "soon")),
            &document(&KEYS.replace("<AccessKeyId> ASIA </AccessKeyId>", "")),
            &deep,
        ] {
            let keys = leaves(broken.as_bytes()).and_then(|leaves| leaves.keys());
            assert!(keys.is_none(), "{broken:.80}");
        }
        assert!(leaves(b"<a>\xff</a>").is_none());
    }

    #[test]
    fn a_cut_answer_is_no_keys() {
        let whole = document(KEYS).into_bytes();
        for end in 0..whole.len() {
            assert!(
                leaves(&whole[..end]).is_none_or(|leaves| leaves.keys().is_none()),
                "{end}"
            );
        }
    }

    #[test]
    fn refusals_are_told_in_the_words_of_the_service() {
        let refusal = |body: &str, status| match leaves(body.as_bytes())
            .unwrap_or_default()
            .refusal(status, &Secret::new("t.o.k"))
        {
            Refusal::Expired(failure) => ("expired", failure.to_string()),
            Refusal::Other(failure) => ("other", failure.to_string()),
        };
        let error = |code: &str| {
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>m\x1b[1m</Message></Error></ErrorResponse>"
            )
        };
        let (kind, text) = refusal(&error("AccessDenied"), StatusCode::FORBIDDEN);
        assert_eq!(
            (kind, text.as_str()),
            (
                "other",
                "AWS answered 403 Forbidden: AccessDenied: m\u{fffd}[1m"
            )
        );
        assert_eq!(
            refusal(&error("ExpiredToken"), StatusCode::BAD_REQUEST).0,
            "expired"
        );
        assert_eq!(
            refusal("busy", StatusCode::BAD_GATEWAY).1,
            "AWS answered 502 Bad Gateway: it gave no reason"
        );
        let echo = error("InvalidIdentityToken: t.o.k");
        let (_, text) = refusal(&echo, StatusCode::BAD_REQUEST);
        assert!(text.contains("InvalidIdentityToken: [redacted]"), "{text}");
    }

    #[test]
    fn a_moment_without_a_zone_is_utc() {
        assert_eq!(
            moment("2026-01-02T03:04:05.678"),
            moment("2026-01-02T03:04:05Z")
        );
        assert_eq!(moment("1969-01-01T00:00:00Z"), None);
    }
}
