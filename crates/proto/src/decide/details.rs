//! What records hold beside the members that stores look things up by: kept as one JSON document each, so that a member
//! more costs no migration. What is absent has its default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Digest, Timestamp};

macro_rules! details {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member:meta])* $field:ident: $type:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$member])* #[serde(skip_serializing_if = "is_default")] pub $field: $type,)*
        }
    )* };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

details! {
    /// More of a client (RFC 7591 §2, OpenID Connect Registration §2, RFC 8705 §2.1.2, RFC 9126 §6, RFC 9449 §5.2).
    ClientDetails {
        /// `jwks`: its public keys.
        jwks: Option<Value>,
        /// `jwks_uri`: where it publishes them.
        jwks_uri: Option<String>,
        /// `token_endpoint_auth_signing_alg`: the only algorithm of its assertions.
        token_endpoint_auth_signing_alg: Option<String>,
        /// The secret itself under the master key, base64url: `client_secret_jwt` needs more than a digest.
        sealed_secret: Option<String>,
        /// `tls_client_auth_subject_dn`.
        tls_client_auth_subject_dn: Option<String>,
        /// `tls_client_auth_san_dns`.
        tls_client_auth_san_dns: Option<String>,
        /// `tls_client_auth_san_uri`.
        tls_client_auth_san_uri: Option<String>,
        /// `tls_client_auth_san_ip`.
        tls_client_auth_san_ip: Option<String>,
        /// `tls_client_auth_san_email`.
        tls_client_auth_san_email: Option<String>,
        /// `tls_client_certificate_bound_access_tokens`.
        tls_client_certificate_bound_access_tokens: bool,
        /// `dpop_bound_access_tokens`.
        dpop_bound_access_tokens: bool,
        /// `id_token_signed_response_alg`; RS256 when absent.
        id_token_signed_response_alg: Option<String>,
        /// `userinfo_signed_response_alg`; plain JSON when absent.
        userinfo_signed_response_alg: Option<String>,
        /// `introspection_signed_response_alg` (RFC 9701 §6).
        introspection_signed_response_alg: Option<String>,
        /// `authorization_signed_response_alg` (JARM).
        authorization_signed_response_alg: Option<String>,
        /// `request_object_signing_alg`: the only algorithm of its request objects.
        request_object_signing_alg: Option<String>,
        /// `require_signed_request_object` (RFC 9101 §10.5).
        require_signed_request_object: bool,
        /// `require_pushed_authorization_requests` (RFC 9126 §6).
        require_pushed_authorization_requests: bool,
        /// `request_uris`: where its request objects may be fetched.
        request_uris: Vec<String>,
        /// Whether its users have a `sub` for it alone (`subject_type` is `pairwise`).
        pairwise: bool,
        /// `sector_identifier_uri`.
        sector_identifier_uri: Option<String>,
        /// `default_max_age`, in seconds.
        default_max_age: Option<u64>,
        /// `require_auth_time`.
        require_auth_time: bool,
        /// `default_acr_values`.
        default_acr_values: Vec<String>,
        /// `post_logout_redirect_uris`.
        post_logout_redirect_uris: Vec<String>,
        /// `backchannel_logout_uri`.
        backchannel_logout_uri: Option<String>,
        /// `backchannel_logout_session_required`.
        backchannel_logout_session_required: bool,
        /// `backchannel_token_delivery_mode` (CIBA): `poll` or `ping`.
        backchannel_token_delivery_mode: Option<String>,
        /// `backchannel_client_notification_endpoint` (CIBA).
        backchannel_client_notification_endpoint: Option<String>,
        /// `backchannel_authentication_request_signing_alg` (CIBA): its authentication requests are signed by that.
        backchannel_authentication_request_signing_alg: Option<String>,
        /// `client_uri`.
        client_uri: Option<String>,
        /// `logo_uri`.
        logo_uri: Option<String>,
        /// `policy_uri`.
        policy_uri: Option<String>,
        /// `tos_uri`.
        tos_uri: Option<String>,
        /// `contacts`.
        contacts: Vec<String>,
        /// `authorization_details_types` (RFC 9396 §10).
        authorization_details_types: Vec<String>,
        /// Whether its access tokens are opaque.
        opaque_access_tokens: bool,
        /// Whether it is held to the FAPI 2.0 Security Profile.
        fapi: bool,
        /// Whether it is held to FAPI 2.0 Message Signing too.
        fapi_message_signing: bool,
        /// Clients whose tokens it may exchange (RFC 8693), beside its own.
        may_exchange: Vec<String>,
        /// `application_type`, where it named one: `native` or `web`.
        application_type: Option<String>,
        /// SHA-256 of its `registration_access_token` (RFC 7592); `None` for one that an operator made.
        registration_access_token: Option<Digest>,
        /// Whether it is not registered here, but described by the document at its id; no such record is stored.
        described: bool,
    }

    /// More of a user.
    UserDetails {
        /// Standard claims (OpenID Connect Core §5.1) and others that an operator has set, but for `sub`.
        claims: Map<String, Value>,
        /// When the password was last changed. What was granted and who logged in before is over.
        credentials_changed_at: Option<Timestamp>,
    }

    /// More of a login.
    SessionDetails {
        /// `sid`: its name towards clients.
        sid: String,
        /// `acr`: how good it is.
        acr: Option<String>,
        /// `amr`: how it was done (RFC 8176).
        amr: Vec<String>,
        /// What the browser calls itself, cut short, for the person's list of logins.
        user_agent: Option<String>,
    }

    /// More of a code, and of the grant that it becomes.
    GrantDetails {
        /// `nonce` of the request.
        nonce: Option<String>,
        /// When the person logged in (`auth_time`).
        auth_time: Option<Timestamp>,
        /// `acr` of that login.
        acr: Option<String>,
        /// `amr` of that login.
        amr: Vec<String>,
        /// `sid` of that login.
        sid: Option<String>,
        /// The `claims` parameter (OpenID Connect Core §5.5).
        claims: Option<Value>,
        /// `authorization_details` as consented to (RFC 9396).
        authorization_details: Option<Value>,
        /// The key that its tokens are bound to (RFC 9449): the JWK thumbprint.
        dpop_jkt: Option<String>,
        /// The certificate that its tokens are bound to (RFC 8705 §3.1).
        x5t_s256: Option<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientDetails, GrantDetails};

    #[test]
    fn what_is_absent_is_not_written() {
        let nothing = serde_json::to_string(&ClientDetails::default()).expect("written");
        assert_eq!(nothing, "{}");
        let details = GrantDetails {
            nonce: Some("n".into()),
            ..GrantDetails::default()
        };
        let text = serde_json::to_string(&details).expect("written");
        assert_eq!(text, r#"{"nonce":"n"}"#);
        let read: GrantDetails = serde_json::from_str(&text).expect("read");
        assert_eq!(read, details);
    }
}
