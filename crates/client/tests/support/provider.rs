//! A provider on a real socket: every endpoint of OAuth 2 and OpenID Connect that a client asks, a login page that agrees
//! at once, and an API behind it. It remembers every secret that it gave out or was shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatepass_client::Credential;
use gatepass_client::{Grant, OAuth, SecretRef, Session, SessionBuilder};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Cx, Digest, Entropy as _, Params};
use serde_json::{Map, Value, json};

use crate::server::{Act, Seen, Server, answer};

/// How many seconds tokens live.
const LIFE: u64 = 3600;

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) server: Server,
    desk: Arc<Mutex<Desk>>,
}

/// What the API says to a good token in place of its answer: a status and a challenge.
pub(crate) type Refusal = Option<(u16, String)>;

/// Changes the claims of an ID token, and says how it is signed.
pub(crate) type Tamper = Box<dyn Fn(&mut Map<String, Value>) -> Signed + Send>;

/// Changes the metadata of a provider.
pub(crate) type Alter = Box<dyn Fn(&mut Value) + Send>;

/// By whom an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Rightly,
    BySomebodyElse,
    ByNobody,
}

pub(crate) struct Desk {
    key: SigningKey,
    /// Everything that nobody else may see.
    pub(crate) secrets: BTreeSet<String>,
    /// What was asked with each code that is not redeemed yet.
    codes: HashMap<String, Params>,
    pushed: HashMap<String, Params>,
    refresh_tokens: BTreeSet<String>,
    /// The tokens that the API takes.
    pub(crate) good: BTreeSet<String>,
    /// How often each path was asked.
    pub(crate) visits: BTreeMap<String, u32>,
    /// The parameters of the last authorization request.
    pub(crate) asked: Params,
    /// Whether proofs must have a nonce (RFC 9449 §8, §9).
    pub(crate) nonces: bool,
    pub(crate) refuses: Refusal,
    /// What every endpoint but the metadata answers, if anything: a status and a body. In the body `{}` becomes what was
    /// posted.
    pub(crate) breaks: Option<(u16, String)>,
    pub(crate) tamper: Option<Tamper>,
    /// Changes what the provider says of itself.
    pub(crate) alter: Option<Alter>,
    /// The clients that the token endpoint no longer knows.
    pub(crate) forgotten: BTreeSet<String>,
}

type Door = fn(&mut Desk, &Seen, &str) -> Act;

/// The endpoints.
const DOORS: &[(&str, Door)] = &[
    ("/.well-known/oauth-authorization-server", Desk::metadata),
    ("/.well-known/openid-configuration", Desk::metadata),
    ("/jwks", Desk::jwks),
    ("/register", Desk::register),
    ("/registered", |_, _, _| answer(204, &[], "")),
    ("/par", Desk::par),
    ("/authorize", Desk::authorize),
    ("/device", Desk::device),
    ("/backchannel", Desk::backchannel),
    ("/token", Desk::token),
    ("/revoke", |_, _, _| answer(200, &[], "")),
    ("/introspect", Desk::introspect),
    ("/userinfo", Desk::userinfo),
    ("/login", Desk::login),
    ("/digest", Desk::digest),
    ("/key", |_, seen, _| answer(200, &[], &seen.target)),
    ("/api", Desk::api),
];

impl Provider {
    pub(crate) async fn start() -> Self {
        let now = SystemClock.now();
        let key = SigningKey::generate("ES256", &mut Cx::new(now, &mut OsEntropy)).unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            key: key.with_kid("k1"),
            secrets: BTreeSet::new(),
            codes: HashMap::new(),
            pushed: HashMap::new(),
            refresh_tokens: BTreeSet::new(),
            good: BTreeSet::new(),
            visits: BTreeMap::new(),
            asked: Params::new(),
            nonces: false,
            refuses: None,
            breaks: None,
            tamper: None,
            alter: None,
            forgotten: BTreeSet::new(),
        }));
        let own = desk.clone();
        let server = Server::start(move |seen| own.lock().unwrap().serve(seen)).await;
        Self { server, desk }
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    /// How often a path was asked.
    pub(crate) fn visits(&self, path: &str) -> u32 {
        self.desk().visits.get(path).copied().unwrap_or_default()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    /// A client that finds everything by the issuer.
    pub(crate) fn client(&self, grant: Grant) -> OAuth {
        OAuth::new(
            Some(self.server.url.clone()),
            Some("cl".into()),
            None,
            grant,
        )
    }

    /// The same of a browser that comes back to this machine.
    pub(crate) fn browser_client(&self) -> OAuth {
        self.client(Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        })
    }

    /// A secret that was not seen before, and is not to be seen again.
    pub(crate) fn secret(&self, kind: &str) -> String {
        self.desk().made(kind)
    }

    /// The same by reference.
    pub(crate) fn given(&self, kind: &str) -> SecretRef {
        SecretRef::given(self.secret(kind))
    }

    pub(crate) fn session(&self, credential: impl Into<Credential>) -> SessionBuilder {
        Session::builder(credential.into()).api(&self.server.url)
    }
}

