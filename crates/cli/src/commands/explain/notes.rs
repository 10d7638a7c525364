//! What each parameter, header and member is for, and where that is written.

/// What a name in a request means.
pub(super) fn of_request(name: &str) -> Option<&'static str> {
    find(REQUEST, name)
}

/// What a name in an answer means.
pub(super) fn of_answer(name: &str) -> Option<&'static str> {
    find(ANSWER, name)
}

/// What a credential of this scheme is.
pub(super) fn of_scheme(authorization: &str) -> &'static str {
    match authorization.split(' ').next().unwrap_or_default() {
        "Basic" => "name and password, or the client's id and secret (RFC 7617, RFC 6749 §2.3.1)",
        "DPoP" => "the token, which is worth nothing without its key (RFC 9449 §7.1)",
        _ => "the token, which whoever has it can use (RFC 6750 §2.1)",
    }
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let found = table.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, note)| *note)
}

const REQUEST: &[(&str, &str)] = &[
    (
        "response_type",
        "a code is wanted, never a token (RFC 6749 §4.1.1)",
    ),
    ("response_mode", "the answer is to be signed (JARM §2.3)"),
    ("client_id", "who asks (RFC 6749 §2.2)"),
    (
        "redirect_uri",
        "where the browser comes back to (RFC 6749 §3.1.2, RFC 8252 §7.3)",
    ),
    ("scope", "what the token is to allow (RFC 6749 §3.3)"),
    ("state", "ties the answer to this login (RFC 6749 §10.12)"),
    (
        "nonce",
        "ties the ID token to this login (OpenID Connect Core §3.1.2.1)",
    ),
    (
        "code_challenge",
        "the code is no good to whoever lacks the verifier (RFC 7636 §4.3)",
    ),
    (
        "code_challenge_method",
        "the challenge is a SHA-256 (RFC 7636 §4.3)",
    ),
    (
        "code_verifier",
        "what the challenge was the hash of (RFC 7636 §4.5)",
    ),
    ("resource", "where the token will be used (RFC 8707 §2)"),
    (
        "authorization_details",
        "what exactly it is to allow (RFC 9396 §2)",
    ),
    (
        "dpop_jkt",
        "the code is bound to this key too (RFC 9449 §10)",
    ),
    (
        "request",
        "the whole request, signed by the client (RFC 9101 §5)",
    ),
    (
        "request_uri",
        "names the request that was pushed (RFC 9126 §4)",
    ),
    (
        "prompt",
        "what the person has to be shown (OpenID Connect Core §3.1.2.1)",
    ),
    (
        "login_hint",
        "who is to log in (OpenID Connect Core §3.1.2.1)",
    ),
    (
        "acr_values",
        "how good the login has to be (OpenID Connect Core §3.1.2.1)",
    ),
    (
        "max_age",
        "how long ago the login may be, in seconds (OpenID Connect Core §3.1.2.1)",
    ),
    (
        "login_hint_token",
        "who is to log in, as a token (CIBA Core §7.1)",
    ),
    (
        "id_token_hint",
        "who is to log in, by an older ID token (CIBA Core §7.1)",
    ),
    ("binding_message", "what both devices show (CIBA Core §7.1)"),
    (
        "user_code",
        "a secret of the person's, for the request (CIBA Core §7.1)",
    ),
    (
        "grant_type",
        "by what right a token is asked for (RFC 6749 §4)",
    ),
    (
        "code",
        "what the browser brought; it works once (RFC 6749 §4.1.3)",
    ),
    (
        "device_code",
        "which login on another device is meant (RFC 8628 §3.4)",
    ),
    (
        "auth_req_id",
        "which login on the person's device is meant (CIBA Core §10.1)",
    ),
    (
        "refresh_token",
        "what stands for the login from now on (RFC 6749 §6)",
    ),
    ("username", "who (RFC 6749 §4.3.2)"),
    (
        "password",
        "the password itself, which a program should not see (RFC 9700 §2.4)",
    ),
    (
        "assertion",
        "a signed statement in place of a login (RFC 7523 §2.1)",
    ),
    (
        "subject_token",
        "the token that is exchanged (RFC 8693 §2.1)",
    ),
    ("subject_token_type", "what that token is (RFC 8693 §3)"),
    ("actor_token", "who acts for its owner (RFC 8693 §2.1)"),
    ("actor_token_type", "what that token is (RFC 8693 §3)"),
    (
        "requested_token_type",
        "what is wanted for it (RFC 8693 §2.1)",
    ),
    ("audience", "whom the new token is for (RFC 8693 §2.1)"),
    ("token", "the token that is to end (RFC 7009 §2.1)"),
    ("client_secret", "proves who asks (RFC 6749 §2.3.1)"),
    (
        "client_assertion",
        "proves who asks, without sending a secret (RFC 7523 §2.2)",
    ),
    ("client_assertion_type", "that it is a JWT (RFC 7523 §2.2)"),
    ("client_name", "what people will read (RFC 7591 §2)"),
    (
        "application_type",
        "a program on a person's own machine (OpenID Connect Registration §2)",
    ),
    (
        "redirect_uris",
        "where browsers may come back to (RFC 7591 §2)",
    ),
    ("grant_types", "what it will ask by (RFC 7591 §2)"),
    (
        "response_types",
        "what it will ask the browser to bring (RFC 7591 §2)",
    ),
    (
        "token_endpoint_auth_method",
        "how it will prove who it is (RFC 7591 §2)",
    ),
    (
        "dpop",
        "proves that whoever sends the token has its key (RFC 9449 §4)",
    ),
    ("cookie", "the credential, as a cookie"),
];

