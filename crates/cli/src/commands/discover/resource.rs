//! What an API wants of those who come without a credential.

use gatepass_http::{AnsweredBy, Body, HttpTransport, ResourceError, ResourceTransport as _};
use gatepass_proto::message::challenge::Challenge;
use http::header::WWW_AUTHENTICATE;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::way::Way;
use crate::commands::report::{self, Check, one_line};
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream};

/// An API's answer.
pub(in crate::commands) struct Answer {
    pub(in crate::commands) url: Url,
    pub(in crate::commands) status: StatusCode,
    pub(in crate::commands) challenges: Vec<Challenge>,
}

/// Sends a GET without any credential.
///
/// # Errors
///
/// The network, or a redirect that is not followed.
pub(in crate::commands) async fn ask(
    url: Url,
    transport: &HttpTransport,
) -> Result<Answer, Failure> {
    let request = Request::get(url.as_str())
        .body(Body::empty())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let answer = transport.send_resource(request).await.map_err(|error| {
        let exit = match &error {
            ResourceError::Unreachable(_) => Exit::Network,
            _ => Exit::Error,
        };
        Failure::new(exit, error.to_string())
    })?;
    let by = answer.extensions().get::<AnsweredBy>();
    let values = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    Ok(Answer {
        url: by.map_or(url, |by| by.0.clone()),
        status: answer.status(),
        challenges: values
            .filter_map(|value| value.to_str().ok())
            .flat_map(Challenge::parse_list)
            .collect(),
    })
}

impl Answer {
    /// For programs, with what was found out besides.
    pub(super) fn shown(&self, way: &Way) -> Value {
        let challenges = self.challenges.iter().map(|challenge| {
            let params = challenge.params.iter();
            let params = params.map(|(name, value)| (name.to_ascii_lowercase(), json!(value)));
            json!({
                "scheme": challenge.scheme,
                "params": params.collect::<serde_json::Map<_, _>>(),
                "token68": challenge.token68,
            })
        });
        let own = [
            ("url", json!(self.url)),
            ("status", json!(self.status.as_u16())),
            ("challenges", json!(challenges.collect::<Vec<_>>())),
            ("resource_metadata", json!(self.resource_metadata())),
        ];
        let all = own.into_iter().chain(way.shown());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// For people, with what was found out besides.
    pub(super) fn told(&self, way: &Way) -> String {
        let bold = |text: &str| output::painted(text, "1", Stream::Result);
        let mut text = format!(
            "{}\n  answers {} to a request without a credential\n",
            bold(&one_line(self.url.as_str())),
            self.status
        );
        for challenge in &self.challenges {
            text.push_str(&format!(
                "\n{}: {}\n",
                bold(&one_line(&challenge.scheme)),
                meaning(challenge)
            ));
            let wide = challenge.params.iter().map(|(name, _)| name.len()).max();
            let wide = wide.unwrap_or_default();
            for (name, value) in &challenge.params {
                text.push_str(&format!(
                    "  {:<wide$}  {}\n",
                    one_line(name),
                    one_line(value)
                ));
            }
        }
        text.push_str(&way.told());
        let mut remarks = self.remarks(way);
        remarks.extend(way.remark(&self.url));
        text.push('\n');
        text.push_str(&report::told(&remarks));
        text
    }

    fn resource_metadata(&self) -> Option<&str> {
        let mut named = self.challenges.iter();
        named.find_map(|challenge| challenge.param("resource_metadata"))
    }

    fn remarks(&self, way: &Way) -> Vec<Check> {
        let origin = self.url.origin().ascii_serialization();
        let mut remarks = match (self.status, self.challenges.is_empty()) {
            (StatusCode::UNAUTHORIZED, true) => vec![Check::odd(
                "challenge",
                "it refuses without saying what it wants (RFC 9110 §11.6.1 demands that); its documentation may know",
            )],
            (status, true) if status.is_success() => vec![Check::good(
                "credential",
                "none is needed, for a GET of this URL at least",
            )],
            (_, true) => vec![Check::odd(
                "challenge",
                "none, and no success either; another path of the API may tell more",
            )],
            _ => Vec::new(),
        };
        if let Some(url) = self.resource_metadata() {
            let text = format!("{url} names its authorization servers (RFC 9728)");
            remarks.push(Check::good("resource metadata", text));
        }
        for challenge in &self.challenges {
            remarks.extend(told_by(challenge));
        }
        let mut options: Vec<&str> = self.challenges.iter().filter_map(options).collect();
        options.dedup();
        // Nobody has to make a profile of what is found by itself.
        options.retain(|own| *own != OF_TOKENS || !way.is_found());
        for options in options {
            let add = format!("gatepass profile add NAME --api {origin} {options}");
            remarks.push(Check::good("to use it", add));
        }
        remarks
    }
}

/// What a scheme is, for people.
fn meaning(challenge: &Challenge) -> &'static str {
    let known = [
        (
            "bearer",
            "a token, mostly from an OAuth 2 server (RFC 6750)",
        ),
        ("dpop", "a token bound to a key of the client's (RFC 9449)"),
        (
            "basic",
            "a user name and a password with every request (RFC 7617)",
        ),
        (
            "digest",
            "a user name and a password, proven by a digest (RFC 7616)",
        ),
        (
            "negotiate",
            "Kerberos (RFC 4559), which gatepass does not speak",
        ),
        ("ntlm", "NTLM, which gatepass does not speak"),
    ];
    let found = known.iter().find(|(scheme, _)| challenge.is(scheme));
    found.map_or("a scheme that gatepass does not know", |(_, words)| words)
}

/// What parameters ask for.
fn told_by(challenge: &Challenge) -> Vec<Check> {
    let mut found = Vec::new();
    if let Some(error) = challenge.param("error") {
        let words = challenge.param("error_description").unwrap_or_default();
        let words = if words.is_empty() {
            String::new()
        } else {
            format!(": {words}")
        };
        found.push(Check::odd("error", format!("{error}{words}")));
    }
    if let Some(scope) = challenge.param("scope") {
        found.push(Check::good(
            "scope",
            format!("{scope} is what this URL asks for"),
        ));
    }
    found
}

/// How a profile is made for tokens that nobody has to find.
const OF_TOKENS: &str = "--issuer URL --client-id ID, or --token-command …";

/// How a profile is made for the scheme.
fn options(challenge: &Challenge) -> Option<&'static str> {
    let known = [
        ("basic", "--username USER --password-command …"),
        ("digest", "--digest --username USER --password-command …"),
        ("bearer", OF_TOKENS),
        ("dpop", OF_TOKENS),
    ];
    let named = challenge.param("resource_metadata").is_some();
    let found = known.iter().find(|(scheme, _)| challenge.is(scheme));
    let found = found.map(|(_, options)| *options);
    found.filter(|options| *options != OF_TOKENS || !named)
}
