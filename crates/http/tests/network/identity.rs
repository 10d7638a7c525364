//! a client certificate.

use crate::server::{Server, answer};
use crate::tls::Authority;
use gatepass_http::{Egress, HttpTransport, ResourceTransport as _, SetupError, Transport as _};
use gatepass_proto::Secret;
use http::Request;

fn egress(authority: &Authority, identity: Option<String>) -> Egress {
    Egress {
        extra_roots: vec![authority.pem.clone().into_bytes()],
        identity: identity.map(Secret::new),
        ..Egress::default()
    }
}

async fn get(egress: Egress, url: &str) -> Result<u16, String> {
    let transport = HttpTransport::new(egress).unwrap();
    let request = || Request::get(url);
    let resource = transport
        .send_resource(request().body(Vec::new().into()).unwrap())
        .await
        .map(|response| response.status().as_u16())
        .map_err(|error| error.to_string());
    let message = transport
        .send(request().body(Vec::new()).unwrap())
        .await
        .map(|response| response.status().as_u16())
        .map_err(|error| error.reason);
    assert_eq!(resource.is_ok(), message.is_ok());
    message
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it() {
    let authority = Authority::new();
    let strict = authority.strict_server("localhost");
    let server = Server::start_tls(strict, |_| answer(200, &[], "in")).await;
    let own = authority.pair("client.example");
    let identity = |pair: &crate::tls::Pair| Some(format!("{}{}", pair.certificate, pair.key));
    assert_eq!(
        get(egress(&authority, identity(&own)), &server.url).await,
        Ok(200)
    );
    assert_eq!(server.seen().len(), 2);

    let key_first = Some(format!("{}\n{}", own.key, own.certificate));
    assert_eq!(
        get(egress(&authority, key_first), &server.url).await,
        Ok(200)
    );

    assert!(get(egress(&authority, None), &server.url).await.is_err());
    let foreign = Authority::new().pair("client.example");
    let outcome = get(egress(&authority, identity(&foreign)), &server.url).await;
    assert!(outcome.is_err());
    assert_eq!(
        server.seen().len(),
        4,
        "only those who showed theirs got in"
    );
}

#[test]
fn what_is_no_identity_is_said_at_once() {
    let authority = Authority::new();
    let (own, other) = (authority.pair("a.example"), authority.pair("b.example"));
    for (pem, expected) in [
        ("nonsense".to_owned(), SetupError::Identity),
        (String::new(), SetupError::Identity),
        (own.certificate.clone(), SetupError::Identity),
        (own.key.clone(), SetupError::Identity),
        (
            own.certificate.clone() + &own.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
            SetupError::Identity,
        ),
        (
            own.certificate.replace('M', "!") + &own.key,
            SetupError::Identity,
        ),
        (own.certificate.clone() + &other.key, SetupError::OtherKey),
    ] {
        let outcome = HttpTransport::new(egress(&authority, Some(pem)));
        assert_eq!(outcome.unwrap_err(), expected);
    }
    let said = SetupError::Identity.to_string();
    assert_ne!(said, SetupError::Root.to_string());

    let egress = egress(&authority, Some(own.certificate + &own.key));
    let seen = format!("{egress:?} {:?}", HttpTransport::new(egress.clone()));
    assert!(
        seen.contains("[redacted]") && !seen.contains("BEGIN"),
        "{seen}"
    );
}
