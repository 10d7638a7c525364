//! An issuer with a path: everything is under it, and the metadata where RFC 8414 §3.1 looks.

use gatepass_server::Config;

use crate::browser::Form;
use crate::metadata::endpoints_answer;
use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::{World, free_port, redemption};

fn under(path: &str) -> impl FnOnce(&mut Config) {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}{path}");
    move |config| {
        config.listen.set_port(port);
        config.issuer = Some(issuer);
    }
}

#[tokio::test]
async fn the_whole_way_under_a_path() {
    let world = World::dev_with(under("/tenant")).await;
    assert!(world.issuer.ends_with("/tenant"));
    let set = world.set();
    let target = format!("/tenant/oauth/authorize?{}", world.request().form());
    let mut browser = world.browser();
    let page = browser.log_in(&target, &set.user, &set.password).await;
    let form = Form::of(&page.body);
    assert!(form.action.starts_with("/tenant/oauth/consent?"));
    let back = browser
        .submit(&form, &[("decision", "allow")])
        .await
        .location();
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
    let code = back.get("code").expect("a code");
    let call = Call::post("/tenant/oauth/token").basic(&set.client_id, &set.client_secret);
    let answer = world.send(call.form(&Pairs::of(&redemption(code)))).await;
    let token = answer.good().text("access_token");
    for path in ["/tenant/api/data", "/tenant/protected-resource"] {
        world.send(Call::get(path).bearer(&token)).await.good();
    }
    for outside in ["/oauth/token", "/api/data", "/auth/token", "/jwks.json"] {
        assert_eq!(world.send(Call::get(outside)).await.status, 404);
    }
}

#[tokio::test]
async fn the_metadata_is_where_clients_look() {
    for path in ["/tenant", "/a/b"] {
        let world = World::dev_with(under(path)).await;
        let issuer: url::Url = world.issuer.parse().expect("a URL");
        let mut documents = Vec::new();
        for location in gatepass_proto::message::metadata::locations(&issuer) {
            let answer = world.send(Call::get(location.path())).await;
            assert_eq!(answer.status, 200, "{location}");
            documents.push(answer.json());
        }
        assert_eq!(documents.len(), 3);
        for document in documents {
            assert_eq!(document["issuer"], world.issuer.as_str());
            endpoints_answer(&world, &document).await;
        }
    }
}

/// A slash at its end is no path.
#[tokio::test]
async fn a_slash_at_the_end_is_left_out_everywhere() {
    let world = World::dev_with(under("/")).await;
    assert_eq!(world.issuer, format!("http://{}", world.address));
    world.lives(&world.tokens().await.access).await;
}
