//! The client's desk, and the person's browser: every request that these tests make.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::browser::{Browser, Form};
use crate::net;
use crate::pairs::Pairs;
use crate::site::{CALLBACK, CLIENT, PERSON, Site};
use crate::wire::{Answer, Call};

/// Who asks, from where, and the cookies of a browser in which the person has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    from: IpAddr,
    to: SocketAddr,
    cookies: String,
}

/// A pair of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        answer.good();
        Self {
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        }
    }
}

impl Desk {
    /// Logs the person in at a server that runs.
    pub(crate) async fn open(site: &Site) -> Self {
        let mut browser = Browser::new(site.address);
        let (name, password) = PERSON;
        let page = browser.log_in(&target(), name, password).await;
        assert_eq!(page.status, 200, "{page:?}");
        let cookies = browser.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Self {
            from: Ipv4Addr::LOCALHOST.into(),
            to: site.address,
            cookies: cookies.join("; "),
        }
    }

    /// The same from another address of this machine.
    pub(crate) fn from(&self, n: u8) -> Self {
        Self {
            from: Ipv4Addr::new(127, 0, 1, n).into(),
            ..self.clone()
        }
    }

    pub(crate) async fn send(&self, call: &Call) -> Option<Answer> {
        net::send(self.from, self.to, call).await
    }

    /// The same of a server that runs.
    pub(crate) async fn ask(&self, call: Call) -> Answer {
        self.send(&call).await.expect("it answers")
    }

    fn browsing(&self, call: Call) -> Call {
        call.header("Cookie", self.cookies.as_str())
    }

    /// The person's yes, ready to be sent.
    pub(crate) async fn consent(&self) -> Option<Call> {
        let page = self.send(&self.browsing(Call::get(target()))).await?;
        assert_eq!(page.status, 200, "{page:?}");
        let form = Form::of(&page.body);
        Some(self.browsing(form.call(&[("decision", "allow")])))
    }

    /// A code; `None` where the server is gone.
    pub(crate) async fn code(&self) -> Option<String> {
        let answer = self.send(&self.consent().await?).await?;
        let code = answer.location().get("code").map(str::to_owned);
        Some(code.unwrap_or_else(|| panic!("no code: {answer:?}")))
    }

    /// The tokens of a code.
    pub(crate) async fn tokens(&self) -> Tokens {
        let code = self.code().await.expect("it answers");
        Tokens::of(&self.ask(redemption(&code)).await)
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let answer = self.ask(about("/oauth/introspect", token)).await;
        answer.good().json()["active"] == true
    }

    /// The published keys, as they stand there.
    pub(crate) async fn keys(&self) -> String {
        let answer = self.ask(Call::get("/jwks.json")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

fn target() -> String {
    let request = Pairs::of(&[
        ("response_type", "code"),
        ("client_id", CLIENT.0),
        ("redirect_uri", CALLBACK),
    ]);
    format!("/oauth/authorize?{}", request.form())
}

fn post(path: &str, pairs: &[(&str, &str)]) -> Call {
    let (client_id, secret) = CLIENT;
    Call::post(path)
        .basic(client_id, secret)
        .form(&Pairs::of(pairs))
}

pub(crate) fn redemption(code: &str) -> Call {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    post("/oauth/token", &pairs)
}

pub(crate) fn refresh(token: &str) -> Call {
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post("/oauth/token", &pairs)
}

/// Introspection or revocation.
pub(crate) fn about(path: &str, token: &str) -> Call {
    post(path, &[("token", token)])
}

pub(crate) fn registration() -> Call {
    Call::post("/oauth/register").json(r#"{"redirect_uris":["https://app.example/cb"]}"#)
}

/// The login page's form with this password, in a browser of its own.
pub(crate) async fn login(site: &Site, password: &str) -> Answer {
    let mut browser = Browser::new(site.address);
    let page = browser.get(&target()).await;
    let typed = [("username", PERSON.0), ("password", password)];
    browser.submit(&Form::of(&page.body), &typed).await
}
