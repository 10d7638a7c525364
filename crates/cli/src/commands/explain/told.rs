//! What was said, as annotated HTTP. What is secret or random stands in brackets.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_client::Notice;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use super::notes;
use super::world::{Door, Event, claims};
use crate::output::{self, Stream};

/// The names of a form and its like, whose values are drawn anew each time.
const RANDOM: [(&str, &str); 7] = [
    ("state", "[random]"),
    ("nonce", "[random]"),
    ("jti", "[random]"),
    ("code_challenge", "[SHA-256 of the verifier]"),
    ("code_verifier", "[random]"),
    ("dpop_jkt", "[thumbprint of the token's key]"),
    ("ath", "[SHA-256 of the token]"),
];
/// The longest value that has its note beside it and not below, in characters.
const SHORT: usize = 30;

/// The pages of an explanation, numbered.
#[derive(Default)]
pub(super) struct Pages {
    text: String,
    count: usize,
    /// What the steps from now on are for, beside the usual.
    stage: &'static str,
}

impl Pages {
    /// Everything.
    pub(super) fn text(self) -> String {
        self.text
    }

    /// From now on it is about something else: `When it expires.`
    pub(super) fn stage(&mut self, words: &'static str) {
        self.stage = words;
    }

    /// A line that belongs to no step.
    pub(super) fn note(&mut self, text: &str) {
        self.text.push_str(&format!("{text}\n"));
    }

    /// A step.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Asked {
                what,
                request,
                status,
                answer,
            } => {
                let gap = if self.stage.is_empty() { "" } else { " " };
                let title = format!("{}{gap}{}", self.stage, heading(*what, request));
                self.title(&title);
                self.request(request);
                self.answer(*what, *status, answer);
            }
            Event::Went { to, back } => {
                self.title("The browser goes to the login page");
                self.line(&Method::GET, &bare(to));
                self.lines(to.query_pairs().into_owned(), notes::of_request);
                self.arrow("and comes back, when the person has logged in and agreed, with");
                let back = back
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.lines(back, notes::of_answer);
            }
            Event::Told(notice) => self.notice(notice),
        }
    }

    /// A request for the API, with what authenticates it.
    pub(super) fn call(&mut self, title: &str, url: &Url, headers: &HeaderMap, note: Option<&str>) {
        self.title(title);
        self.line(&Method::GET, url.as_str());
        self.headers(headers);
        if let Some(note) = note {
            self.text.push_str(&format!("     {}\n", dim(note)));
        }
    }

    fn title(&mut self, text: &str) {
        self.count += 1;
        let text = output::painted(&format!("{}. {text}", self.count), "1", Stream::Result);
        self.text.push_str(&format!("\n{text}\n"));
    }

    fn line(&mut self, method: &Method, url: &str) {
        let line = format!("{method} {url}");
        let line = output::painted(&output::tame(&line), "36", Stream::Result);
        self.text.push_str(&format!("   {line}\n"));
    }

    fn arrow(&mut self, text: &str) {
        self.text.push_str(&format!(
            "   {} {text}\n",
            output::painted("←", "36", Stream::Result)
        ));
    }

    fn request(&mut self, request: &Request<Vec<u8>>) {
        let uri = request.uri().to_string();
        self.line(request.method(), &uri);
        self.headers(request.headers());
        let json = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
        match serde_json::from_slice::<Map<String, Value>>(request.body()) {
            Ok(members) if json => self.lines(members.into_iter().map(plain), notes::of_request),
            _ => {
                let params = url::form_urlencoded::parse(request.body()).into_owned();
                self.lines(params, notes::of_request);
            }
        }
    }

    fn headers(&mut self, headers: &HeaderMap) {
        let shown = headers
            .iter()
            .filter(|(name, _)| *name != ACCEPT && *name != CONTENT_TYPE);
        let shown = shown.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (header(name.as_str()), value)
        });
        self.lines(shown, notes::of_request);
    }

    fn answer(&mut self, what: Door, status: StatusCode, answer: &Value) {
        let members = answer.as_object().cloned().unwrap_or_default();
        let shown: Vec<(String, String)> = match what {
            // Of what a server publishes, only what matters here.
            Door::Metadata => members
                .into_iter()
                .filter(|(name, _)| notes::of_answer(name).is_some())
                .map(plain)
                .collect(),
            Door::Keys => vec![("keys".to_owned(), "[…]".to_owned())],
            _ => members.into_iter().map(plain).collect(),
        };
        self.arrow(&format!("{status}"));
        self.lines(shown.into_iter(), notes::of_answer);
    }

    fn notice(&mut self, notice: &Notice) {
        self.title("The person is told");
        for line in notice.text.lines().filter(|line| !line.trim().is_empty()) {
            self.text
                .push_str(&format!("     {}\n", output::tame(line.trim())));
        }
    }

    /// Names and values, and what each is for.
    fn lines(
        &mut self,
        pairs: impl Iterator<Item = (String, String)>,
        note: fn(&str) -> Option<&'static str>,
    ) {
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| {
                let shown = shown(&name, &value).into_owned();
                (name, shown)
            })
            .collect();
        let wide = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
        let names = wide(&mut pairs.iter().map(|(name, _)| name.chars().count()));
        let lengths = pairs.iter().map(|(_, value)| value.chars().count());
        let values = wide(&mut lengths.filter(|length| *length <= SHORT));
        for (name, value) in &pairs {
            let line = format!("     {name:<names$}  {value:<values$}");
            let line = output::tame(&line).replace('\n', " ");
            let note = match name.as_str() {
                "Authorization" => Some(notes::of_scheme(value)),
                name => note(name),
            };
            let Some(note) = note else {
                self.text.push_str(&format!("{}\n", line.trim_end()));
                continue;
            };
            match value.chars().count() <= SHORT {
                true => self.text.push_str(&format!("{line}  {}\n", dim(note))),
                false => {
                    let indent = names + 7;
                    self.text
                        .push_str(&format!("{line}\n{:indent$}{}\n", "", dim(note)));
                }
            }
        }
    }
}

