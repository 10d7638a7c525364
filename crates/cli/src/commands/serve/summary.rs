//! What `serve --dev` tells a person: what is ready-made, and commands to paste.

use std::fmt::Write as _;

use gatepass_server::{DevSet, Server};

use crate::output;

/// The summary; empty without a ready-made set.
pub(super) fn of(server: &Server, database: &str) -> String {
    server
        .dev_set()
        .map(|set| compose(server, database, set))
        .unwrap_or_default()
}

fn compose(server: &Server, database: &str, set: &DevSet) -> String {
    let mut text = "gatepass development server (this machine only; Ctrl-C ends it)\n\n".to_owned();
    let ca = server.ca().map(|ca| ca.display().to_string());
    let facts = [
        ("issuer", Some(server.issuer())),
        ("mTLS", server.mtls()),
        ("user", Some(&set.user)),
        ("password", Some(&set.password)),
        ("client_id", Some(&set.client_id)),
        ("client_secret", Some(&set.client_secret)),
        ("public client", Some(&set.public_client_id)),
        ("API key", Some(&set.api_key)),
        ("CA", ca.as_deref()),
        ("database", Some(database)),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<14} {value}");
        }
    }
    text.push_str("\nTo try, in another terminal. First, for the commands below:\n\n");
    text.push_str(&variables(server, set, ca.as_deref()));
    for (title, command) in COMMANDS {
        let _ = write!(text, "\n# {title}\n{command}\n");
    }
    text.push('\n');
    text
}

fn variables(server: &Server, set: &DevSet, ca: Option<&str>) -> String {
    let mut text = String::new();
    let mut variable = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}={}", output::shell_word(value));
    };
    variable("ISSUER", server.issuer());
    variable("LOGIN", &format!("{}:{}", set.user, set.password));
    variable(
        "CLIENT",
        &format!("{}:{}", set.client_id, set.client_secret),
    );
    variable("KEY", &set.api_key);
    if let Some(ca) = ca {
        variable("CA", ca);
        text.push_str("export CURL_CA_BUNDLE=\"$CA\" GATEPASS_CA=\"$CA\"\n");
    }
    text
}

/// Each works as it stands, after the variables, in the order of the list.
const COMMANDS: &[(&str, &str)] = &[
    (
        "Log in with a form; keep the token for what follows",
        "TOKEN=$(curl -s -d username=\"${LOGIN%%:*}\" -d password=\"${LOGIN#*:}\" \\\n  \
         $ISSUER/auth/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
    ),
    (
        "Log in with JSON",
        "curl --json \"{\\\"username\\\":\\\"${LOGIN%%:*}\\\",\\\"password\\\":\\\"${LOGIN#*:}\\\"}\" \\\n  \
         $ISSUER/api/auth/jwt",
    ),
    (
        "Log in with HTTP Basic",
        "curl -X POST -u $LOGIN $ISSUER/api/auth",
    ),
    (
        "Call with a bearer token",
        "curl -H \"Authorization: Bearer $TOKEN\" $ISSUER/api/data",
    ),
    (
        "Call with HTTP Basic",
        "curl -u $LOGIN $ISSUER/protected-resource",
    ),
    (
        "Call with an API key",
        "curl -H \"X-API-Key: $KEY\" $ISSUER/api/endpoint",
    ),
    (
        "A program's own token (client credentials)",
        "curl -u $CLIENT -d grant_type=client_credentials $ISSUER/oauth/token",
    ),
    (
        "What a token is worth (introspection)",
        "curl -u $CLIENT -d token=$TOKEN $ISSUER/oauth/introspect",
    ),
    (
        "Log in with the browser, and call",
        "gatepass profile add dev --issuer $ISSUER --client-id dev-public --api $ISSUER\n\
         gatepass login dev\n\
         gatepass request $ISSUER/api/data",
    ),
];
