//! npm's oidc-provider.

mod flows;
mod refusals;
mod tokens;

use anyhow::Result;
use gatepass_client::LoginWay;
use serde_json::{Value, json};

use crate::life::{Case, Desk};
use crate::page::Decision;
use crate::server::Server;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// A client that shows itself this way, and may do what is usual.
fn client(method: &str) -> Value {
    json!({ "application_type": "native", "token_endpoint_auth_method": method })
}

/// The same with more to say.
fn with(method: &str, more: &Value) -> Value {
    let mut client = client(method);
    for (name, value) in more.as_object().into_iter().flatten() {
        client[name] = value.clone();
    }
    client
}

/// A client that has no person.
fn machine(method: &str, more: &Value) -> Value {
    let mut client = with(method, more);
    client["grant_types"] = json!(["client_credentials"]);
    client["response_types"] = json!([]);
    client["redirect_uris"] = json!([]);
    client
}

/// A client that people log in to elsewhere.
fn elsewhere(method: &str, grant: &str) -> Value {
    let mut client = with(
        method,
        &json!({ "backchannel_token_delivery_mode": "poll" }),
    );
    client["grant_types"] = json!([grant, "refresh_token"]);
    client["response_types"] = json!([]);
    client["redirect_uris"] = json!([]);
    client
}

/// A client at this server, logged in.
async fn logged_in(
    server: &Server,
    client: Value,
    profile: &'static str,
    way: LoginWay,
) -> Result<Desk> {
    let case = Case::new("a client", client, profile, "/me");
    let desk = case.prepare(server, Decision::Allow).await?;
    desk.log_in(way).await?;
    Ok(desk)
}
