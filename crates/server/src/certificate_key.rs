//! A certificate as the JWK by which a client registers it (RFC 8705 §2.2.2).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The curves by their object identifiers: their names in a JWK (RFC 7518 §6.2.1.1).
const CURVES: [(&str, &str); 3] = [
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
];
/// RFC 8410 §3.
const ED25519: &str = "1.3.101.112";

/// The public key of a certificate in PEM, with the certificate itself in `x5c` (RFC 7517 §4.7).
///
/// # Errors
///
/// What is wrong with the PEM, or with the key.
pub fn certificate_jwk(pem: &[u8]) -> Result<Value, &'static str> {
    let mut all = CertificateDer::pem_slice_iter(pem);
    let (Some(Ok(der)), None) = (all.next(), all.next()) else {
        return Err("it is not one certificate in PEM");
    };
    let (_, certificate) =
        X509Certificate::from_der(&der).map_err(|_| "its certificate cannot be read")?;
    let mut jwk = public(certificate.public_key())
        .ok_or("its key is of another kind than RSA, P-256, P-384, P-521 and Ed25519")?;
    if let Some(members) = jwk.as_object_mut() {
        members.insert("x5c".to_owned(), json!([STANDARD.encode(&der)]));
    }
    Ok(jwk)
}

fn public(key: &SubjectPublicKeyInfo<'_>) -> Option<Value> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match key.parsed().ok()? {
        PublicKey::RSA(rsa) => {
            let number = |bytes: &[u8]| {
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                bytes.get(zeros..).map(text)
            };
            Some(json!({ "kty": "RSA", "n": number(rsa.modulus)?, "e": number(rsa.exponent)? }))
        }
        PublicKey::EC(point) => {
            let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
            let curve = curve.to_id_string();
            let (_, name) = CURVES.iter().find(|(oid, _)| *oid == curve)?;
            let (4, point) = point
                .data()
                .split_first()
                .map(|(form, rest)| (*form, rest))?
            else {
                return None;
            };
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            Some(json!({ "kty": "EC", "crv": name, "x": text(x), "y": text(y) }))
        }
        _ if key.algorithm.algorithm.to_id_string() == ED25519 => {
            let bytes: &[u8] = &key.subject_public_key.data;
            Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": text(bytes) }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Digest;
    use gatepass_proto::jose::{KeySet, SigningKey};
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    };

    use super::certificate_jwk;

    #[test]
    fn each_kind_of_key_is_written_with_its_certificate() {
        for (kind, name) in [
            (&PKCS_ECDSA_P256_SHA256, "P-256"),
            (&PKCS_ECDSA_P384_SHA384, "P-384"),
            (&PKCS_ED25519, "Ed25519"),
        ] {
            let key = KeyPair::generate_for(kind).expect("a key");
            let made = CertificateParams::default().self_signed(&key).expect("one");
            let jwk = certificate_jwk(made.pem().as_bytes()).expect(name);
            assert_eq!(jwk["crv"], name);
            let set = KeySet::of([&jwk]);
            assert!(!set.is_empty(), "{name}: signatures can be checked by it");
            assert!(set.has_certificate(&Digest::of(made.der()).to_base64url()));
            if let Ok(own) = SigningKey::from_pkcs8(&key.serialize_der()) {
                for member in ["x", "y"] {
                    assert_eq!(jwk.get(member), own.jwk().get(member), "{name}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_one_certificate_is_refused() {
        let key = KeyPair::generate().expect("a key");
        let made = CertificateParams::default().self_signed(&key).expect("one");
        let two = made.pem().repeat(2);
        for wrong in ["", "x", &key.serialize_pem(), &two] {
            assert!(certificate_jwk(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
