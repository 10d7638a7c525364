//! How clients with certificates are registered, and what the metadata says of them (RFC 8705 §2.1.2, §2.2.2, §3.3, §5).

use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::AdminError;
use serde_json::{Value, json};

use crate::certificates::{Identity, NAME, Papers, robot};
use crate::certified::{BY_AUTHORITY, BY_ITSELF, Desk, named, new};
use crate::wire::Call;
use crate::world::World;

#[tokio::test]
async fn an_operator_registers_what_can_be_used() {
    let world = World::dev().await;
    let admin = world.admin().await;
    let identity = Identity::own(&robot());
    let mut without = identity.jwks();
    let key = without["keys"][0].as_object_mut().expect("a key");
    key.remove("x5c");
    for (method, details) in [
        (BY_AUTHORITY, ClientDetails::default()),
        (BY_AUTHORITY, named("Robot")),
        (
            BY_AUTHORITY,
            ClientDetails {
                tls_client_auth_san_dns: Some(NAME.to_owned()),
                ..named("CN=Robot")
            },
        ),
        (BY_ITSELF, ClientDetails::default()),
        (
            BY_ITSELF,
            ClientDetails {
                jwks: Some(without),
                ..ClientDetails::default()
            },
        ),
    ] {
        let refused = admin.add_client(new(method, details.clone())).await;
        let refused = refused.expect_err("refused");
        assert!(matches!(refused, AdminError::Invalid(_)), "{details:?}");
    }
    let mut fapi = named("CN=Robot");
    fapi.fapi = true;
    admin
        .add_client(new(BY_AUTHORITY, fapi))
        .await
        .expect("it is one of FAPI's");
}

#[tokio::test]
async fn a_client_registers_its_certificate_itself() {
    let desk = Desk::new().await;
    let identity = Identity::own(&robot());
    let code = |method: &str| {
        json!({
            "redirect_uris": ["https://robot.example.com/cb"],
            "token_endpoint_auth_method": method,
            "tls_client_certificate_bound_access_tokens": true,
        })
    };
    let with = |mut metadata: Value, name: &str, value: Value| {
        metadata[name] = value;
        metadata
    };
    let desk = &desk;
    let register = |metadata: Value| {
        let call = Call::post("/oauth/register").json(&metadata.to_string());
        async move { desk.papers.send(desk.world.address, &call, None).await }
    };
    let mut bare = identity.jwks();
    bare["keys"][0]["x5c"] = Value::Null;
    for metadata in [
        code(BY_AUTHORITY),
        with(
            code(BY_AUTHORITY),
            "tls_client_auth_subject_dn",
            "Robot".into(),
        ),
        with(code(BY_AUTHORITY), "tls_client_auth_san_ip", NAME.into()),
        with(
            with(code(BY_AUTHORITY), "tls_client_auth_san_dns", NAME.into()),
            "tls_client_auth_subject_dn",
            "CN=Robot".into(),
        ),
        code(BY_ITSELF),
        with(code(BY_ITSELF), "jwks", bare),
    ] {
        let text = metadata.to_string();
        let answer = register(metadata).await;
        assert_eq!(answer.status, 400, "{text}: {answer:?}");
        answer.refused(400, "invalid_client_metadata");
    }
    let dn = "CN=Robot,O=Example";
    let answer = register(with(
        code(BY_AUTHORITY),
        "tls_client_auth_subject_dn",
        dn.into(),
    ))
    .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let said = answer.json();
    assert_eq!(said["tls_client_auth_subject_dn"], dn);
    assert_eq!(said["tls_client_certificate_bound_access_tokens"], true);
    assert!(said.get("client_secret").is_none());
    let answer = register(with(code(BY_ITSELF), "jwks", identity.jwks())).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    // What it may do is another matter; that it is known is told apart from that.
    let refused = desk.ask(&answer.text("client_id"), Some(&identity)).await;
    refused.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn the_metadata_says_what_there_is() {
    const METADATA: &str = "/.well-known/oauth-authorization-server";
    let methods = |said: &Value| -> Vec<String> {
        let lists = ["token", "introspection", "revocation"].map(|endpoint| {
            let list = &said[format!("{endpoint}_endpoint_auth_methods_supported")];
            let list = list.as_array().cloned().unwrap_or_default();
            let mine = list
                .into_iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()));
            mine.filter(|name| name.contains("tls")).collect::<Vec<_>>()
        });
        assert!(lists.iter().all(|list| *list == lists[0]), "{lists:?}");
        let [first, ..] = lists;
        first
    };
    let desk = Desk::new().await;
    let said = desk
        .papers
        .send(desk.world.address, &Call::get(METADATA), None)
        .await;
    let said = said.json();
    assert_eq!(methods(&said), [BY_AUTHORITY, BY_ITSELF]);
    assert_eq!(said["tls_client_certificate_bound_access_tokens"], true);
    let base = format!("https://{}", desk.world.certified());
    assert_eq!(
        said["mtls_endpoint_aliases"],
        json!({
            "token_endpoint": format!("{base}/oauth/token"),
            "revocation_endpoint": format!("{base}/oauth/revoke"),
            "introspection_endpoint": format!("{base}/oauth/introspect"),
            "pushed_authorization_request_endpoint": format!("{base}/oauth/par"),
            "device_authorization_endpoint": format!("{base}/oauth/device_authorization"),
            "backchannel_authentication_endpoint": format!("{base}/oauth/bc-authorize"),
            "userinfo_endpoint": format!("{base}/oauth/userinfo"),
        })
    );
    // No page is there, which a browser would show a certificate to.
    for path in ["/oauth/authorize", "/account", "/oauth/login", METADATA] {
        assert_eq!(
            desk.send(&Call::get(path), None).await.status,
            404,
            "{path}"
        );
    }

    let papers = Papers::new();
    let world = World::sealed(&papers, |config| {
        config.mtls.client_ca = None;
        config.issuer = Some("https://login.example.com/tenant".to_owned());
        config.mtls.url = Some("https://mtls.example.com/robots/".to_owned());
    })
    .await;
    let call = Call::get("/tenant/.well-known/openid-configuration");
    let said = papers.send(world.address, &call, None).await.json();
    assert_eq!(methods(&said), [BY_ITSELF], "nobody vouches for anybody");
    let aliases = &said["mtls_endpoint_aliases"];
    assert_eq!(
        aliases["token_endpoint"],
        "https://mtls.example.com/robots/oauth/token"
    );

    let world = World::dev().await;
    let said = world.send(Call::get(METADATA)).await.json();
    assert!(methods(&said).is_empty());
    for name in [
        "mtls_endpoint_aliases",
        "tls_client_certificate_bound_access_tokens",
    ] {
        assert!(said.get(name).is_none(), "{name}");
    }
}
