//! A person in front of a browser, as far as it takes to log in and consent once. Forms are filled as they come, so it finds
//! its way through ours and through a peer's.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

use crate::connection::{Answer, Connection};
use crate::program::REDIRECT_URI;
use crate::target::Target;
use crate::work::{authorization_request, code_in};

/// More pages than any way through has.
const MAX_PAGES: usize = 12;

/// A browser's memory.
pub(crate) struct Visitor<'a> {
    target: &'a Target,
    cookies: BTreeMap<String, String>,
}

/// Where to go next.
enum Next {
    Get(String),
    Post(String, String),
    Code(String),
}

impl<'a> Visitor<'a> {
    /// Goes all the way from the client's request to the first code. The session and the consent are there from then on.
    pub(crate) async fn consent(target: &'a Target) -> anyhow::Result<(Self, String)> {
        let mut visitor = Self {
            target,
            cookies: BTreeMap::new(),
        };
        let mut next = Next::Get(authorization_request(target, "consent"));
        let mut connection = Connection::open(target.address).await?;
        for _ in 0..MAX_PAGES {
            let request = match &next {
                Next::Get(path) => visitor.get(path),
                Next::Post(path, body) => visitor.post(path, body),
                Next::Code(code) => return Ok((visitor, code.clone())),
            };
            let answer = connection.exchange(&request).await?;
            visitor.remember(&answer);
            next = visitor.follow(&answer)?;
        }
        bail!("no code after {MAX_PAGES} pages")
    }

    /// A GET with what the browser remembers.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers()).into_bytes()
    }

    fn post(&self, path: &str, body: &str) -> Vec<u8> {
        format!(
            "POST {path} HTTP/1.1\r\n{}Origin: http://{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.headers(),
            self.target.address,
            body.len()
        )
        .into_bytes()
    }

    fn headers(&self) -> String {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = match cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", cookies.join("; ")),
        };
        format!(
            "Host: {}\r\nAccept: text/html\r\n{cookies}",
            self.target.address
        )
    }

    fn remember(&mut self, answer: &Answer<'_>) {
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.cookies.retain(|_, value| !value.is_empty());
    }

    fn follow(&self, answer: &Answer<'_>) -> anyhow::Result<Next> {
        match answer.location() {
            Some(to) if to.starts_with(REDIRECT_URI) => Ok(Next::Code(code_in(answer)?)),
            Some(to) => Ok(Next::Get(self.path(to).to_owned())),
            None => self
                .fill(answer.body)
                .with_context(|| format!("a page without a form: {}", answer.told())),
        }
    }

    fn path<'u>(&self, url: &'u str) -> &'u str {
        let origin = format!("http://{}", self.target.address);
        url.strip_prefix(&*origin).unwrap_or(url)
    }

    /// The page's first form with its first button, filled in.
    fn fill(&self, page: &str) -> Option<Next> {
        let (_, form) = page.split_once("<form")?;
        let form = form.split("</form>").next()?;
        let action = attribute(form, "action")?;
        let mut body = form_urlencoded::Serializer::new(String::new());
        let button = form.split("<button").nth(1);
        for input in form.split("<input").skip(1).chain(button) {
            let tag = input.split('>').next()?;
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let value = match &*name {
                "username" | "login" => self.target.known.user.clone(),
                "password" => self.target.known.password.clone(),
                _ => attribute(tag, "value").unwrap_or_default(),
            };
            body.append_pair(&name, &value);
        }
        Some(Next::Post(self.path(&action).to_owned(), body.finish()))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn attributes() {
        let tag = r#" type="hidden" name="csrf" value="a&#38;b""#;
        assert_eq!(attribute(tag, "value").as_deref(), Some("a&b"));
        assert_eq!(attribute(tag, "name").as_deref(), Some("csrf"));
        assert_eq!(attribute(tag, "action"), None);
    }
}
