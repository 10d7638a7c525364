//! A person who logs in at whatever page they are sent to, and agrees.

use std::net::SocketAddr;
use std::sync::Mutex;

use async_trait::async_trait;
use gatepass_client::{Notice, Person, PersonError};
use gatepass_proto::Params;
use url::Url;

use crate::browser::Browser;
use crate::pairs::Pairs;

/// The person, and what went through their browser.
pub(crate) struct Agreeing {
    pub(crate) server: SocketAddr,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) asked: Mutex<Pairs>,
    pub(crate) answered: Mutex<Pairs>,
}

#[async_trait]
impl Person for Agreeing {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        let query = url.query().unwrap_or_default();
        *self.asked.lock().unwrap() = Pairs::parse(query);
        let target = format!("{}?{query}", url.path());
        let mut browser = Browser::new(self.server);
        let page = browser.get(&target).await;
        // What is wrong with the request is said at once, and here nowhere but at the client.
        let answer = if page.status == 303 {
            page
        } else {
            browser.log_in(&target, &self.user, &self.password).await;
            browser.decide(&target, "allow").await
        };
        let back = answer.location();
        *self.answered.lock().unwrap() = back.clone();
        Ok(Params::parse_form(back.form().as_bytes()).unwrap())
    }

    async fn show(&self, _: Notice) -> Result<(), PersonError> {
        Ok(())
    }
}
