//! The person, who agrees to everything, and their browser.

use async_trait::async_trait;
use gatepass_client::{Notice, Person, PersonError};
use gatepass_http::Clock as _;
use gatepass_proto::Params;
use serde_json::json;
use url::Url;

use super::{Event, World, claims};

#[async_trait]
impl Person for World {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        let carried: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        // A request that was pushed is known already, and the browser carries its name only.
        if !carried.iter().any(|(name, _)| name == "request_uri") {
            let mut asked = Params::new();
            for (name, value) in carried {
                asked.push(name, value);
            }
            self.desk().asked = asked;
        }
        let back = self.back();
        self.desk().events.push(Event::Went {
            to: url,
            back: back.clone(),
        });
        Ok(back)
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        self.desk().events.push(Event::Told(notice));
        Ok(())
    }
}

impl World {
    /// The authorization request; a signed one is opened.
    pub(super) fn asked(&self) -> Params {
        let asked = self.desk().asked.clone();
        let Some(claims) = asked.get("request").and_then(claims) else {
            return asked;
        };
        let mut params = Params::new();
        for (name, value) in &claims {
            params.push_some(name, value.as_str());
        }
        params
    }

    /// What the browser brings back: a code, and the proof whose it is.
    fn back(&self) -> Params {
        let asked = self.asked();
        let mut params = Params::new();
        params.push("code", "[code]");
        params.push_some("state", asked.get("state"));
        let issuer = self.oauth().and_then(|oauth| oauth.issuer.clone());
        if asked.get("response_mode") != Some("jwt") {
            params.push_some("iss", issuer);
            return params;
        }
        let claims = json!({
            "iss": issuer,
            "aud": asked.get("client_id"),
            "exp": self.now().as_secs() + 600,
            "code": "[code]",
            "state": asked.get("state"),
        });
        let mut sealed = Params::new();
        sealed.push(
            "response",
            self.key.sign("JWT", &claims).unwrap_or_default(),
        );
        sealed
    }
}