fn dim(text: &str) -> String {
    output::painted(text, "2", Stream::Result)
}

fn heading(what: Door, request: &Request<Vec<u8>>) -> String {
    let params: Vec<(String, String)> = url::form_urlencoded::parse(request.body())
        .into_owned()
        .collect();
    let grant = params.iter().find(|(name, _)| name == "grant_type");
    let grant = grant.map(|(_, value)| value.as_str()).unwrap_or_default();
    match what {
        Door::Resource => "Who issues tokens for the API, by its own word? (RFC 9728)",
        Door::Metadata => {
            "What does the server say of itself? (RFC 8414, OpenID Connect Discovery)"
        }
        Door::Registration => "The client registers itself (RFC 7591)",
        Door::Pushed => "The request goes ahead of the browser (RFC 9126)",
        Door::Device => "A login on another device begins (RFC 8628)",
        Door::Backchannel => "The person is asked on their own device (OpenID CIBA)",
        Door::Keys => "By which keys does the server sign? (RFC 7517)",
        Door::Revocation => "The token ends (RFC 7009)",
        Door::Login => "Name and password for a token, at an endpoint of the API's own",
        Door::Other => "A question to the server",
        Door::Token => match grant {
            "authorization_code" => "The code for a token (RFC 6749 §4.1.3)",
            "client_credentials" => "A token for the client itself (RFC 6749 §4.4)",
            "refresh_token" => "The next token, without anybody (RFC 6749 §6)",
            "password" => "Name and password for a token (RFC 6749 §4.3, an older habit)",
            _ if grant.ends_with(":device_code") => "Has the person agreed? (RFC 8628 §3.4)",
            _ if grant.ends_with(":ciba") => "Has the person agreed? (CIBA Core §10.1)",
            _ if grant.ends_with(":jwt-bearer") => "A signed statement for a token (RFC 7523)",
            _ if grant.ends_with(":token-exchange") => "One token for another (RFC 8693)",
            _ => "A token is asked for",
        },
    }
    .to_owned()
}

/// The URL without its query.
fn bare(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

/// A value as it may be shown.
fn shown<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if let Some((_, stand_in)) = RANDOM.iter().find(|(own, _)| *own == name) {
        return Cow::Borrowed(stand_in);
    }
    if let Some(text) = value.strip_prefix("Basic ").and_then(basic) {
        return Cow::Owned(text);
    }
    match claims(value) {
        Some(claims) => Cow::Owned(jwt(claims)),
        None => Cow::Borrowed(value),
    }
}

/// What is inside a JWT that was signed here.
fn jwt(claims: Map<String, Value>) -> String {
    let members = claims.into_iter().map(plain).map(|(name, value)| {
        let value = shown(&name, &value);
        format!("{name}={value}")
    });
    format!("[signed JWT: {}]", members.collect::<Vec<_>>().join(", "))
}

/// What is inside the credentials of HTTP Basic; a client's are form-encoded first (RFC 6749 §2.3.1).
fn basic(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    Some(format!(
        "Basic [base64 of {}:{}]",
        plain(user),
        plain(password)
    ))
}

fn plain((name, value): (String, Value)) -> (String, String) {
    let value = match value {
        Value::String(text) => text,
        Value::Array(all) if all.iter().all(Value::is_string) => {
            let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            texts.join(" ")
        }
        other => other.to_string(),
    };
    (name, value)
}

/// A header's name as people write it.
fn header(name: &str) -> String {
    match name {
        "dpop" => "DPoP".to_owned(),
        name if name == AUTHORIZATION.as_str() => "Authorization".to_owned(),
        name => name.to_owned(),
    }
}
