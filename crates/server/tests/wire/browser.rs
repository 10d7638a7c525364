//! The browser's part: it keeps cookies, reads the one form of a page and sends it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};

/// A browser with its cookies.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    to: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// The one form of a page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// A path of the server's.
    pub(crate) action: String,
    /// The hidden fields.
    pub(crate) hidden: Pairs,
}

impl Browser {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self {
            to,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.send(Call::get(target)).await
    }

    /// Sends a form with what is typed into it.
    pub(crate) async fn submit(&mut self, form: &Form, typed: &[(&str, &str)]) -> Answer {
        self.send(form.call(typed)).await
    }

    /// Sends anything, with the cookies.
    pub(crate) async fn send(&mut self, call: Call) -> Answer {
        let call = match self.cookie_header() {
            Some(cookies) => call.header("Cookie", cookies),
            None => call,
        };
        let answer = call.send(self.to).await;
        for cookie in answer.all("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    fn cookie_header(&self) -> Option<String> {
        let all: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Opens `target`, logs in on the page it shows, and follows to the next page.
    pub(crate) async fn log_in(&mut self, target: &str, name: &str, password: &str) -> Answer {
        let page = self.get(target).await;
        let form = Form::of(&page.body);
        let answer = self
            .submit(&form, &[("username", name), ("password", password)])
            .await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let next = answer.header("location").expect("a Location").to_owned();
        assert!(next.is_ascii(), "{next}");
        self.get(&next).await
    }

    /// Decides on the consent page at `target`.
    pub(crate) async fn decide(&mut self, target: &str, decision: &str) -> Answer {
        let page = self.get(target).await;
        self.submit(&Form::of(&page.body), &[("decision", decision)])
            .await
    }
}

impl Form {
    /// The form of a page that has exactly one.
    pub(crate) fn of(html: &str) -> Self {
        assert_eq!(html.matches("<form").count(), 1, "{html}");
        let form = html.split("<form").nth(1).expect("one form");
        let tag = form.split('>').next().expect("a tag");
        assert_eq!(attribute(tag, "method").as_deref(), Some("post"));
        let hidden = form
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .fold(Pairs::default(), |all, tag| {
                let part = |name| attribute(tag, name).expect("a hidden field has it");
                all.and(&part("name"), &part("value"))
            });
        Self {
            action: attribute(tag, "action").expect("an action"),
            hidden,
        }
    }

    /// The post, without cookies.
    pub(crate) fn call(&self, typed: &[(&str, &str)]) -> Call {
        Call::post(self.action.as_str()).form(&self.hidden.clone().with_all(typed))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(after.split('"').next()?))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';').expect("an entity ends");
        out.push_str(before);
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            numeric => numeric
                .strip_prefix('#')
                .and_then(|digits| digits.parse().ok())
                .and_then(char::from_u32)
                .unwrap_or_else(|| panic!("entity {entity}")),
        });
        rest = after;
    }
    out + rest
}
