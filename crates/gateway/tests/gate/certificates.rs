//! Tokens that are bound to a certificate (RFC 8705 §3), on real connections with TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_gateway::Gate;
use gatepass_http::{Clock as _, SystemClock};
use gatepass_listen::{Door, Transport, bind, serve};
use gatepass_proto::Digest;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire::{Said, over};
use crate::world::World;

const ASKING: &str = "tls = { dev = true, client_certificates = true }";

/// A door to a gate that asks for certificates.
struct Sealed {
    address: SocketAddr,
    roots: RootCertStore,
    _folder: TempDir,
}

/// A client's certificate and its key.
struct Holder {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Holder {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let made = CertificateParams::default().self_signed(&key);
        Self {
            certificate: made.expect("a certificate").der().clone(),
            key,
        }
    }

    /// The header line by which a proxy passes it on (RFC 9440).
    fn header(&self) -> String {
        format!("Client-Cert: :{}:", STANDARD.encode(&self.certificate))
    }

    /// A header line with a token that is bound to it.
    fn bearer(&self, world: &World) -> String {
        let thumbprint = Digest::of(&self.certificate).to_base64url();
        world.bearer_with("read", json!({ "cnf": { "x5t#S256": thumbprint } }))
    }
}

impl Sealed {
    fn before(gate: &Gate) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let transport = Transport::for_this_machine(folder.path(), SystemClock.now());
        let transport = transport.expect("certificates");
        let ca = transport.ca.as_deref().expect("an authority");
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(ca).expect("an authority");
        roots.add(ca).expect("trusted");
        let (listener, address) = bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let door = Door {
            listener,
            router: gate.router(),
            seal: transport.asking().expect("TLS"),
        };
        tokio::spawn(serve([door], std::future::pending()));
        Self {
            address,
            roots,
            _folder: folder,
        }
    }

    /// Asks as a client with this certificate, if any.
    async fn ask(&self, line: &str, headers: &[&str], holder: Option<&Holder>) -> Said {
        self.ask_by(&version::TLS13, line, headers, holder).await
    }

    async fn ask_by(
        &self,
        version: &'static SupportedProtocolVersion,
        line: &str,
        headers: &[&str],
        holder: Option<&Holder>,
    ) -> Said {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(self.roots.clone());
        let config = match holder {
            Some(holder) => {
                let key = PrivateKeyDer::Pkcs8(holder.key.serialize_der().into());
                config.with_client_auth_cert(vec![holder.certificate.clone()], key)
            }
            None => Ok(config.with_no_client_auth()),
        };
        let connector = TlsConnector::from(Arc::new(config.expect("a client")));
        let stream = TcpStream::connect(self.address).await.expect("connected");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = connector.connect(name, stream).await.expect("hands shaken");
        over(stream, line, headers).await
    }
}

#[tokio::test]
async fn a_token_is_good_with_its_certificate_alone() {
    let world = World::with(ASKING).await;
    let sealed = Sealed::before(&world.gate);
    let (own, other) = (Holder::new(), Holder::new());
    let bound = own.bearer(&world);
    let line = "GET /things/1";
    for version in [&version::TLS13, &version::TLS12] {
        let said = sealed.ask_by(version, line, &[&bound], Some(&own)).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.json()["headers"]["x-gatepass-subject"], "ann");
        for holder in [Some(&other), None] {
            let said = sealed.ask_by(version, line, &[&bound], holder).await;
            assert_eq!(
                (said.status, said.error()),
                (401, "invalid_token".to_owned())
            );
        }
    }
    // On no other connection either, whatever its client says.
    let thumbprint = Digest::of(&own.certificate).to_base64url();
    for header in ["X-Client-Cert", "X-SSL-Client-Cert", "Client-Cert"] {
        let header = format!("{header}: {thumbprint}");
        assert_eq!(world.send(line, &[&bound, &header]).await.status, 401);
    }
    // Nobody has to show one, and showing one opens nothing.
    let free = world.bearer("read");
    assert_eq!(sealed.ask(line, &[&free], None).await.status, 200);
    assert_eq!(sealed.ask(line, &[&free], Some(&own)).await.status, 200);
    assert_eq!(sealed.ask(line, &[], Some(&own)).await.status, 401);

    let place = "GET /.well-known/oauth-protected-resource";
    let told = sealed.ask(place, &[], None).await.json();
    assert_eq!(told["tls_client_certificate_bound_access_tokens"], true);
}