impl Desk {
    fn serve(&mut self, seen: &Seen) -> Act {
        let base = format!("http://{}", seen.header("host").unwrap());
        let path = seen.target.split('?').next().unwrap();
        *self.visits.entry(path.to_owned()).or_default() += 1;
        self.look(seen);
        if let (Some((status, body)), false) = (&self.breaks, path.starts_with("/.well-known")) {
            return answer(*status, &[], body.replace("{}", &seen.text()));
        }
        match DOORS.iter().find(|(own, _)| *own == path) {
            Some((_, door)) => door(self, seen, &base),
            None => answer(404, &[], ""),
        }
    }

    /// A secret of this kind.
    fn made(&mut self, kind: &str) -> String {
        let mut random = [0; 16];
        OsEntropy.fill(&mut random);
        let secret = format!("{kind}-{:032x}", u128::from_be_bytes(random));
        self.secrets.insert(secret.clone());
        secret
    }

    /// Remembers the secrets of a request.
    fn look(&mut self, seen: &Seen) {
        const PARAMS: [&str; 12] = [
            "client_secret",
            "client_assertion",
            "code",
            "code_verifier",
            "refresh_token",
            "password",
            "assertion",
            "device_code",
            "auth_req_id",
            "subject_token",
            "actor_token",
            "token",
        ];
        let params = Params::parse_form(&seen.body).unwrap_or_default();
        let shown = PARAMS.iter().filter_map(|name| params.get(name));
        let mut found: Vec<String> = shown.map(str::to_owned).collect();
        for name in ["authorization", "dpop"] {
            let Some(value) = seen.header(name) else {
                continue;
            };
            let value = value.split_once(' ').map_or(value, |(_, value)| value);
            if !value.contains("username=") {
                found.push(value.to_owned());
            }
        }
        self.secrets
            .extend(found.into_iter().filter(|own| own.len() > 8));
    }

    fn metadata(&mut self, _: &Seen, base: &str) -> Act {
        let door = |path: &str| format!("{base}{path}");
        let mut metadata = json!({
            "issuer": base,
            "authorization_endpoint": door("/authorize"),
            "token_endpoint": door("/token"),
            "jwks_uri": door("/jwks"),
            "registration_endpoint": door("/register"),
            "pushed_authorization_request_endpoint": door("/par"),
            "device_authorization_endpoint": door("/device"),
            "backchannel_authentication_endpoint": door("/backchannel"),
            "revocation_endpoint": door("/revoke"),
            "introspection_endpoint": door("/introspect"),
            "userinfo_endpoint": door("/userinfo"),
            "end_session_endpoint": door("/end"),
            "authorization_response_iss_parameter_supported": true,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "backchannel_token_delivery_modes_supported": ["poll"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
            ],
        });
        if let Some(alter) = &self.alter {
            alter(&mut metadata);
        }
        ok(&metadata)
    }

    fn jwks(&mut self, _: &Seen, _: &str) -> Act {
        ok(&json!({ "keys": [self.key.jwk()] }))
    }

    fn register(&mut self, seen: &Seen, base: &str) -> Act {
        let mut client: Map<String, Value> = serde_json::from_slice(&seen.body).unwrap();
        let number = self.visits["/register"];
        client.insert("client_id".into(), format!("registered-{number}").into());
        client.insert("client_secret".into(), self.made("client-secret").into());
        client.insert("client_secret_expires_at".into(), 0.into());
        let token = self.made("registration-token");
        client.insert("registration_access_token".into(), token.into());
        let uri = format!("{base}/registered");
        client.insert("registration_client_uri".into(), uri.into());
        client.insert(
            "token_endpoint_auth_method".into(),
            "client_secret_basic".into(),
        );
        let Act::Write(bytes) = ok(&client.into()) else {
            unreachable!()
        };
        let text = String::from_utf8(bytes).unwrap();
        Act::Write(text.replacen(" 200 ", " 201 ", 1).into_bytes())
    }

