//! From what was settled to the client's record, and back.

use std::sync::Arc;

use crate::decide::details::ClientDetails;
use crate::decide::record::Client;
use crate::message::registration::ClientMetadata;
use crate::{ClientId, Cx, Scope, Secret, Timestamp};

use super::sector::PAIRWISE;
use super::terms::Terms;

/// A new client.
pub(super) fn fresh(
    settled: ClientMetadata,
    token: &Secret,
    secret: Option<&Secret>,
    terms: &Terms,
    cx: &mut Cx<'_>,
) -> Client {
    let details = ClientDetails {
        registration_access_token: Some(token.digest()),
        ..ClientDetails::default()
    };
    let client = blank(ClientId::generate(cx), details, cx.now);
    changed(&client, settled, secret, terms)
}

/// The client that a document at `client_id` describes. It has no secret, and what binds those that register holds for it
/// in any case: it has to use PKCE. The scope of the document is all that it may ask for.
pub(super) fn described(client_id: &ClientId, settled: ClientMetadata, terms: &Terms) -> Client {
    let details = ClientDetails {
        described: true,
        ..ClientDetails::default()
    };
    let client = blank(client_id.clone(), details, Timestamp::default());
    let client = changed(&client, settled, None, terms);
    Client {
        require_pkce: true,
        scope: client.default_scope.clone(),
        ..client
    }
}

