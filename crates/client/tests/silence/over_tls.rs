//! The same over TLS and HTTP/2, whose libraries have a log of their own.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use gatepass_client::{Credential, Egress, SecretRef, Session};
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;

use crate::log::Log;
use crate::provider::Provider;

/// Echoes what it was authenticated by; its URL and its certificate.
async fn server() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = made.cert.pem().into_bytes();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(stream, service_fn(echo)).await;
            });
        }
    });
    (url, pem)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let shown = request.headers().get("authorization");
    let shown = shown.map(|value| Bytes::copy_from_slice(value.as_bytes()));
    Ok(Response::new(Full::from(shown.unwrap_or_default())))
}

#[tokio::test]
async fn nor_does_http_2_tell_one() {
    let log = Log::everything();
    let provider = Provider::start().await;
    let (url, pem) = server().await;
    let token = provider.secret("token");
    let egress = Egress {
        extra_roots: vec![pem],
        ..Egress::default()
    };
    let session = Session::builder(Credential::bearer(SecretRef::given(token.as_str())))
        .api(&url)
        .egress(egress)
        .build()
        .unwrap();
    let answer = session.post(&url).body("x").send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), format!("Bearer {token}"));
    assert!(log.has("h2::"));
    log.keeps("HTTP/2", &provider, "");
}
