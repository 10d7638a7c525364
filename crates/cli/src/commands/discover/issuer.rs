//! What an authorization server publishes, in words.

use gatepass_client::Timestamp;
use gatepass_http::check_url;
use gatepass_proto::message::metadata::ServerMetadata;
use serde_json::Value;

use crate::commands::report::{self, Check, one_line};
use crate::output::{self, Stream};

/// Metadata, where it was and how it reads in full.
pub(in crate::commands) struct Found {
    /// The URL of the document.
    pub(in crate::commands) place: String,
    /// The document.
    pub(in crate::commands) document: Value,
    /// What the server's clock showed, and ours at that moment.
    pub(in crate::commands) clocks: Option<(Timestamp, Timestamp)>,
    /// What is understood of it.
    pub(in crate::commands) metadata: ServerMetadata,
}

/// The grants that a client of gatepass can use, as the metadata names them.
const GRANTS: [&str; 8] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "password",
];

/// The document in words.
pub(super) fn told(found: &Found) -> String {
    let bold = |text: &str| output::painted(text, "1", Stream::Result);
    let mut text = format!(
        "{}\n{}",
        bold(&one_line(&found.metadata.issuer)),
        lines(&[("metadata".to_owned(), found.place.clone())])
    );
    let sections = [
        ("Endpoints", endpoints(&found.document)),
        ("What it offers", offers(&found.metadata)),
        ("What gatepass would use", uses(&found.metadata)),
    ];
    for (title, members) in sections {
        if !members.is_empty() {
            text.push_str(&format!("\n{}\n{}", bold(title), lines(&members)));
        }
    }
    let remarks = remarks(found);
    text.push_str(&format!("\n{}\n", bold("Remarks")));
    text.push_str(&report::told(&remarks));
    text
}

/// Every member that is an address, by the part of its name that tells.
fn endpoints(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |members: &Value, of: &str| {
        for (name, value) in members.as_object().into_iter().flatten() {
            let name = match name.strip_suffix("_endpoint") {
                Some(short) => short,
                None if name == "jwks_uri" => "keys",
                None => continue,
            };
            if let Some(url) = value.as_str() {
                found.push((format!("{}{of}", name.replace('_', " ")), url.to_owned()));
            }
        }
    };
    add(document, "");
    if let Some(aliases) = document.get("mtls_endpoint_aliases") {
        add(aliases, ", with a certificate");
    }
    found
}

fn offers(metadata: &ServerMetadata) -> Vec<(String, String)> {
    let all = [
        ("grants", grants(metadata)),
        ("client proof", client_auth(metadata)),
        ("PKCE", metadata.code_challenge_methods_supported.clone()),
        ("scopes", metadata.scopes_supported.clone()),
        ("DPoP", metadata.dpop_signing_alg_values_supported.clone()),
        (
            "ID tokens",
            metadata.id_token_signing_alg_values_supported.clone(),
        ),
        (
            "details",
            metadata.authorization_details_types_supported.clone(),
        ),
        ("prompts", metadata.prompt_values_supported.clone()),
        ("acr", metadata.acr_values_supported.clone()),
    ];
    all.into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| (name.to_owned(), values.join(" ")))
        .collect()
}

/// Without a word about it, these two are meant (RFC 8414 §2).
fn grants(metadata: &ServerMetadata) -> Vec<String> {
    let named = &metadata.grant_types_supported;
    match named.is_empty() {
        true => ["authorization_code", "implicit"]
            .map(str::to_owned)
            .to_vec(),
        false => named.clone(),
    }
}

/// Without a word about it, this one is meant (RFC 8414 §2).
fn client_auth(metadata: &ServerMetadata) -> Vec<String> {
    let named = &metadata.token_endpoint_auth_methods_supported;
    match named.is_empty() {
        true => vec!["client_secret_basic".to_owned()],
        false => named.clone(),
    }
}

fn uses(metadata: &ServerMetadata) -> Vec<(String, String)> {
    let grants = grants(metadata);
    let grant = |name: &str| grants.iter().any(|own| own == name);
    let mut found = Vec::new();
    let mut put = |name: &str, text: String| found.push((name.to_owned(), text));
    let mut logins = Vec::new();
    if metadata.authorization_endpoint.is_some() && grant(GRANTS[0]) {
        logins.push("the browser (authorization_code, PKCE S256)");
    }
    if metadata.device_authorization_endpoint.is_some() {
        logins.push("a code for another device (device_code)");
    }
    if metadata.backchannel_authentication_endpoint.is_some() {
        logins.push("a question on a person's own device (ciba)");
    }
    if !logins.is_empty() {
        put("to log in", logins.join("; "));
    }
    if grant("client_credentials") {
        put("by itself", "client_credentials".to_owned());
    }
    let known = gatepass_proto::client_auth::names();
    let proofs: Vec<String> = client_auth(metadata)
        .into_iter()
        .filter(|method| known.contains(method))
        .collect();
    put(
        "client proof",
        match proofs.is_empty() {
            true => "none of those that it takes".to_owned(),
            false => proofs.join(" or "),
        },
    );
    if metadata.pushed_authorization_request_endpoint.is_some() {
        put("request", "sent ahead of the browser (PAR)".to_owned());
    }
    let registration = match metadata.registration_endpoint {
        Some(_) => "registers itself (RFC 7591), where the profile has no client_id",
        None => "needs a client_id, which the server's operator gives you",
    };
    put("client", registration.to_owned());
    found
}

