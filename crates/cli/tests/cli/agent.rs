//! A small browser: follows redirects, keeps cookies, fills the server's forms.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use url::Url;

use crate::server::Server;

/// Somebody at the browser.
pub(crate) struct Agent {
    username: String,
    password: String,
    decision: &'static str,
    cookies: BTreeMap<String, String>,
}

/// Where the browser ended.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Agent {
    /// The ready-made user, who allows everything.
    pub(crate) fn of(server: &Server) -> Self {
        Self {
            username: server.get("user").to_owned(),
            password: server.get("password").to_owned(),
            decision: "allow",
            cookies: BTreeMap::new(),
        }
    }

    /// Presses the other button.
    pub(crate) fn denying(mut self) -> Self {
        self.decision = "deny";
        self
    }

    /// Opens a page and fills its forms until there is none.
    pub(crate) fn visit(&mut self, url: &str) -> Page {
        let mut page = self.follow("GET", url.parse().expect("a URL"), "");
        for _ in 0..4 {
            let Some(form) = Form::of(&page.body) else {
                return page;
            };
            let url = page.url.join(&form.action).expect("an action");
            let answers = [
                ("username", self.username.as_str()),
                ("password", &self.password),
                ("decision", self.decision),
            ];
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(&form.hidden);
            body.extend_pairs(
                answers
                    .iter()
                    .filter(|(name, _)| form.asks.iter().any(|asked| asked == name)),
            );
            page = self.follow("POST", url, &body.finish());
        }
        panic!("too many forms; the last page: {}", page.body);
    }

    fn follow(&mut self, method: &str, mut url: Url, body: &str) -> Page {
        let (mut page, mut target) = self.send(method, &url, body);
        for _ in 0..10 {
            let Some(location) = target else { return page };
            url = url.join(&location).expect("a location");
            (page, target) = self.send("GET", &url, "");
        }
        panic!("too many redirects");
    }

    /// The page, and where it redirects to.
    fn send(&mut self, method: &str, url: &Url, body: &str) -> (Page, Option<String>) {
        let address = url.socket_addrs(|| None).expect("an address");
        let mut stream = TcpStream::connect(&*address).expect("connected");
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            url.authority(),
            cookies.join("; "),
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let mut location = None;
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => {
                    let (name, value) = value
                        .split(';')
                        .next()
                        .and_then(|pair| pair.split_once('='))
                        .expect("a cookie");
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        (
            Page {
                url: url.clone(),
                status,
                body: body.to_owned(),
            },
            location,
        )
    }
}

impl Page {
    /// What stands in the element with `id="code"`.
    pub(crate) fn code(&self) -> &str {
        let after = self.body.split_once("id=\"code\"").expect("a code").1;
        after.split(['>', '<']).nth(1).expect("a code")
    }
}

struct Form {
    action: String,
    hidden: Vec<(String, String)>,
    asks: Vec<String>,
}

impl Form {
    fn of(body: &str) -> Option<Self> {
        let form = body.split_once("<form")?.1.split_once("</form>")?.0;
        let action = attribute(form.split('>').next()?, "action").unwrap_or_default();
        let (mut hidden, mut asks) = (Vec::new(), Vec::new());
        for tag in form
            .split('<')
            .filter(|tag| tag.starts_with("input") || tag.starts_with("button"))
        {
            let tag = tag.split('>').next()?;
            let name = attribute(tag, "name").unwrap_or_default();
            match attribute(tag, "type").as_deref() {
                Some("hidden") => hidden.push((name, attribute(tag, "value").unwrap_or_default())),
                _ => asks.push(name),
            }
        }
        Some(Self {
            action,
            hidden,
            asks,
        })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag
        .split_once(&format!(" {name}=\""))?
        .1
        .split('"')
        .next()?;
    Some(
        value
            .replace("&#38;", "&")
            .replace("&amp;", "&")
            .replace("&#61;", "="),
    )
}
