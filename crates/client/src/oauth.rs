use std::collections::BTreeMap;

use gatepass_proto::message::protected_resource::identifier;
use gatepass_proto::message::quirks::{AssertionTyp, Quirks};
use gatepass_proto::{ClientId, Scope};
use serde_json::Value;

use crate::providers::{self, Resolved};
use crate::{Grant, SecretRef};

/// A client of an OAuth 2 authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// The preset that the rest was filled from, where one was named.
    pub provider: Option<Preset>,
    /// The issuer whose metadata names the endpoints, and with which `iss` is compared.
    pub issuer: Option<String>,
    /// Endpoints that are named here, not discovered.
    pub endpoints: Endpoints,
    /// `client_id`; without one, the client registers itself at a person's first login (RFC 7591), and what it was
    /// registered as is kept for the issuer. A signed assertion needs none, and stands for itself (RFC 7523 §2.1).
    pub client_id: Option<String>,
    /// `client_secret`, unless the client is public.
    pub client_secret: Option<SecretRef>,
    /// The key by which the client signs (`private_key_jwt`, RFC 9101).
    pub client_key: Option<ClientKey>,
    /// `token_endpoint_auth_method`; by default what the server takes and the client has the means for: its secret first,
    /// then its key, then its certificate.
    pub client_auth: Option<String>,
    /// The `typ` of its assertions (`private_key_jwt`, `client_secret_jwt`); by default as the server is known to want it.
    pub client_assertion_typ: Option<AssertionTyp>,
    /// `scope` to ask for. Without one, any token does.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707) to ask for.
    pub resource: Vec<String>,
    /// `authorization_details` (RFC 9396) to ask for: a JSON array.
    pub authorization_details: Option<Value>,
    /// What else the authorization request says: `prompt`, `login_hint`, `audience` …
    pub params: BTreeMap<String, String>,
    /// Whether tokens are bound to a key of our own (RFC 9449).
    pub dpop: bool,
    /// Whether the request goes ahead of the browser (RFC 9126); by default when the server offers it and the browser comes
    /// back to a listener.
    pub par: Option<bool>,
    /// Whether the request is signed by `client_key` (RFC 9101); by default when the server insists.
    pub signed_request: Option<bool>,
    /// Whether the answer through the browser has to be signed (JARM).
    pub signed_response: bool,
    /// How the server differs from the standard.
    pub quirks: Quirks,
    /// Whether a resource has named this server (RFC 9728): its tokens go to no URL but those of [`OAuth::resource`], and each
    /// login looks first whether the resource still names it.
    pub discovered: bool,
    /// How the first token is made.
    pub grant: Grant,
}

/// A preset by name, and what it leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its id, like `github`.
    pub id: String,
    /// The variables in its addresses, like `tenant`.
    pub variables: BTreeMap<String, String>,
}

/// A private key of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// Where it is: PEM (PKCS #8, PKCS #1, SEC 1) or a private JWK, as a whole file.
    pub key: SecretRef,
    /// `kid`, where the server knows it by another than its thumbprint.
    pub kid: Option<String>,
    /// The algorithm, where the key admits several: `RS256` or `PS256`.
    pub alg: Option<String>,
}

/// Endpoints that a profile names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the members are those of the metadata (RFC 8414 §2)"
)]
pub struct Endpoints {
    pub authorization: Option<String>,
    pub token: Option<String>,
    pub revocation: Option<String>,
    pub introspection: Option<String>,
    pub userinfo: Option<String>,
    pub device_authorization: Option<String>,
    pub pushed_authorization_request: Option<String>,
    pub backchannel_authentication: Option<String>,
    pub registration: Option<String>,
    pub end_session: Option<String>,
    pub jwks: Option<String>,
}

