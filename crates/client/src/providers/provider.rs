use std::collections::BTreeMap;

use gatepass_proto::Scope;
use gatepass_proto::message::quirks::Quirks;
use serde::Deserialize;

/// A provider as its preset has it. The addresses are templates: `{name}` stands for a variable, which
/// [`Provider::resolve`] fills in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called in profiles and on the command line: `github`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The issuer, whose metadata names the endpoints that are not named here.
    pub issuer: Option<String>,
    /// `authorization_endpoint`.
    pub authorization_endpoint: Option<String>,
    /// `token_endpoint`.
    pub token_endpoint: Option<String>,
    /// `device_authorization_endpoint` (RFC 8628 §4).
    pub device_authorization_endpoint: Option<String>,
    /// `userinfo_endpoint`, or the address at which the API says whose token it is.
    pub userinfo_endpoint: Option<String>,
    /// `revocation_endpoint`; how it is asked, [`Quirks::revoke_by`] says. `{client_id}` may stand in it.
    pub revocation_endpoint: Option<String>,
    /// The origins that its tokens are for. Empty where the API is the customer's own.
    #[serde(default)]
    pub api: Vec<String>,
    /// What to ask for when nobody knows better: who the person is, and that the token may be renewed.
    #[serde(default)]
    pub scopes: Scope,
    /// What the addresses leave open, by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// How it differs from the standard.
    #[serde(default)]
    pub quirks: Quirks,
    /// Where it is documented.
    pub docs: String,
    /// How to register a client there, in a sentence or two.
    pub notes: String,
}

/// What an address leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What to ask a person for.
    pub help: String,
    /// What it is taken to be when nothing is said; without one it must be said.
    pub default: Option<String>,
    /// What may be said.
    pub kind: Kind,
}

/// What may be said for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A host, with a port where it has one: `acme.okta.com`. `https://` before it and a slash after it are passed over.
    Host,
    /// One segment of a path: `common`.
    Segment,
    /// The beginning of an address: `https://sso.example.org/auth`.
    Url,
    /// A parameter's value, which is left out when empty.
    Text,
}