/// One of which nothing is known yet but its id.
fn blank(client_id: ClientId, details: ClientDetails, client_id_issued_at: Timestamp) -> Client {
    Client {
        client_id,
        client_name: String::new(),
        client_secrets: Vec::new(),
        auth_methods: Vec::new(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scope: Scope::empty(),
        default_scope: Scope::empty(),
        resources: Vec::new(),
        require_pkce: true,
        json_body: false,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at,
        details: Arc::new(details),
    }
}

/// The client with everything in place of what it had that is its own to say; what an operator gave it stays.
///
/// The scope that it registers is what it gets when it asks for nothing. It may ask for all that the policy lets anybody
/// register: many register what a resource's first refusal names, and ask for more when the next one does (RFC 6750 §3.1).
pub(super) fn changed(
    before: &Client,
    settled: ClientMetadata,
    secret: Option<&Secret>,
    terms: &Terms,
) -> Client {
    let method = settled.token_endpoint_auth_method.unwrap_or_default();
    let is_public = method == "none";
    let keeps_secret = method.starts_with("client_secret_");
    let client_secrets = match secret {
        Some(secret) => vec![secret.digest()],
        None if keeps_secret => before.client_secrets.clone(),
        None => Vec::new(),
    };
    let own = &before.details;
    let details = ClientDetails {
        jwks: settled.jwks,
        jwks_uri: settled.jwks_uri,
        token_endpoint_auth_signing_alg: settled.token_endpoint_auth_signing_alg,
        sealed_secret: own.sealed_secret.clone().filter(|_| keeps_secret),
        tls_client_auth_subject_dn: settled.tls_client_auth_subject_dn,
        tls_client_auth_san_dns: settled.tls_client_auth_san_dns,
        tls_client_auth_san_uri: settled.tls_client_auth_san_uri,
        tls_client_auth_san_ip: settled.tls_client_auth_san_ip,
        tls_client_auth_san_email: settled.tls_client_auth_san_email,
        tls_client_certificate_bound_access_tokens: settled
            .tls_client_certificate_bound_access_tokens,
        dpop_bound_access_tokens: settled.dpop_bound_access_tokens,
        id_token_signed_response_alg: settled.id_token_signed_response_alg,
        userinfo_signed_response_alg: settled.userinfo_signed_response_alg,
        introspection_signed_response_alg: settled.introspection_signed_response_alg,
        authorization_signed_response_alg: settled.authorization_signed_response_alg,
        request_object_signing_alg: settled.request_object_signing_alg,
        require_signed_request_object: settled.require_signed_request_object,
        require_pushed_authorization_requests: settled.require_pushed_authorization_requests,
        request_uris: settled.request_uris,
        pairwise: settled.subject_type.as_deref() == Some(PAIRWISE),
        sector_identifier_uri: settled.sector_identifier_uri,
        default_max_age: settled.default_max_age,
        require_auth_time: settled.require_auth_time,
        default_acr_values: settled.default_acr_values,
        post_logout_redirect_uris: settled.post_logout_redirect_uris,
        backchannel_logout_uri: settled.backchannel_logout_uri,
        backchannel_logout_session_required: settled.backchannel_logout_session_required,
        backchannel_token_delivery_mode: settled.backchannel_token_delivery_mode,
        backchannel_client_notification_endpoint: settled.backchannel_client_notification_endpoint,
        backchannel_authentication_request_signing_alg: settled
            .backchannel_authentication_request_signing_alg,
        client_uri: settled.client_uri,
        logo_uri: settled.logo_uri,
        policy_uri: settled.policy_uri,
        tos_uri: settled.tos_uri,
        contacts: settled.contacts,
        authorization_details_types: settled.authorization_details_types,
        application_type: settled.application_type,
        ..own.as_ref().clone()
    };
    Client {
        client_name: settled
            .client_name
            .unwrap_or_else(|| before.client_id.to_string()),
        client_secrets,
        auth_methods: vec![method],
        redirect_uris: settled.redirect_uris,
        grant_types: settled.grant_types,
        scope: terms.policy.scope.clone(),
        default_scope: settled.scope.unwrap_or_default(),
        require_pkce: is_public || terms.policy.require_pkce,
        details: Arc::new(details),
        ..before.clone()
    }
}

/// What the record says, in the words of the registration.
pub(super) fn metadata(client: &Client) -> ClientMetadata {
    let details = client.details.as_ref().clone();
    let has_code = client.may_use("authorization_code");
    ClientMetadata {
        client_name: Some(client.client_name.clone())
            .filter(|name| name != client.client_id.as_str()),
        redirect_uris: client.redirect_uris.clone(),
        token_endpoint_auth_method: client.auth_methods.first().cloned(),
        grant_types: client.grant_types.clone(),
        response_types: has_code.then(|| "code".to_owned()).into_iter().collect(),
        scope: Some(client.default_scope.clone()).filter(|scope| !scope.is_empty()),
        jwks: details.jwks,
        jwks_uri: details.jwks_uri,
        token_endpoint_auth_signing_alg: details.token_endpoint_auth_signing_alg,
        tls_client_auth_subject_dn: details.tls_client_auth_subject_dn,
        tls_client_auth_san_dns: details.tls_client_auth_san_dns,
        tls_client_auth_san_uri: details.tls_client_auth_san_uri,
        tls_client_auth_san_ip: details.tls_client_auth_san_ip,
        tls_client_auth_san_email: details.tls_client_auth_san_email,
        tls_client_certificate_bound_access_tokens: details
            .tls_client_certificate_bound_access_tokens,
        dpop_bound_access_tokens: details.dpop_bound_access_tokens,
        id_token_signed_response_alg: details.id_token_signed_response_alg,
        userinfo_signed_response_alg: details.userinfo_signed_response_alg,
        introspection_signed_response_alg: details.introspection_signed_response_alg,
        authorization_signed_response_alg: details.authorization_signed_response_alg,
        request_object_signing_alg: details.request_object_signing_alg,
        require_signed_request_object: details.require_signed_request_object,
        require_pushed_authorization_requests: details.require_pushed_authorization_requests,
        request_uris: details.request_uris,
        subject_type: details.pairwise.then(|| PAIRWISE.to_owned()),
        sector_identifier_uri: details.sector_identifier_uri,
        default_max_age: details.default_max_age,
        require_auth_time: details.require_auth_time,
        default_acr_values: details.default_acr_values,
        post_logout_redirect_uris: details.post_logout_redirect_uris,
        backchannel_logout_uri: details.backchannel_logout_uri,
        backchannel_logout_session_required: details.backchannel_logout_session_required,
        backchannel_token_delivery_mode: details.backchannel_token_delivery_mode,
        backchannel_client_notification_endpoint: details.backchannel_client_notification_endpoint,
        backchannel_authentication_request_signing_alg: details
            .backchannel_authentication_request_signing_alg,
        client_uri: details.client_uri,
        logo_uri: details.logo_uri,
        policy_uri: details.policy_uri,
        tos_uri: details.tos_uri,
        contacts: details.contacts,
        authorization_details_types: details.authorization_details_types,
        application_type: details.application_type,
        ..ClientMetadata::default()
    }
}
