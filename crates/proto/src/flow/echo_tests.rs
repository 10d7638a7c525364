//! A server that repeats what it was sent is not repeated.

use std::collections::BTreeMap;

use serde_json::json;

use super::testing::{Counting, NOW, Talk, failed, response, sent};
use super::{
    CibaFlow, CibaSetup, CodeFlow, CodeSetup, DeleteClientFlow, DeviceFlow, DeviceSetup, Endpoint,
    Flow, IntrospectFlow, RegisterFlow, RevokeFlow, TokenFlow, UserInfoFlow, UserInfoSetup,
};
use crate::client_auth::ClientCredentials;
use crate::dpop::Dpop;
use crate::grant::GrantParams;
use crate::grant::authorization_code::CodeExchange;
use crate::grant::device_code::DeviceCode;
use crate::grant::jwt_bearer::JwtBearer;
use crate::grant::password::Login;
use crate::grant::refresh_token::Refresh;
use crate::grant::token_exchange::{TokenExchange, TokenType, TypedToken};
use crate::message::backchannel::{BackchannelAuthenticationRequest, Hint};
use crate::message::device::DeviceAuthorizationRequest;
use crate::message::introspection::IntrospectionRequest;
use crate::message::quirks::RevokeBy;
use crate::message::registration::{ClientInformation, ClientMetadata};
use crate::message::revocation::RevocationRequest;
use crate::pkce::CodeVerifier;
use crate::{Cx, Secret};

/// The client's secret, which looks like no credential, as none of the others do.
const OWN: &str = "hunter2 & co";
const SECRET: &str = "t0p/secret";

fn secret() -> Secret {
    Secret::new(SECRET)
}

fn refresh() -> Refresh {
    Refresh {
        refresh_token: secret(),
        scope: None,
    }
}

fn endpoint(method: &str) -> Endpoint {
    let mut client = ClientCredentials::confidential("app", Secret::new(OWN));
    client.method = Some(method.to_owned());
    Endpoint::new("https://as.example/door", client)
}

/// How a secret is written in an answer.
type Writing = fn(&str) -> String;

fn plain(secret: &str) -> String {
    secret.to_owned()
}

fn encoded(secret: &str) -> String {
    form_urlencoded::byte_serialize(secret.as_bytes()).collect()
}

fn html(secret: &str) -> String {
    secret.replace('&', "&amp;")
}