    fn par(&mut self, seen: &Seen, _: &str) -> Act {
        let uri = format!("urn:ietf:params:oauth:request_uri:{}", self.made("pushed"));
        self.pushed.insert(uri.clone(), form(seen));
        let Act::Write(bytes) = ok(&json!({ "request_uri": uri, "expires_in": 60 })) else {
            unreachable!()
        };
        let text = String::from_utf8(bytes).unwrap();
        Act::Write(text.replacen(" 200 ", " 201 ", 1).into_bytes())
    }

    /// The person is logged in already and agrees.
    fn authorize(&mut self, seen: &Seen, base: &str) -> Act {
        let query = seen.target.split_once('?').map_or("", |(_, query)| query);
        let mut asked = Params::parse_form(query.as_bytes()).unwrap();
        if let Some(pushed) = asked.get("request_uri") {
            // It comes from the browser's address bar, as the code does.
            asked = self.pushed.remove(pushed).expect("pushed before");
        }
        if let Some(object) = asked.get("request") {
            let mut own = Params::new();
            for (name, value) in claims(object) {
                own.push(
                    name,
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned),
                );
            }
            asked = own;
        }
        let code = self.made("code");
        let (redirect_uri, state) = (
            asked.get("redirect_uri").unwrap(),
            asked.get("state").unwrap(),
        );
        let mut back = Params::new();
        if asked
            .get("response_mode")
            .is_some_and(|mode| mode.ends_with("jwt"))
        {
            let response = json!({
                "iss": base, "aud": asked.get("client_id"), "exp": now() + 60, "code": code, "state": state,
            });
            back.push("response", self.key.sign("JWT", &response).unwrap());
        } else {
            back.push("code", &code);
            back.push("state", state);
            back.push("iss", base);
        }
        let to = back.append_to(redirect_uri);
        self.asked = asked.clone();
        self.codes.insert(code, asked);
        answer(302, &[("Location", &to)], "")
    }

    fn device(&mut self, _: &Seen, base: &str) -> Act {
        let (device_code, user_code) = (self.made("device-code"), self.made("user-code"));
        ok(&json!({
            "device_code": device_code, "user_code": user_code, "verification_uri": format!("{base}/activate"),
            "expires_in": 600, "interval": 1,
        }))
    }

    fn backchannel(&mut self, _: &Seen, _: &str) -> Act {
        let id = self.made("auth-req-id");
        ok(&json!({ "auth_req_id": id, "expires_in": 600, "interval": 1 }))
    }

    fn token(&mut self, seen: &Seen, base: &str) -> Act {
        if let Some(refusal) = self.nonce_wanted(seen, 400) {
            return refusal;
        }
        let params = form(seen);
        if self.forgets(seen, &params) {
            return error(401, "invalid_client");
        }
        let kind = params.get("grant_type").unwrap();
        let mut asked = Params::new();
        if kind == "authorization_code" {
            asked = match params.get("code").and_then(|code| self.codes.remove(code)) {
                Some(asked) => asked,
                None => return error(400, "invalid_grant"),
            };
            let verifier = params.get("code_verifier").unwrap();
            let challenge = Digest::of(verifier).to_base64url();
            assert_eq!(asked.get("code_challenge"), Some(challenge.as_str()));
        }
        let polls = kind.ends_with("device_code") || kind.ends_with("ciba");
        if polls && self.visits["/token"] == 1 {
            return error(400, "authorization_pending");
        }
        if let Some(old) = params.get("refresh_token")
            && !self.refresh_tokens.remove(old)
        {
            return error(400, "invalid_grant");
        }
        let scope = params
            .get("scope")
            .or(asked.get("scope"))
            .unwrap_or_default();
        let access_token = self.made("access-token");
        self.good.insert(access_token.clone());
        let refresh_token = self.made("refresh-token");
        self.refresh_tokens.insert(refresh_token.clone());
        let bound = seen.header("dpop").is_some();
        let mut token = json!({
            "access_token": access_token, "refresh_token": refresh_token, "expires_in": LIFE, "scope": scope,
            "token_type": if bound { "DPoP" } else { "Bearer" },
        });
        if kind == "urn:ietf:params:oauth:grant-type:token-exchange" {
            token["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token".into();
        }
        if scope.split(' ').any(|own| own == "openid") {
            token["id_token"] = self.id_token(base, &asked, "cl").into();
        }
        ok(&token)
    }

    fn forgets(&self, seen: &Seen, params: &Params) -> bool {
        let basic = seen.header("authorization");
        let basic = basic.and_then(|value| value.strip_prefix("Basic "));
        let pair = basic.map(|pair| String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap());
        let id = pair.as_deref().and_then(|pair| pair.split(':').next());
        let id = id.or(params.get("client_id"));
        id.is_some_and(|id| self.forgotten.contains(id))
    }

    fn id_token(&mut self, base: &str, asked: &Params, client_id: &str) -> String {
        let mut claims = json!({
            "iss": base, "sub": "u1", "aud": client_id, "iat": now(), "exp": now() + LIFE, "auth_time": now(),
        });
        if let Some(nonce) = asked.get("nonce") {
            claims["nonce"] = nonce.into();
        }
        let members = claims.as_object_mut().unwrap();
        let signed = self
            .tamper
            .as_ref()
            .map_or(Signed::Rightly, |tamper| tamper(members));
        let token = match signed {
            Signed::Rightly => self.key.sign("JWT", &claims).unwrap(),
            Signed::BySomebodyElse => {
                let mut entropy = OsEntropy;
                let cx = &mut Cx::new(SystemClock.now(), &mut entropy);
                let other = SigningKey::generate("ES256", cx).unwrap().with_kid("k1");
                other.sign("JWT", &claims).unwrap()
            }
            Signed::ByNobody => {
                let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
            }
        };
        self.secrets.insert(token.clone());
        token
    }

    fn introspect(&mut self, seen: &Seen, _: &str) -> Act {
        let active = form(seen)
            .get("token")
            .is_some_and(|token| self.good.contains(token));
        ok(&json!({ "active": active, "sub": "u1" }))
    }

    fn userinfo(&mut self, seen: &Seen, _: &str) -> Act {
        match self.nonce_wanted(seen, 401) {
            Some(refusal) => refusal,
            None => ok(&json!({ "sub": "u1", "name": "somebody" })),
        }
    }

    fn login(&mut self, _: &Seen, _: &str) -> Act {
        let (token, refresh_token) = (self.made("access-token"), self.made("refresh-token"));
        self.good.insert(token.clone());
        ok(&json!({ "access_token": token, "refresh_token": refresh_token, "expires_in": 60 }))
    }

    /// Digest with SHA-256; the password is the last that was made.
    fn digest(&mut self, seen: &Seen, _: &str) -> Act {
        if seen
            .header("authorization")
            .is_some_and(|own| own.starts_with("Digest "))
        {
            return answer(200, &[], "");
        }
        let challenge = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
        answer(401, &[("WWW-Authenticate", challenge)], "")
    }

    fn api(&mut self, seen: &Seen, _: &str) -> Act {
        if let Some((status, challenge)) = &self.refuses {
            return answer(*status, &[("WWW-Authenticate", challenge)], "");
        }
        if let Some(refusal) = self.nonce_wanted(seen, 401) {
            return refusal;
        }
        let shown = seen
            .header("authorization")
            .and_then(|value| value.split_once(' '));
        match shown {
            Some(("Bearer" | "DPoP", token)) if self.good.contains(token) => {
                answer(200, &[], format!("hello {}", seen.text()))
            }
            Some(("Basic", pair)) => answer(
                200,
                &[],
                String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap(),
            ),
            _ => answer(
                401,
                &[("WWW-Authenticate", r#"Bearer error="invalid_token""#)],
                "",
            ),
        }
    }

    /// The refusal of a proof without our nonce, where that is wanted.
    fn nonce_wanted(&self, seen: &Seen, status: u16) -> Option<Act> {
        const NONCE: &str = "server-nonce";
        let proof = claims(seen.header("dpop")?);
        if !self.nonces || proof.get("nonce").and_then(Value::as_str) == Some(NONCE) {
            return None;
        }
        let headers = [
            ("DPoP-Nonce", NONCE),
            ("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#),
        ];
        Some(answer(status, &headers, r#"{"error":"use_dpop_nonce"}"#))
    }
}

/// The claims of a JWT, unchecked.
pub(crate) fn claims(token: &str) -> Map<String, Value> {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn form(seen: &Seen) -> Params {
    Params::parse_form(&seen.body).unwrap()
}

fn ok(value: &Value) -> Act {
    answer(
        200,
        &[("Content-Type", "application/json")],
        value.to_string(),
    )
}

fn error(status: u16, code: &str) -> Act {
    answer(status, &[], json!({ "error": code }).to_string())
}

fn now() -> u64 {
    SystemClock.now().as_secs()
}
