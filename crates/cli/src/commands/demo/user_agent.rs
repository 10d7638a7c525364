//! A browser in small, and the person before it: loads pages, keeps cookies, fills in the one form of a page as the
//! person would, and goes where it is sent. There is no script to run, for our pages work without.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gatepass_http::{HttpTransport, Origin, Transport as _};
use gatepass_proto::{Params, Secret};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderValue, Request, Response, request::Builder};
use url::Url;

use super::check::{Checked, Fault, there};
use super::page::Page;

/// The most pages and redirects of one visit.
const MOST_PAGES: usize = 10;

/// The browser and its person.
pub(super) struct UserAgent {
    transport: Arc<HttpTransport>,
    server: Origin,
    username: String,
    password: Secret,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What the person says on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Allow.
    Allow,
    /// Deny.
    Deny,
}

/// A visit to the server.
#[derive(Debug)]
pub(super) struct Visit {
    /// Where it ends.
    pub(super) landing: Landing,
    /// The forms that were sent on the way, in short.
    pub(super) forms: Vec<String>,
}

/// Where a visit to the server ends.
#[derive(Debug)]
pub(super) enum Landing {
    /// At another place, which is not loaded yet.
    Away(Url),
    /// On a page with nothing to fill in, or one that complains.
    Page(Page),
}

impl UserAgent {
    /// A browser without cookies, for visits to `server`.
    pub(super) fn new(
        transport: Arc<HttpTransport>,
        server: Origin,
        username: &str,
        password: Secret,
    ) -> Self {
        let (username, cookies) = (username.to_owned(), Mutex::default());
        Self {
            transport,
            server,
            username,
            password,
            cookies,
        }
    }

    /// Opens a page of the server and does what it asks, up to the end.
    ///
    /// # Errors
    ///
    /// The network, or a page that no person could do anything with.
    pub(super) async fn visit(&self, url: &Url, decision: Decision) -> Checked<Visit> {
        let (mut url, mut forms) = (url.clone(), Vec::new());
        let mut answer = self.load(&url).await?;
        for _ in 0..MOST_PAGES {
            if answer.status().is_redirection() {
                url = destination(&url, &answer)?;
                if !self.server.covers(&url) {
                    let landing = Landing::Away(url);
                    return Ok(Visit { landing, forms });
                }
                answer = self.load(&url).await?;
                continue;
            }
            let page = read(&answer)?;
            let Some(form) = page.form.as_ref().filter(|_| page.problem.is_none()) else {
                let landing = Landing::Page(page);
                return Ok(Visit { landing, forms });
            };
            url = url.join(&form.action)?;
            let filled = form.filled(|name| self.types(name), decision.word())?;
            forms.push(name_of(&filled));
            answer = self.post(&url, &filled).await?;
        }
        Err(Fault::new(format!(
            "the server asked for more than {MOST_PAGES} pages"
        )))
    }

    /// Loads the page that the client shows when the browser comes back to it. It gets no cookie of the server's.
    ///
    /// # Errors
    ///
    /// The network, or what came is no page.
    pub(super) async fn come_back(&self, url: &Url) -> Checked<Page> {
        let request = Request::get(url.as_str())
            .header(ACCEPT, "text/html")
            .body(Vec::new())?;
        read(&self.transport.send(request).await?)
    }

    async fn load(&self, url: &Url) -> Checked<Response<Vec<u8>>> {
        self.send(Request::get(url.as_str()), Vec::new()).await
    }

    async fn post(&self, url: &Url, form: &Params) -> Checked<Response<Vec<u8>>> {
        if !self.server.covers(url) {
            return Err(Fault::new("a form of the server leads elsewhere"));
        }
        // What a browser says of where a form comes from.
        let request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ORIGIN, self.server.as_str())
            .header("sec-fetch-site", "same-origin");
        self.send(request, form.to_form().into_bytes()).await
    }

    async fn send(&self, request: Builder, body: Vec<u8>) -> Checked<Response<Vec<u8>>> {
        let mut request = request.header(ACCEPT, "text/html").body(body)?;
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request
                .headers_mut()
                .insert(COOKIE, HeaderValue::from_str(&cookies)?);
        }
        let answer = self.transport.send(request).await?;
        self.keep_cookies(&answer);
        Ok(answer)
    }

    /// What the person types into a field.
    fn types(&self, field: &str) -> Option<String> {
        match field {
            "username" => Some(self.username.clone()),
            "password" => Some(self.password.expose().to_owned()),
            _ => None,
        }
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&self, answer: &Response<Vec<u8>>) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let set = answer.headers().get_all(SET_COOKIE).iter();
        for line in set.filter_map(|value| value.to_str().ok()) {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// What a form is called in short.
fn name_of(filled: &Params) -> String {
    match filled.get("decision") {
        Some(decision) => format!("consent: {decision}"),
        None => "login form".to_owned(),
    }
}

fn destination(from: &Url, answer: &Response<Vec<u8>>) -> Checked<Url> {
    let location = there("a Location in the redirect", answer.headers().get(LOCATION))?;
    Ok(from.join(location.to_str()?)?)
}

fn read(answer: &Response<Vec<u8>>) -> Checked<Page> {
    let kind = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(Fault::new(format!(
            "expected a page, got {} without one",
            answer.status()
        )));
    }
    Page::read(
        answer.status().as_u16(),
        &String::from_utf8_lossy(answer.body()),
    )
}