impl OAuth {
    /// A client that logs a person in with the browser.
    pub fn authorization_code(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        let grant = Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        };
        Self::new(Some(issuer.into()), Some(client_id.into()), None, grant)
    }

    /// A client that acts for itself.
    pub fn client_credentials(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretRef,
    ) -> Self {
        Self::new(
            Some(issuer.into()),
            Some(client_id.into()),
            Some(client_secret),
            Grant::ClientCredentials,
        )
    }

    /// A client in full; the rest may be set on the fields.
    pub fn new(
        issuer: Option<String>,
        client_id: Option<String>,
        client_secret: Option<SecretRef>,
        grant: Grant,
    ) -> Self {
        Self {
            provider: None,
            issuer,
            endpoints: Endpoints::default(),
            client_id,
            client_secret,
            client_key: None,
            client_auth: None,
            client_assertion_typ: None,
            scope: None,
            resource: Vec::new(),
            authorization_details: None,
            params: BTreeMap::new(),
            dpop: false,
            par: None,
            signed_request: None,
            signed_response: false,
            quirks: Quirks::default(),
            discovered: false,
            grant,
        }
    }

    /// Takes from a preset what is not said here.
    pub(crate) fn fill_in(&mut self, preset: Resolved) {
        self.issuer = self.issuer.take().or(preset.issuer);
        self.endpoints.fill_in(preset.endpoints);
        self.quirks = preset.quirks;
    }

    /// Forgets what a preset says too, so that a profile is written with what is its own.
    pub(crate) fn leave_out(&mut self, preset: &Preset) {
        let resolved = providers::find(&preset.id)
            .and_then(|provider| provider.resolve(&preset.variables).ok());
        if let Some(resolved) = resolved {
            self.issuer = self
                .issuer
                .take()
                .filter(|own| Some(own) != resolved.issuer.as_ref());
            self.endpoints.leave_out(&resolved.endpoints);
        }
    }

    /// Whether it says enough to be used.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.discovered && self.issuer.is_none() {
            return Err("discovered is for a profile with an issuer".into());
        }
        if self.discovered && !self.grant.needs_person() {
            return Err("discovered is for a grant that asks a person".into());
        }
        if self.discovered {
            self.resource
                .iter()
                .try_for_each(|own| identifier(own).map(drop))?;
        }
        if self.issuer.is_none() && self.endpoints.token.is_none() {
            return Err(
                "issuer is missing (or token_endpoint, for a server that publishes no metadata)"
                    .into(),
            );
        }
        let can_register = self.issuer.is_some() || self.endpoints.registration.is_some();
        let named =
            self.client_id.is_some() || (self.registers() && can_register) || self.is_nobody();
        match named {
            true => Ok(()),
            false => Err("client_id is missing".into()),
        }
    }

    /// Whether the client registers itself at a person's first login (RFC 7591).
    pub fn registers(&self) -> bool {
        self.client_id.is_none() && self.grant.needs_person()
    }

    /// Whether the server knows the client because a person registered it there: neither by itself nor by a document that
    /// describes it.
    pub(crate) fn is_registered_by_a_person(&self) -> bool {
        let described = |id: &String| ClientId::new(id.as_str()).is_url();
        self.client_id.as_ref().is_some_and(|id| !described(id))
    }

    /// Whether nothing is said of the client: the assertion stands for itself (RFC 7523 §2.1).
    pub(crate) fn is_nobody(&self) -> bool {
        let stated = matches!(self.grant, Grant::JwtBearer(_));
        self.client_id.is_none() && stated && !self.shows_itself()
    }

    /// Whether there is something that says more of the client than its id.
    fn shows_itself(&self) -> bool {
        let method = self.client_auth.as_deref();
        self.client_secret.is_some()
            || self.client_key.is_some()
            || method.is_some_and(|method| method != "none")
    }

    /// Whom its tokens are asked of, for whom and for what: what a token of an older profile must share. Scopes are not
    /// in it: a token tells its own.
    pub(crate) fn identity(&self) -> String {
        format!(
            "oauth\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{}",
            self.issuer,
            self.endpoints.token,
            self.client_id,
            self.grant.subject(),
            self.resource,
            self.authorization_details,
            self.dpop,
        )
    }
}

impl Endpoints {
    /// Those that are named.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        [
            &self.authorization,
            &self.token,
            &self.revocation,
            &self.introspection,
            &self.userinfo,
            &self.device_authorization,
            &self.pushed_authorization_request,
            &self.backchannel_authentication,
            &self.registration,
            &self.end_session,
            &self.jwks,
        ]
        .into_iter()
        .flatten()
    }

    fn all(&mut self) -> [&mut Option<String>; 11] {
        [
            &mut self.authorization,
            &mut self.token,
            &mut self.revocation,
            &mut self.introspection,
            &mut self.userinfo,
            &mut self.device_authorization,
            &mut self.pushed_authorization_request,
            &mut self.backchannel_authentication,
            &mut self.registration,
            &mut self.end_session,
            &mut self.jwks,
        ]
    }

    fn fill_in(&mut self, mut other: Self) {
        for (own, other) in self.all().into_iter().zip(other.all()) {
            *own = own.take().or(other.take());
        }
    }

    fn leave_out(&mut self, other: &Self) {
        let mut other = other.clone();
        for (own, other) in self.all().into_iter().zip(other.all()) {
            *own = own.take().filter(|url| Some(url) != other.as_ref());
        }
    }
}
