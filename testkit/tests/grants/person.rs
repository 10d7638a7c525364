//! A person with a browser, who says yes where they are asked.

use async_trait::async_trait;
use gatepass_http::{Egress, HttpTransport, Person, PersonError, Transport as _};
use gatepass_proto::Params;
use gatepass_proto::flow::Notice;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, Response};
use url::Url;

/// Where they are asked.
#[derive(Clone, Copy)]
pub(crate) enum At {
    /// On the page of devices, with the code of the notice.
    Device,
    /// Among the requests of their account.
    Requests,
}

pub(crate) struct Resident {
    pub(crate) issuer: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) at: At,
}

#[async_trait]
impl Person for Resident {
    async fn redirect(&self, _: Url) -> Result<Params, PersonError> {
        Err(PersonError::Nobody)
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        let mut browser = Browser {
            origin: self.issuer.clone(),
            cookie: String::new(),
        };
        let login = match self.at {
            At::Device => {
                let code = notice.user_code.expect("a code");
                let page = browser.get("/device").await;
                browser.fill(&page, &[("user_code", &code)]).await
            }
            At::Requests => browser.get("/account/requests").await,
        };
        let typed = [
            ("username", self.username.as_str()),
            ("password", self.password.as_str()),
        ];
        let question = browser.fill(&login, &typed).await;
        let done = browser.fill(&question, &[("decision", "allow")]).await;
        assert!(!done.contains("<form"), "{done}");
        Ok(())
    }
}

struct Browser {
    origin: String,
    cookie: String,
}

impl Browser {
    async fn get(&mut self, path: &str) -> String {
        let request = Request::get(format!("{}{path}", self.origin));
        self.send(request.body(Vec::new()).expect("a request"))
            .await
    }

    /// Sends the one form of a page, and follows to the next.
    async fn fill(&mut self, page: &str, typed: &[(&str, &str)]) -> String {
        let form = page.split("<form").nth(1).expect("a form");
        let mut params = Params::new();
        for field in form
            .split("<input")
            .skip(1)
            .filter(|it| it.contains("hidden"))
        {
            params.push(attribute(field, "name"), attribute(field, "value"));
        }
        for (name, value) in typed {
            params.push(*name, *value);
        }
        let request = Request::post(format!("{}{}", self.origin, attribute(form, "action")))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(params.to_form().into_bytes());
        self.send(request.expect("a request")).await
    }

    async fn send(&mut self, mut request: Request<Vec<u8>>) -> String {
        let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
        loop {
            if let Ok(cookie) = self.cookie.parse() {
                request.headers_mut().insert(COOKIE, cookie);
            }
            let answer = transport.send(request).await.expect("an answer");
            self.remember(&answer);
            let Some(next) = answer.headers().get(LOCATION) else {
                return String::from_utf8(answer.into_body()).expect("text");
            };
            let next = next.to_str().expect("a path");
            let next = Request::get(format!("{}{next}", self.origin));
            request = next.body(Vec::new()).expect("a request");
        }
    }

    fn remember(&mut self, answer: &Response<Vec<u8>>) {
        if let Some(cookie) = answer.headers().get(SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            let pair = text.split(';').next().unwrap_or_default();
            pair.clone_into(&mut self.cookie);
        }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let after = tag
        .split(&format!(" {name}=\""))
        .nth(1)
        .expect("it is there");
    let value = after.split('"').next().unwrap_or_default();
    value.replace("&#38;", "&").replace("&amp;", "&")
}
