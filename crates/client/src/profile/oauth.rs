//! The members of method `oauth`, and the preset that fills in those that are not there.

use gatepass_http::Origin;
use gatepass_proto::message::quirks::Quirks;

use super::entry::{Entry, usable};
use crate::providers::{self, Resolved};
use crate::{ClientKey, Endpoints, OAuth, Preset};

impl Entry {
    /// The client, and the origins that its preset is for.
    pub(super) fn oauth(mut self) -> Result<(OAuth, Vec<Origin>), String> {
        let grant = self.grant()?;
        let preset = self.preset()?;
        let (provider, resolved) = match preset {
            Some((preset, resolved)) => (Some(preset), Some(resolved)),
            None => (None, None),
        };
        let api = resolved.as_ref().map(|own| own.api.clone());
        let own = self.endpoints()?;
        let issuer = self.issuer.take().map(|url| usable(url, "issuer"));
        let mut oauth = OAuth {
            provider,
            issuer: issuer.transpose()?,
            endpoints: own,
            client_id: self.client_id.take(),
            client_secret: self.client_secret.take(),
            client_key: self.client_key(),
            client_auth: self.client_auth.take().map(client_auth).transpose()?,
            client_assertion_typ: self.client_assertion_typ.take(),
            scope: self.scope.take(),
            resource: self.resource.take().unwrap_or_default(),
            authorization_details: self.details()?,
            params: self.params.take().unwrap_or_default(),
            dpop: self.dpop.unwrap_or_default(),
            par: self.par,
            signed_request: self.signed_request,
            signed_response: self.signed_response.unwrap_or_default(),
            quirks: Quirks::default(),
            discovered: self.discovered.unwrap_or_default(),
            grant,
        };
        if let Some(resolved) = resolved {
            oauth.fill_in(resolved);
        }
        oauth.check()?;
        Ok((oauth, api.unwrap_or_default()))
    }

    fn preset(&mut self) -> Result<Option<(Preset, Resolved)>, String> {
        let variables = self.variables.take().unwrap_or_default();
        let Some(id) = self.provider.take() else {
            return match variables.is_empty() {
                true => Ok(None),
                false => Err("variables belong to a provider, and none is named".into()),
            };
        };
        let provider = providers::find(&id).ok_or_else(|| {
            format!("provider {id:?} is not known; `gatepass provider list` shows those that are")
        })?;
        let resolved = provider
            .resolve(&variables)
            .map_err(|error| error.to_string())?;
        Ok(Some((Preset { id, variables }, resolved)))
    }

    fn endpoints(&mut self) -> Result<Endpoints, String> {
        let read = |url: &mut Option<String>, name| {
            let url = url.take().map(|url| usable(url, name));
            url.transpose()
        };
        Ok(Endpoints {
            authorization: read(&mut self.authorization_endpoint, "authorization_endpoint")?,
            token: read(&mut self.token_endpoint, "token_endpoint")?,
            revocation: read(&mut self.revocation_endpoint, "revocation_endpoint")?,
            introspection: read(&mut self.introspection_endpoint, "introspection_endpoint")?,
            userinfo: read(&mut self.userinfo_endpoint, "userinfo_endpoint")?,
            device_authorization: read(
                &mut self.device_authorization_endpoint,
                "device_authorization_endpoint",
            )?,
            pushed_authorization_request: read(
                &mut self.pushed_authorization_request_endpoint,
                "pushed_authorization_request_endpoint",
            )?,
            backchannel_authentication: read(
                &mut self.backchannel_authentication_endpoint,
                "backchannel_authentication_endpoint",
            )?,
            registration: read(&mut self.registration_endpoint, "registration_endpoint")?,
            end_session: read(&mut self.end_session_endpoint, "end_session_endpoint")?,
            jwks: read(&mut self.jwks_uri, "jwks_uri")?,
        })
    }

    fn client_key(&mut self) -> Option<ClientKey> {
        Some(ClientKey {
            key: self.client_key.take()?,
            kid: self.client_key_id.take(),
            alg: self.client_key_alg.take(),
        })
    }

    fn details(&mut self) -> Result<Option<serde_json::Value>, String> {
        let Some(details) = self.authorization_details.take() else {
            return Ok(None);
        };
        let value = serde_json::to_value(details)
            .map_err(|_| "authorization_details cannot be written as JSON".to_owned())?;
        match value.is_array() {
            true => Ok(Some(value)),
            false => Err("authorization_details is an array of tables".into()),
        }
    }

    pub(super) fn fill(&mut self, mut oauth: OAuth) {
        if let Some(preset) = oauth.provider.take() {
            oauth.leave_out(&preset);
            self.provider = Some(preset.id);
            self.variables = Some(preset.variables).filter(|map| !map.is_empty());
        }
        self.issuer = oauth.issuer;
        self.fill_endpoints(oauth.endpoints);
        self.client_id = oauth.client_id;
        self.client_secret = oauth.client_secret;
        if let Some(ClientKey { key, kid, alg }) = oauth.client_key {
            (self.client_key, self.client_key_id, self.client_key_alg) = (Some(key), kid, alg);
        }
        self.client_auth = oauth.client_auth;
        self.client_assertion_typ = oauth.client_assertion_typ;
        self.scope = oauth.scope;
        self.resource = Some(oauth.resource).filter(|list| !list.is_empty());
        let details = oauth.authorization_details;
        self.authorization_details = details.and_then(|json| toml::Value::try_from(json).ok());
        self.params = Some(oauth.params).filter(|map| !map.is_empty());
        self.dpop = oauth.dpop.then_some(true);
        self.par = oauth.par;
        self.signed_request = oauth.signed_request;
        self.signed_response = oauth.signed_response.then_some(true);
        self.discovered = oauth.discovered.then_some(true);
        self.fill_grant(oauth.grant);
    }

    fn fill_endpoints(&mut self, endpoints: Endpoints) {
        self.authorization_endpoint = endpoints.authorization;
        self.token_endpoint = endpoints.token;
        self.revocation_endpoint = endpoints.revocation;
        self.introspection_endpoint = endpoints.introspection;
        self.userinfo_endpoint = endpoints.userinfo;
        self.device_authorization_endpoint = endpoints.device_authorization;
        self.pushed_authorization_request_endpoint = endpoints.pushed_authorization_request;
        self.backchannel_authentication_endpoint = endpoints.backchannel_authentication;
        self.registration_endpoint = endpoints.registration;
        self.end_session_endpoint = endpoints.end_session;
        self.jwks_uri = endpoints.jwks;
    }
}

fn client_auth(name: String) -> Result<String, String> {
    let names = gatepass_proto::client_auth::known();
    if names.contains(&name.as_str()) {
        return Ok(name);
    }
    Err(format!(
        "client_auth {name:?} is not known; expected one of {}",
        names.join(", ")
    ))
}