/// The certificate of a proxy's connection is the proxy's, whoever it asks for.
#[tokio::test]
async fn a_proxys_certificate_speaks_for_nobody() {
    let world = World::with(ASKING).await;
    let sealed = Sealed::before(&world.gate);
    let proxy = Holder::new();
    let bound = proxy.bearer(&world);
    let settings = format!(
        "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\nforward_auth = [\"nginx\"]\n\
         {ASKING}\nproxies = {{ trusted = [\"127.0.0.1\"] }}\n[[issuer]]\nissuer = \"@ISSUER@\"\n"
    );
    assert_eq!(
        sealed.ask("GET /x", &[&bound], Some(&proxy)).await.status,
        200
    );
    world.reload(&settings).await.expect("reloaded");
    let said = sealed.ask("GET /x", &[&bound], Some(&proxy)).await;
    assert_eq!(said.status, 401, "{said:?}");
    let asked = ["X-Original-Method: GET", "X-Original-URI: /x", &bound];
    let place = "GET /.gatepass/auth/nginx";
    let said = sealed.ask(place, &asked, Some(&proxy)).await;
    assert_eq!(said.status, 401, "{said:?}");
}

/// A proxy that is trusted says which certificate its client has shown.
#[tokio::test]
async fn a_certificate_that_a_trusted_proxy_passes_on_counts() {
    let world = World::usual().await;
    let settings = |proxies: &str| {
        format!(
            "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\nforward_auth = [\"nginx\"]\n\
             proxies = {{ {proxies} }}\n[[issuer]]\nissuer = \"@ISSUER@\"\n"
        )
    };
    let believed = "client_certificate_from = \"Client-Cert\"";
    let trusting = format!("trusted = [\"127.0.0.1\"], {believed}");
    world.reload(&settings(&trusting)).await.expect("reloaded");
    let (own, other) = (Holder::new(), Holder::new());
    let bound = own.bearer(&world);
    let (shown, others) = (own.header(), other.header());
    let ask = async |headers: &[&str]| world.send("GET /x", headers).await;
    let said = ask(&[&bound, &shown]).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json()["headers"]["client-cert"], json!(null));
    assert_eq!(ask(&[&bound, &others]).await.status, 401);
    assert_eq!(ask(&[&bound]).await.status, 401);
    assert_eq!(ask(&[&bound, "Client-Cert:"]).await.status, 401);
    for wrong in [&[&*shown, &*shown][..], &["Client-Cert: x"]] {
        let said = ask(&[&[&*bound], wrong].concat()).await;
        assert_eq!(
            (said.status, said.error()),
            (400, "invalid_request".to_owned())
        );
    }
    let asked = ["X-Original-Method: GET", "X-Original-URI: /x", &bound];
    let place = "GET /.gatepass/auth/nginx";
    let with = [&asked[..], &[&*shown]].concat();
    assert_eq!(world.send(place, &with).await.status, 200);
    assert_eq!(world.send(place, &asked).await.status, 401);
    let told = world
        .send("GET /.well-known/oauth-protected-resource", &[])
        .await;
    assert_eq!(
        told.json()["tls_client_certificate_bound_access_tokens"],
        true
    );

    // Of anybody else it is what somebody writes, and does not reach the API.
    let elsewhere = format!("trusted = [\"192.0.2.1\"], {believed}");
    world.reload(&settings(&elsewhere)).await.expect("reloaded");
    assert_eq!(ask(&[&bound, &shown]).await.status, 401);
    let said = ask(&[&world.bearer("read"), &shown, &shown]).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json()["headers"]["client-cert"], json!(null));

    for (proxies, word) in [
        (
            "client_certificate_from = \"Client-Cert\"",
            "proxies.trusted",
        ),
        (
            "trusted = [\"::1\"], client_certificate_from = \"a b\"",
            "name of a header",
        ),
    ] {
        let settings = settings(proxies).replace("forward_auth = [\"nginx\"]", "");
        let why = world.reload(&settings).await.expect_err("nonsense");
        assert!(
            why.starts_with("proxies.client_certificate_from: ") && why.contains(word),
            "{why}"
        );
    }
}

#[tokio::test]
async fn without_certificates_nothing_is_said_of_them() {
    let world = World::usual().await;
    let place = "GET /.well-known/oauth-protected-resource";
    let told = world.send(place, &[]).await.json();
    assert_eq!(
        told["tls_client_certificate_bound_access_tokens"],
        json!(null)
    );
    let wrong = "upstream = \"@UPSTREAM@\"\n[tls]\nclient_certificates = true\n";
    let why = world
        .reload(wrong)
        .await
        .expect_err("nobody could show one");
    assert!(why.starts_with("tls.client_certificates: "), "{why}");
}
