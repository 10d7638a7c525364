//! What `--keep` says of the server that stays: what is ready-made, and commands to paste.

use std::fmt::Write as _;

use gatepass_server::DevSet;

/// The text.
pub(super) fn text(issuer: &str, set: &DevSet) -> String {
    let mut text =
        "\nThe server stays up until Ctrl-C, with all of this ready-made:\n\n".to_owned();
    let facts = [
        ("issuer", issuer),
        ("user", &set.user),
        ("password", &set.password),
        ("client_id", &set.client_id),
        ("client_secret", &set.client_secret),
        ("public client", &set.public_client_id),
        ("API key", &set.api_key),
    ];
    for (name, value) in facts {
        let _ = writeln!(text, "  {name:<14} {value}");
    }
    text.push_str("\nTo try, in another terminal:\n");
    for (title, command) in commands(issuer, set) {
        let _ = write!(text, "\n# {title}\n{command}\n");
    }
    text.push('\n');
    text
}

/// Each works as it stands, in this order.
fn commands(issuer: &str, set: &DevSet) -> Vec<(&'static str, String)> {
    let DevSet {
        user,
        password,
        client_id,
        client_secret,
        public_client_id,
        api_key,
        ..
    } = set;
    vec![
        (
            "Log in with your browser, as the user above, and call the API",
            format!(
                "gatepass profile add demo --issuer {issuer} --api {issuer} \\\n\
                 \x20   --client-id {public_client_id}\n\
                 gatepass login demo\n\
                 gatepass request {issuer}/api/data\n\
                 gatepass status demo\n\
                 gatepass logout demo && gatepass profile remove demo"
            ),
        ),
        (
            "A token by a form, as older programs get it",
            format!("curl -d username={user} -d password={password} {issuer}/auth/token"),
        ),
        (
            "A program's own token",
            format!(
                "curl -u {client_id}:{client_secret} -d grant_type=client_credentials \\\n  {issuer}/oauth/token"
            ),
        ),
        (
            "Basic",
            format!("curl -u {user}:{password} {issuer}/protected-resource"),
        ),
        (
            "An API key",
            format!("curl -H 'X-API-Key: {api_key}' {issuer}/api/endpoint"),
        ),
    ]
}