/// What is missing, dangerous or good to know.
fn remarks(found: &Found) -> Vec<Check> {
    let metadata = &found.metadata;
    let mut remarks: Vec<Check> = endpoints(&found.document)
        .into_iter()
        .filter_map(|(name, url)| unusable(&name, &url))
        .collect();
    remarks.extend(flow_remarks(metadata));
    remarks.extend(grant_remarks(metadata));
    let none = |all: &[String]| all.iter().any(|alg| alg == "none");
    if none(&metadata.id_token_signing_alg_values_supported) {
        remarks.push(Check::bad(
            "ID tokens",
            "may come without a signature (alg none); gatepass refuses those",
        ));
    }
    if metadata.revocation_endpoint.is_none() {
        remarks.push(Check::odd(
            "revocation",
            "it cannot revoke: a logout only forgets, and tokens are good until they expire",
        ));
    }
    if metadata.jwks_uri.is_none() {
        remarks.push(Check::odd(
            "keys",
            "it publishes none, so nobody else can check its tokens",
        ));
    }
    remarks
}

/// An endpoint that nothing is sent to.
fn unusable(name: &str, url: &str) -> Option<Check> {
    let checked = url.parse().map_err(|_| "it is not a URL".to_owned());
    let checked = checked.and_then(|url| check_url(&url).map_err(|error| error.to_string()));
    checked.err().map(|reason| Check::bad(name, reason))
}

/// What a login through the browser needs.
fn flow_remarks(metadata: &ServerMetadata) -> Vec<Check> {
    if metadata.authorization_endpoint.is_none() {
        return Vec::new();
    }
    let methods = &metadata.code_challenge_methods_supported;
    let takes = |method: &str| methods.iter().any(|own| own == method);
    let mut remarks = vec![match methods.as_slice() {
        _ if takes("S256") => Check::good("PKCE", "it takes S256"),
        [] => Check::odd(
            "PKCE",
            "it does not say that it takes S256; gatepass sends it all the same (RFC 9700 §2.1.1)",
        ),
        _ => Check::bad(
            "PKCE",
            "it does not take S256, and anything else proves nothing",
        ),
    }];
    if takes("plain") {
        remarks.push(Check::odd(
            "PKCE",
            "it takes plain too, which whoever reads the request can answer",
        ));
    }
    remarks.push(
        match metadata.authorization_response_iss_parameter_supported {
            true => Check::good(
                "iss",
                "it says who answers, so that servers cannot be mixed up (RFC 9207)",
            ),
            false => Check::odd(
                "iss",
                "it does not promise to say who answers (RFC 9207); servers can be mixed up",
            ),
        },
    );
    let types = &metadata.response_types_supported;
    if !types.is_empty() && !types.iter().any(|own| own == "code") {
        remarks.push(Check::bad(
            "response types",
            "it gives no codes, only what passes through the browser's address",
        ));
    }
    let implicit = |text: &String| text.split(' ').any(|word| word == "token");
    if types.iter().any(implicit)
        || metadata
            .grant_types_supported
            .iter()
            .any(|own| own == "implicit")
    {
        remarks.push(Check::odd("implicit", "it hands tokens to the browser's address, where they leak (RFC 9700 §2.1.2); gatepass never asks for that"));
    }
    remarks
}

fn grant_remarks(metadata: &ServerMetadata) -> Vec<Check> {
    let mut remarks = Vec::new();
    if metadata.token_endpoint.is_none() {
        remarks.push(Check::bad(
            "token",
            "it names no token endpoint: no token can be had",
        ));
    }
    if metadata
        .grant_types_supported
        .iter()
        .any(|own| own == "password")
    {
        remarks.push(Check::odd(
            "password grant",
            "it takes people's passwords from programs (RFC 9700 §2.4 forbids that)",
        ));
    }
    let ours = grants(metadata)
        .iter()
        .any(|own| GRANTS.contains(&own.as_str()));
    if !ours {
        remarks.push(Check::bad("grants", "gatepass speaks none of them"));
    }
    remarks
}

fn lines(members: &[(String, String)]) -> String {
    let wide = members.iter().map(|(name, _)| name.chars().count()).max();
    let wide = wide.unwrap_or_default();
    members
        .iter()
        .map(|(name, value)| format!("  {:<wide$}  {}\n", one_line(name), one_line(value)))
        .collect()
}
