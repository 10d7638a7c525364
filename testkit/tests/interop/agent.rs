//! A person with a browser, a telephone and an opinion.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use gatepass_client::{Browser, LoginOptions, LoginWay, Notice, Person, PersonError, pasted};
use gatepass_http::{Egress, HttpTransport, Origin, Transport as _};
use gatepass_proto::Params;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, Response};
use url::Url;

use crate::page::{Decision, Page};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse";

/// The most pages and redirects of one visit.
const MOST_PAGES: usize = 20;

/// The person; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Agent(Arc<Inner>);

struct Inner {
    transport: HttpTransport,
    server: Origin,
    account: String,
    decision: Decision,
    /// Whether they are asked on their telephone (CIBA).
    phone: bool,
    /// How long they take to come back from the server.
    pause: Duration,
    cookies: Mutex<BTreeMap<String, String>>,
    /// Why a visit did not end at the client.
    stranded: Mutex<Option<String>>,
}

/// Where a visit to the server ends.
enum Landing {
    Away(Url),
    Page(String),
}

impl Agent {
    /// Somebody who does `decision` at a server whose certificate `ca` vouches for.
    pub(crate) fn new(
        server: &str,
        ca: Option<&[u8]>,
        account: &str,
        decision: Decision,
    ) -> Result<Self> {
        let mut egress = Egress::default();
        egress.extra_roots.extend(ca.map(<[u8]>::to_vec));
        Ok(Self(Arc::new(Inner {
            transport: HttpTransport::new(egress)?,
            server: server.parse()?,
            account: account.to_owned(),
            decision,
            phone: false,
            pause: Duration::ZERO,
            cookies: Mutex::default(),
            stranded: Mutex::default(),
        })))
    }

    /// The same, asked on the telephone.
    pub(crate) fn on_phone(self, phone: bool) -> Self {
        self.changed(|inner| inner.phone = phone)
    }

    /// The same, who comes back only after a while.
    pub(crate) fn after(self, pause: Duration) -> Self {
        self.changed(|inner| inner.pause = pause)
    }

    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// How this person logs in.
    pub(crate) fn options(&self, way: LoginWay) -> LoginOptions {
        LoginOptions {
            way,
            browser: Arc::new(self.clone()),
            patience: Duration::from_secs(30),
            ..LoginOptions::default()
        }
    }

    /// Why the last visit did not end at the client, if so.
    pub(crate) fn stranded(&self) -> Option<String> {
        let stranded = self.0.stranded.lock();
        stranded.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens a page, does what it and the next ones ask, and goes back to the client.
    pub(crate) fn browse(&self, url: &Url) {
        let (own, url) = (self.0.clone(), url.clone());
        tokio::spawn(async move {
            let outcome = match own.visit(&url).await {
                Ok(Landing::Away(back)) => own.come_back(&back).await,
                Ok(Landing::Page(text)) => Err(anyhow::anyhow!("{text}")),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                let mut stranded = own.stranded.lock().unwrap_or_else(PoisonError::into_inner);
                *stranded = Some(format!("{error:#}"));
            }
        });
    }

    /// Opens a page from which nothing leads back.
    pub(crate) async fn visit(&self, url: &Url) -> Result<()> {
        self.0.visit(url).await.map(drop)
    }

    /// Answers the question on the telephone.
    pub(crate) async fn answer_phone(&self) -> Result<()> {
        self.0.answer_phone().await
    }
}

impl Browser for Agent {
    fn open(&self, url: &Url) -> Result<(), String> {
        self.browse(url);
        Ok(())
    }
}

#[async_trait]
impl Person for Agent {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        match self.0.visit(&url).await {
            Ok(Landing::Away(back)) => pasted(&url, back.as_str()),
            Ok(Landing::Page(text)) => Err(PersonError::Failed(text)),
            Err(error) => Err(PersonError::Failed(format!("{error:#}"))),
        }
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        // A link without a code is that of a browser on this machine, which is opened by itself.
        let done = match notice.link.as_ref().filter(|_| notice.user_code.is_some()) {
            Some(link) if self.0.pause.is_zero() => self.visit(link).await,
            Some(link) => {
                let (own, link) = (self.clone(), link.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(own.0.pause).await;
                    own.visit(&link).await
                });
                Ok(())
            }
            None if self.0.phone => self.0.answer_phone().await,
            None => Ok(()),
        };
        done.map_err(|error| PersonError::Failed(format!("{error:#}")))
    }
}

impl Inner {
    /// Opens a page of the server and does what it asks, up to the end.
    async fn visit(&self, url: &Url) -> Result<Landing> {
        let mut url = url.clone();
        let mut answer = self.load(&url).await?;
        let mut denied = false;
        for _ in 0..MOST_PAGES {
            if answer.status().is_redirection() {
                url = url.join(answer.headers()[LOCATION].to_str()?)?;
                if !self.server.covers(&url) {
                    return Ok(Landing::Away(url));
                }
                answer = self.load(&url).await?;
                continue;
            }
            let page = Page::read(&String::from_utf8_lossy(answer.body()));
            let goes_on = answer.status() == 200 && !denied;
            let Some(action) = page.action.as_ref().filter(|_| goes_on) else {
                return Ok(Landing::Page(page.text));
            };
            let gives_up = self.decision == Decision::Deny
                && !page.asks_for_password()
                && !page.can_be_denied();
            match &page.cancel {
                Some(cancel) if gives_up => {
                    url = url.join(cancel)?;
                    answer = self.load(&url).await?;
                }
                _ => {
                    url = url.join(action)?;
                    let form = page.filled(self.decision, &self.account, PASSWORD);
                    answer = self.post(&url, &form).await?;
                    denied = self.decision == Decision::Deny && page.can_be_denied();
                }
            }
        }
        bail!("the server asked for more than {MOST_PAGES} pages")
    }

    async fn come_back(&self, url: &Url) -> Result<()> {
        tokio::time::sleep(self.pause).await;
        let request = Request::get(url.as_str()).body(Vec::new())?;
        self.transport.send(request).await?;
        Ok(())
    }

    async fn answer_phone(&self) -> Result<()> {
        let says = match self.decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
        };
        let url = format!("{}/phone/{}/{says}", self.server.as_str(), self.account);
        let answer = self.post(&url.parse()?, &Params::new()).await?;
        anyhow::ensure!(answer.status() == 204, "the phone: {}", answer.status());
        Ok(())
    }

    async fn load(&self, url: &Url) -> Result<Response<Vec<u8>>> {
        self.send(Request::get(url.as_str()).body(Vec::new())?)
            .await
    }

    async fn post(&self, url: &Url, form: &Params) -> Result<Response<Vec<u8>>> {
        let request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_form().into_bytes())?;
        self.send(request).await
    }

    async fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.parse()?);
        }
        let place = request.uri().path().to_owned();
        let answer = self.transport.send(request).await;
        let answer = answer.with_context(|| format!("the page {place}"))?;
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str()?.split(';').next().unwrap_or_default();
            match pair.split_once('=') {
                Some((name, "")) => drop(cookies.remove(name)),
                Some((name, value)) => drop(cookies.insert(name.to_owned(), value.to_owned())),
                None => {}
            }
        }
        drop(cookies);
        Ok(answer)
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}
