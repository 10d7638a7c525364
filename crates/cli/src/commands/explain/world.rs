//! A world in which everything goes well: it answers as a server would, plays the person, and writes down what was said.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use gatepass_client::{Credential, Grant, Notice, OAuth, Person, PersonError};
use gatepass_http::{Clock, Transport};
use gatepass_proto::flow::Unreachable;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::{Params, Timestamp};
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

/// Something that was said.
pub(super) enum Event {
    /// A request to a server, and its answer.
    Asked {
        what: Door,
        request: Request<Vec<u8>>,
        status: StatusCode,
        answer: Value,
    },
    /// A journey of the browser, and what it brought back.
    Went { to: Url, back: Params },
    /// Something for the person to read.
    Told(Notice),
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Metadata,
    Registration,
    Pushed,
    Device,
    Backchannel,
    Token,
    Keys,
    Revocation,
    Login,
    Other,
}

/// The world.
pub(super) struct World {
    /// What is to be explained, with stand-ins for its secrets.
    credential: Credential,
    /// What the server says of itself.
    metadata: ServerMetadata,
    /// The server's key.
    key: SigningKey,
    desk: Mutex<Desk>,
}

struct Desk {
    now: Timestamp,
    events: Vec<Event>,
    /// The authorization request, as it was asked last.
    asked: Params,
    /// Whether the person has been waited for.
    waited: bool,
}

/// When it all happens: at a moment like any other.
const NOW: Timestamp = Timestamp::from_secs(1_767_323_045);

/// A tenant of a server that has many; a token names it in plain letters.
const TENANT: &str = "tenant";

impl World {
    /// A world for this credential, where the server says this of itself.
    pub(super) fn new(credential: Credential, metadata: ServerMetadata, key: SigningKey) -> Self {
        Self {
            credential,
            metadata,
            key,
            desk: Mutex::new(Desk {
                now: NOW,
                events: Vec::new(),
                asked: Params::new(),
                waited: false,
            }),
        }
    }

    /// What was said since the last call.
    pub(super) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.desk().events)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth(&self) -> Option<&OAuth> {
        match &self.credential {
            Credential::OAuth(oauth) => Some(oauth),
            _ => None,
        }
    }

    /// Whose URL this is.
    fn door(&self, url: &str) -> Door {
        if let Credential::Login(own) = &self.credential
            && (own.url == url || own.refresh_url.as_deref() == Some(url))
        {
            return Door::Login;
        }
        let named = self.oauth().map(|oauth| &oauth.endpoints);
        let said = &self.metadata;
        let doors = [
            (
                Door::Token,
                named.and_then(|own| own.token.as_ref()),
                &said.token_endpoint,
            ),
            (
                Door::Registration,
                named.and_then(|own| own.registration.as_ref()),
                &said.registration_endpoint,
            ),
            (
                Door::Pushed,
                named.and_then(|own| own.pushed_authorization_request.as_ref()),
                &said.pushed_authorization_request_endpoint,
            ),
            (
                Door::Device,
                named.and_then(|own| own.device_authorization.as_ref()),
                &said.device_authorization_endpoint,
            ),
            (
                Door::Backchannel,
                named.and_then(|own| own.backchannel_authentication.as_ref()),
                &said.backchannel_authentication_endpoint,
            ),
            (
                Door::Keys,
                named.and_then(|own| own.jwks.as_ref()),
                &said.jwks_uri,
            ),
            (
                Door::Revocation,
                named.and_then(|own| own.revocation.as_ref()),
                &said.revocation_endpoint,
            ),
        ];
        let same = |own: Option<&String>| {
            let own = own.and_then(|own| own.parse::<Url>().ok());
            own.is_some_and(|own| Ok(own) == url.parse())
        };
        let found = doors
            .into_iter()
            .find(|(_, named, said)| same(*named) || same(said.as_ref()));
        match found {
            Some((door, ..)) => door,
            None if url.contains("/.well-known/") => Door::Metadata,
            None => Door::Other,
        }
    }

    fn answer(&self, door: Door, request: &Request<Vec<u8>>) -> (StatusCode, Value) {
        let form = Params::parse_form(request.body()).unwrap_or_default();
        let answer = match door {
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

    /// The authorization request; a signed one is opened.
    fn asked(&self) -> Params {
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

/// The claims of a JWT, believed in nothing.
pub(super) fn claims(token: &str) -> Option<Map<String, Value>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
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

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        self.desk().now
    }

    async fn wait_until(&self, moment: Timestamp) {
        let mut desk = self.desk();
        desk.now = desk.now.max(moment);
    }
}

/// What a server may say of itself, for one of which nothing is known.
pub(super) fn invented(oauth: &OAuth) -> ServerMetadata {
    let issuer = oauth.issuer.clone().unwrap_or_default();
    let at = |path: &str| Some(format!("{}/{path}", issuer.trim_end_matches('/')));
    let when = |wanted: bool, path: &str| at(path).filter(|_| wanted);
    let ciba = matches!(oauth.grant, Grant::Ciba(_));
    ServerMetadata {
        authorization_endpoint: at("authorize"),
        token_endpoint: at("token"),
        jwks_uri: at("jwks.json"),
        revocation_endpoint: at("revoke"),
        device_authorization_endpoint: at("device_authorization"),
        backchannel_authentication_endpoint: when(ciba, "bc-authorize"),
        registration_endpoint: when(oauth.client_id.is_none(), "register"),
        pushed_authorization_request_endpoint: when(oauth.par == Some(true), "par"),
        authorization_response_iss_parameter_supported: true,
        code_challenge_methods_supported: vec!["S256".to_owned()],
        issuer,
        ..ServerMetadata::default()
    }
}

fn member(answer: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