const ANSWER: &[(&str, &str)] = &[
    (
        "resource",
        "has to be the URL that is called, or a path above it (RFC 9728 §3.3)",
    ),
    (
        "authorization_servers",
        "who issues tokens for it (RFC 9728 §2)",
    ),
    (
        "issuer",
        "has to be the one that was asked, to the letter (RFC 8414 §3.3)",
    ),
    ("authorization_endpoint", "where the browser logs in"),
    ("token_endpoint", "where tokens are issued"),
    (
        "device_authorization_endpoint",
        "where a login on another device begins",
    ),
    (
        "pushed_authorization_request_endpoint",
        "where requests go ahead of the browser",
    ),
    (
        "backchannel_authentication_endpoint",
        "where people are asked on their own device",
    ),
    ("registration_endpoint", "where clients register themselves"),
    ("revocation_endpoint", "where tokens are ended"),
    ("jwks_uri", "where the keys are that it signs with"),
    ("code", "good once, for a minute or so (RFC 6749 §4.1.2)"),
    ("state", "has to be the one that was sent (RFC 6749 §10.12)"),
    (
        "iss",
        "has to be the issuer, or the servers are mixed up (RFC 9207 §2.4)",
    ),
    ("response", "the answer, signed by the server (JARM §2.3)"),
    (
        "request_uri",
        "goes to the browser in place of the request (RFC 9126 §2.2)",
    ),
    (
        "device_code",
        "stays here, for the questions (RFC 8628 §3.2)",
    ),
    ("user_code", "goes to the person (RFC 8628 §3.2)"),
    ("verification_uri", "where they type it (RFC 8628 §3.2)"),
    (
        "verification_uri_complete",
        "the same with the code in it, for the QR code (RFC 8628 §3.3.1)",
    ),
    (
        "interval",
        "how often may be asked, in seconds (RFC 8628 §3.5)",
    ),
    (
        "auth_req_id",
        "stays here, for the questions (CIBA Core §7.3)",
    ),
    ("access_token", "what the API wants to see (RFC 6749 §1.4)"),
    ("token_type", "how it is shown (RFC 6749 §7.1)"),
    (
        "expires_in",
        "how long it is good, in seconds (RFC 6749 §5.1)",
    ),
    (
        "refresh_token",
        "gets the next one without the person (RFC 6749 §1.5)",
    ),
    (
        "scope",
        "what was granted, which may be less (RFC 6749 §3.3)",
    ),
    (
        "id_token",
        "who logged in, checked as OpenID Connect Core §3.1.3.7 demands",
    ),
    (
        "issued_token_type",
        "what it is that came (RFC 8693 §2.2.1)",
    ),
    ("error", "why not (RFC 6749 §5.2, RFC 8628 §3.5)"),
    ("client_id", "who it is there from now on (RFC 7591 §3.2.1)"),
    ("client_secret", "kept with the tokens (RFC 7591 §3.2.1)"),
    (
        "registration_client_uri",
        "where the registration is changed and deleted (RFC 7592 §2)",
    ),
    ("registration_access_token", "by which (RFC 7592 §2)"),
    ("keys", "the public keys (RFC 7517 §5)"),
];

#[cfg(test)]
mod tests {
    use super::{ANSWER, REQUEST, of_request};

    #[test]
    fn every_name_is_said_once_and_fits_a_line() {
        for table in [REQUEST, ANSWER] {
            for (at, (name, note)) in table.iter().enumerate() {
                assert!(
                    table.iter().skip(at + 1).all(|(other, _)| other != name),
                    "{name}"
                );
                assert!(note.chars().count() <= 80, "{note}");
            }
        }
        assert_eq!(of_request("DPoP"), of_request("dpop"));
    }
}
