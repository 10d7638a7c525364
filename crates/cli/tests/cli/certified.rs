//! Clients that show a certificate (RFC 8705): registered by an operator, and our own against our own server.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};

use crate::home::{Home, text};
use crate::server::Server;

/// Writes a certificate that signs itself, and its key; the names of the files.
fn certificate(home: &Home, name: &str) -> [String; 2] {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let made = params.self_signed(&key).expect("a certificate");
    let write = |end: &str, pem: String| {
        let path = home.path().join(format!("{name}.{end}"));
        std::fs::write(&path, pem).expect("written");
        path.display().to_string()
    };
    [write("pem", made.pem()), write("key", key.serialize_pem())]
}

#[test]
fn a_client_is_registered_with_its_certificate() {
    let home = Home::new();
    let [file, key] = certificate(&home, "robot");
    let add = format!(
        "admin client add Robot --auth-method self_signed_tls_client_auth --certificate {file} --certificate-bound"
    );
    let client = home.json(&format!("{add} --output json"));
    assert_eq!(client.get("client_secret"), None);
    assert_eq!(client["tls_client_certificate_bound_access_tokens"], true);
    let jwk = &client["jwks"]["keys"][0];
    assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("EC"), &json!("P-256")));
    assert!(jwk["x5c"][0].is_string() && jwk.get("d").is_none());
    home.run(&add.replace(&file, &key))
        .code(1)
        .complaining("not one certificate");
    let named = "admin client add Robot --auth-method tls_client_auth";
    let client = home.json(&format!(
        "{named} --tls-client-auth-subject-dn CN=robot,O=Example --output json"
    ));
    assert_eq!(
        text(&client, "tls_client_auth_subject_dn"),
        "CN=robot,O=Example"
    );
    for (more, word) in [
        ("", "exactly one"),
        ("--tls-client-auth-subject-dn robot", "distinguished name"),
        ("--tls-client-auth-san-ip robot", "IP address"),
    ] {
        home.run(&format!("{named} {more}"))
            .code(1)
            .complaining(word);
    }
    let both = "--tls-client-auth-san-dns a --tls-client-auth-san-uri b";
    home.run(&format!("{named} {both}")).code(2);
}

/// The server is found by the issuer, the door for certificates by its metadata, and the token is good with the
/// certificate alone.
#[test]
fn our_own_client_shows_its_certificate() {
    let home = Home::new();
    let words = "serve --dev --listen 127.0.0.1:0 --tls dev --output json";
    let server = Server::with(&mut home.command(words));
    let (issuer, mtls) = (server.issuer(), server.get("mtls"));
    assert_ne!(issuer, mtls);
    let database = home.state().join("dev.db").display().to_string();
    let [own, own_key] = certificate(&home, "own");
    let [other, other_key] = certificate(&home, "other");
    let client = home.json(&format!(
        "admin client add Robot --database {database} --scope read --certificate-bound \
         --auth-method self_signed_tls_client_auth --certificate {own} --output json"
    ));
    let client_id = text(&client, "client_id");
    let profile = |name: &str, files: &str| {
        let words = format!(
            "profile add {name} --issuer {issuer} --client-id {client_id} --grant client_credentials --scope read \
             --api {mtls} --ca {} {files}",
            server.get("ca")
        );
        home.run(&words).done();
    };
    profile(
        "own",
        &format!("--certificate {own} --certificate-key {own_key}"),
    );
    profile(
        "other",
        &format!("--certificate {other} --certificate-key {other_key}"),
    );
    let said: Value = home
        .run(&format!("request {mtls}/api/data --profile own"))
        .done()
        .json();
    assert_eq!(said["client_id"], client_id);
    home.run("token other")
        .code(5)
        .complaining("invalid_client");
}
