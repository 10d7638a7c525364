//! What the fuzz targets do with an input: each parser reads it, and nothing that it promises may break. A broken
//! promise panics.
//!
//! libFuzzer runs them in `fuzz/fuzz_targets`; `tests/brief` runs them in the gate, a bounded number of times and
//! always with the same inputs.

#![expect(clippy::indexing_slicing, reason = "a broken promise panics")]

mod authentication;
mod authorization;
mod authorization_details;
mod callback;
mod challenge;
mod claims;
mod client_document;
mod config;
mod credentials;
mod curl;
mod device;
mod distinguished_name;
mod id_token;
mod jarm;
mod jws;
mod key_set;
mod metadata;
mod netrc;
mod params;
mod pkce;
mod private_key;
mod protected_resource;
mod redirect_uri;
mod refresh_token;
mod registration;
mod request_object;
mod request_path;
mod scope;
mod stored_token;
mod token_response;
mod transfer;
mod userinfo;
mod world;

/// Something that reads what others wrote.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name; also that of its file, of its folder in `fuzz/seeds` and of its program in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// How many inputs the brief run makes for it, beside its seeds.
    pub inputs: u32,
    /// Reads an input; panics when a promise is broken.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("params", 20000, params::run),
    target("scope", 20000, scope::run),
    target("credentials", 20000, credentials::run),
    target("challenge", 20000, challenge::run),
    target("jws", 5000, jws::run),
    target("key_set", 5000, key_set::run),
    target("token_response", 20000, token_response::run),
    target("authorization", 20000, authorization::run),
    target("callback", 20000, callback::run),
    target("refresh_token", 10000, refresh_token::run),
    target("redirect_uri", 10000, redirect_uri::run),
    target("metadata", 20000, metadata::run),
    target("protected_resource", 20000, protected_resource::run),
    target("pkce", 20000, pkce::run),
    target("id_token", 10000, id_token::run),
    target("jarm", 10000, jarm::run),
    target("request_object", 10000, request_object::run),
    target("authorization_details", 20000, authorization_details::run),
    target("private_key", 2000, private_key::run),
    target("device", 20000, device::run),
    target("registration", 20000, registration::run),
    target("distinguished_name", 20000, distinguished_name::run),
    target("client_document", 20000, client_document::run),
    target("claims", 20000, claims::run),
    target("authentication", 20000, authentication::run),
    target("userinfo", 10000, userinfo::run),
    target("stored_token", 20000, stored_token::run),
    target("config", 10000, config::run),
    target("curl", 20000, curl::run),
    target("netrc", 20000, netrc::run),
    target("transfer", 10000, transfer::run),
    target("request_path", 20000, request_path::run),
];

const fn target(name: &'static str, inputs: u32, run: fn(&[u8])) -> Target {
    Target { name, inputs, run }
}

/// Has the target of this name read an input.
///
/// # Panics
///
/// A promise is broken, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}
