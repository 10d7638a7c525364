//! The server, which has an answer to everything.

use async_trait::async_trait;
use gatepass_client::Credential;
use gatepass_http::{Clock as _, Transport};
use gatepass_proto::Params;
use gatepass_proto::flow::Unreachable;
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Door, Event, World};

/// A tenant of a server that has many; a token names it in plain letters.
const TENANT: &str = "tenant";

#[async_trait]
impl Transport for World {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        let what = self.door(&request.uri().to_string());
        let (status, answer) = self.answer(what, &request);
        let mut response = Response::new(answer.to_string().into_bytes());
        *response.status_mut() = status;
        self.desk().events.push(Event::Asked {
            what,
            request,
            status,
            answer,
        });
        Ok(response)
    }
}

impl World {
    fn answer(&self, door: Door, request: &Request<Vec<u8>>) -> (StatusCode, Value) {
        let form = Params::parse_form(request.body()).unwrap_or_default();
        let answer = match door {
            Door::Resource => self.resource(),
            Door::Metadata => serde_json::to_value(&self.metadata).unwrap_or_default(),
            Door::Registration => self.registered(request),
            Door::Pushed => {
                self.desk().asked = form;
                json!({"request_uri": "urn:ietf:params:oauth:request_uri:[reference]", "expires_in": 60})
            }
            Door::Device => {
                self.desk().asked = form;
                self.device()
            }
            Door::Backchannel => {
                self.desk().asked = form;
                json!({"auth_req_id": "[auth_req_id]", "expires_in": 300, "interval": 5})
            }
            Door::Token => return self.token(&form, request.headers().contains_key("dpop")),
            Door::Keys => json!({"keys": [self.key.jwk()]}),
            Door::Login => self.logged_in(),
            Door::Revocation | Door::Other => json!({}),
        };
        (StatusCode::OK, answer)
    }

    /// The API's word for who issues its tokens.
    fn resource(&self) -> Value {
        let own = self.oauth();
        json!({
            "resource": own.and_then(|oauth| oauth.resource.first()),
            "authorization_servers": [own.and_then(|oauth| oauth.issuer.as_ref())],
        })
    }

    fn registered(&self, request: &Request<Vec<u8>>) -> Value {
        let mut answer: Map<String, Value> =
            serde_json::from_slice(request.body()).unwrap_or_default();
        let secret = answer
            .get("token_endpoint_auth_method")
            .and_then(Value::as_str);
        if secret.is_some_and(|method| method.starts_with("client_secret")) {
            answer.insert("client_secret".into(), "[client_secret]".into());
        }
        answer.insert("client_id".into(), "[client_id]".into());
        Value::Object(answer)
    }

    fn device(&self) -> Value {
        let origin = self.metadata.issuer.parse::<Url>().ok();
        let origin = origin.map(|url| url.origin().ascii_serialization());
        let place = format!(
            "{}/device",
            origin.as_deref().unwrap_or("https://login.example.com")
        );
        json!({
            "device_code": "[device_code]",
            "user_code": "WDJB-MJHT",
            "verification_uri": place,
            "verification_uri_complete": format!("{place}?user_code=WDJB-MJHT"),
            "expires_in": 600,
            "interval": 5,
        })
    }

    /// Who is waited for elsewhere has not answered the first time.
    fn token(&self, form: &Params, bound: bool) -> (StatusCode, Value) {
        let grant = form.get("grant_type").unwrap_or_default();
        let elsewhere = grant.ends_with(":device_code") || grant.ends_with(":ciba");
        if elsewhere && !std::mem::replace(&mut self.desk().waited, true) {
            return (
                StatusCode::BAD_REQUEST,
                json!({"error": "authorization_pending"}),
            );
        }
        let asked = self.asked();
        let scope = form.get("scope").or(asked.get("scope")).map(str::to_owned);
        let mut answer = json!({
            "access_token": "[access_token]",
            "token_type": if bound { "DPoP" } else { "Bearer" },
            "expires_in": 3600,
        });
        let person = !grant.ends_with("client_credentials")
            && !grant.ends_with(":jwt-bearer")
            && !grant.ends_with(":token-exchange");
        if person {
            member(&mut answer, "refresh_token", "[refresh_token]");
        }
        if grant.ends_with(":token-exchange") {
            let wanted = form.get("requested_token_type");
            let usual = "urn:ietf:params:oauth:token-type:access_token";
            member(&mut answer, "issued_token_type", wanted.unwrap_or(usual));
        }
        if let Some(scope) = &scope {
            member(&mut answer, "scope", scope.as_str());
            let openid = scope.split([' ', ',']).any(|word| word == "openid");
            if openid && person && grant != "refresh_token" {
                member(&mut answer, "id_token", self.id_token(&asked, form));
            }
        }
        (StatusCode::OK, answer)
    }

    fn id_token(&self, asked: &Params, form: &Params) -> String {
        let oauth = self.oauth();
        let template = oauth.and_then(|oauth| oauth.quirks.issuer_template.clone());
        let issuer = oauth.and_then(|oauth| oauth.issuer.clone());
        let tenant = template.is_some().then_some(TENANT);
        let now = self.now().as_secs();
        let own = oauth.and_then(|oauth| oauth.client_id.clone());
        let client = own
            .as_deref()
            .or(form.get("client_id"))
            .unwrap_or("[client_id]");
        let claims = json!({
            "iss": template.map(|text| text.replace("{tenantid}", TENANT)).or(issuer),
            "tid": tenant,
            "sub": "[the person]",
            "aud": client,
            "iat": now,
            "exp": now + 3600,
            "auth_time": now,
            "nonce": asked.get("nonce"),
            "acr": asked.get("acr_values").and_then(|all| all.split(' ').next()),
        });
        let claims: Map<String, Value> = claims
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.key.sign("JWT", &claims).unwrap_or_default()
    }

    /// A login endpoint's answer has its members where the profile looks for them.
    fn logged_in(&self) -> Value {
        let mut answer = json!({});
        let Credential::Login(own) = &self.credential else {
            return answer;
        };
        let token = own.token_pointer.as_deref().unwrap_or("/access_token");
        let lifetime = own.expires_pointer.as_deref().unwrap_or("/expires_in");
        put(&mut answer, token, "[access_token]".into());
        put(&mut answer, lifetime, 3600.into());
        if own.refresh_url.is_some() {
            let refresh = own.refresh_pointer.as_deref().unwrap_or("/refresh_token");
            put(&mut answer, refresh, "[refresh_token]".into());
        }
        answer
    }
}

/// Puts a value where a JSON pointer (RFC 6901) looks, making the objects on the way.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = json!({});
        }
        let Some(members) = place.as_object_mut() else {
            return;
        };
        place = members.entry(name).or_insert(Value::Null);
    }
    *place = value;
}

fn member(answer: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
