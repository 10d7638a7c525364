//! A guard that asks for certificates, and our own client that shows one.

use std::fs;

use rcgen::{CertificateParams, KeyPair};
use rustix::process::Signal;

use crate::echo;
use crate::home::{Home, text};
use crate::server::Server;

#[test]
fn a_token_that_is_bound_to_a_certificate_passes_where_it_is_asked_for() {
    let (home, api) = (Home::new(), echo::start());
    let words = "serve --dev --listen 127.0.0.1:0 --tls dev --output json";
    let issuer = Server::with(&mut home.command(words));
    let (name, ca) = (issuer.issuer(), issuer.get("ca"));
    let key = KeyPair::generate().expect("a key");
    let made = CertificateParams::default().self_signed(&key);
    let (cert, key_file) = (home.path().join("own.pem"), home.path().join("own.key"));
    fs::write(&cert, made.expect("a certificate").pem()).expect("written");
    fs::write(&key_file, key.serialize_pem()).expect("written");
    let client = home.json(&format!(
        "admin client add Robot --database {} --scope read --certificate-bound \
         --auth-method self_signed_tls_client_auth --certificate {} --output json",
        home.state().join("dev.db").display(),
        cert.display()
    ));
    let file = home.path().join("guard.toml");
    let settings = |client_certificates: bool| {
        format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\nextra_ca = \"{ca}\"\n\
             tls = {{ dev = true, client_certificates = {client_certificates} }}\n\
             [[issuer]]\nissuer = \"{name}\"\naudience = \"{name}/api\"\n"
        )
    };
    let guarded = |client_certificates: bool| {
        fs::write(&file, settings(client_certificates)).expect("written");
        let words = format!("guard --config {}", file.display());
        let guard = Server::with(&mut home.command(&format!("{words} --output json")));
        let profile = format!("at-{client_certificates}");
        let origin = guard.get("listen").to_owned();
        home.run(&format!(
            "profile add {profile} --issuer {name} --client-id {} --grant client_credentials --scope read \
             --api {origin} --ca {ca} --certificate {} --certificate-key {}",
            text(&client, "client_id"),
            cert.display(),
            key_file.display()
        ))
        .done();
        let told = home.run(&format!("request {origin}/ --profile {profile}"));
        guard.end(Signal::TERM).done();
        told
    };
    let told = guarded(true).done();
    assert!(told.stdout.contains("GET / HTTP/1.1"), "{told:#?}");
    let told = guarded(false);
    assert_ne!(told.code, Some(0), "{told:#?}");
    assert!(!told.stdout.contains("GET / HTTP/1.1"), "{told:#?}");

    fs::write(&file, settings(true)).expect("written");
    let words = format!("guard --config {} --check", file.display());
    let told = home.run(&words).done();
    assert!(told.stdout.contains("made for this machine"), "{told:#?}");
    let told = home
        .run(&format!("guard --dev --config {}", file.display()))
        .code(2);
    told.complaining("tls.client_certificates");
    fs::write(
        &file,
        "upstream = \"http://127.0.0.1:1\"\n[tls]\nclient_certificates = true\n",
    )
    .expect("written");
    let words = format!("guard --config {} --issuer {name}", file.display());
    let told = home.run(&format!("{words} --listen 127.0.0.1:0")).code(2);
    told.complaining("tls.client_certificates");
}