/// What such a server answers; `{}` is what was sent.
const ECHOES: [(u16, &str, &str, Writing); 7] = [
    (
        400,
        "",
        r#"{"error":"invalid_grant","error_description":"you sent {}, which is bad"}"#,
        plain,
    ),
    (400, "", r#"{"error":"no {} here"}"#, encoded),
    (404, "", "no {} here", plain),
    (404, "", "you sent: a={}&b=c", encoded),
    (502, "", "<!doctype html><title>no {}</title>", html),
    (
        401,
        r#"Bearer error="invalid_token", error_description="no {}""#,
        "",
        plain,
    ),
    (403, "", "error=e&error_description=no+{}", encoded),
];

/// However this conversation's first question is refused, none of its secrets is shown.
fn keeps<F: Flow>(name: &str, secrets: &[&str], begin: impl Fn() -> F) {
    for secret in secrets {
        for (status, challenge, body, write) in ECHOES {
            let said = write(secret);
            let mut talk = Talk::new(begin());
            talk.start();
            let challenge = challenge.replace("{}", &said);
            let headers = [("WWW-Authenticate", challenge.as_str())];
            let answer = response(status, &headers, &body.replace("{}", &said));
            let error = failed(talk.hear(answer));
            let shown = format!("{error} {error:?}");
            // What is said is told, but for what is secret in it.
            let told = challenge.is_empty() || name == "user info";
            assert!(shown.contains("[redacted]") || !told, "{name}: {shown}");
            for part in [*secret, said.as_str(), "hunter2", "t0p"] {
                assert!(!shown.contains(part), "{name}, {status} {body}: {shown}");
            }
        }
    }
}

fn by(name: &str, method: &str, grant: &impl GrantParams) {
    keeps(name, &[OWN, SECRET], || {
        TokenFlow::new(endpoint(method), grant)
    });
}

#[test]
fn no_grant_tells_what_it_was_asked_with() {
    for method in ["client_secret_basic", "client_secret_post"] {
        by("refresh", method, &refresh());
        let username = "me".to_owned();
        by(
            "password",
            method,
            &Login {
                username,
                password: secret(),
                scope: None,
            },
        );
        by(
            "device",
            method,
            &DeviceCode {
                device_code: secret(),
            },
        );
        by("assertion", method, &JwtBearer::new(secret()));
        let code = CodeExchange {
            code: secret(),
            redirect_uri: None,
            code_verifier: CodeVerifier::parse(&"v".repeat(43)),
        };
        by("code", method, &code);
        let exchange = TokenExchange {
            subject: TypedToken {
                token: secret(),
                token_type: TokenType::AccessToken,
            },
            actor: None,
            requested_token_type: None,
            audience: Vec::new(),
            resource: Vec::new(),
            scope: None,
        };
        by("exchange", method, &exchange);
    }
}

#[test]
fn no_other_question_tells_it_either() {
    let post = || endpoint("client_secret_post");
    let token = || RevocationRequest { token: secret() };
    for way in [RevokeBy::Form, RevokeBy::Bearer] {
        keeps("revocation", &[SECRET], || {
            RevokeFlow::by(way, post(), &token())
        });
    }
    let delete = || RevokeFlow::by(RevokeBy::Delete, post(), &token());
    keeps("deletion", &[OWN, SECRET], delete);
    let asked = || IntrospectionRequest { token: secret() };
    keeps("introspection", &[OWN, SECRET], || {
        IntrospectFlow::new(post(), &asked())
    });
    keeps("user info", &[SECRET], || {
        UserInfoFlow::new(UserInfoSetup {
            endpoint: "https://as.example/userinfo".to_owned(),
            access_token: secret(),
            dpop: None,
            sub: None,
            signed: None,
        })
    });
    keeps("registration", &[SECRET], || {
        RegisterFlow::new(
            "https://as.example/r",
            Some(secret()),
            ClientMetadata::default(),
        )
    });
    let registered = format!(
        r#"{{"client_id":"c","client_secret":"{OWN}","registration_access_token":"{SECRET}","registration_client_uri":"https://as.example/r/c"}}"#
    );
    keeps("deregistration", &[OWN, SECRET], || {
        let client = ClientInformation::parse(registered.as_bytes()).expect("a client");
        DeleteClientFlow::new(client).expect("a place")
    });
}

#[test]
fn no_login_tells_it_either() {
    let token = || endpoint("client_secret_post").into();
    keeps("device", &[OWN], || {
        DeviceFlow::new(DeviceSetup {
            device_authorization_endpoint: "https://as.example/device".to_owned(),
            request: DeviceAuthorizationRequest {
                scope: None,
                resource: Vec::new(),
            },
            extra: BTreeMap::new(),
            token: token(),
        })
    });
    keeps("CIBA", &[OWN, SECRET], || {
        let scope = "openid".parse().expect("a scope");
        CibaFlow::new(CibaSetup {
            backchannel_authentication_endpoint: "https://as.example/ciba".to_owned(),
            request: BackchannelAuthenticationRequest::new(scope, Hint::LoginToken(secret())),
            extra: BTreeMap::new(),
            token: token(),
        })
    });
    keeps("PAR", &[OWN], || {
        CodeFlow::new(CodeSetup {
            token: token(),
            issuer: None,
            iss_promised: false,
            authorization_endpoint: "https://as.example/authorize".to_owned(),
            pushed_authorization_request_endpoint: Some("https://as.example/par".to_owned()),
            request_object: false,
            jarm: None,
            redirect_uri: "http://127.0.0.1:7/callback".to_owned(),
            scope: None,
            resource: Vec::new(),
            authorization_details: None,
            params: Vec::new(),
        })
    });
}

/// The proof that was sent first is known when the second is refused.
#[test]
fn what_went_out_before_is_known_still() {
    let mut endpoint = endpoint("client_secret_post");
    let mut entropy = Counting(3);
    let cx = &mut Cx::new(NOW, &mut entropy);
    endpoint.dpop = Some(Dpop::generate(cx).expect("a key"));
    let mut talk = Talk::new(TokenFlow::new(endpoint, &refresh()));
    let first = talk.start();
    let proof = first.headers()["dpop"].to_str().expect("text").to_owned();
    let nonce = [("DPoP-Nonce", "n1")];
    sent(talk.hear(response(400, &nonce, r#"{"error":"use_dpop_nonce"}"#)));
    let body = json!({ "error": "e", "error_description": format!("no {SECRET}, no {proof}") });
    let error = failed(talk.hear(response(400, &[], &body.to_string())));
    assert_eq!(error.to_string(), "e: no [redacted], no [redacted]");
}

#[test]
fn a_success_that_is_none_tells_nothing_either() {
    for body in [
        format!(r#"{{"ok":false,"message":"no {SECRET}"}}"#),
        format!("<title>no {SECRET}</title>"),
    ] {
        let mut talk = Talk::new(TokenFlow::new(endpoint("client_secret_basic"), &refresh()));
        talk.start();
        let error = failed(talk.hear(response(200, &[], &body))).to_string();
        assert!(error.contains("no [redacted]"), "{error}");
    }
}
