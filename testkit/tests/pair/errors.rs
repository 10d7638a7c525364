//! What each end makes of the other's mistakes.

use gatepass_http::{Clock as _, DriveError};
use gatepass_proto::flow::{CodeFlow, Flow, FlowError, Input, Step};
use gatepass_proto::grant::client_credentials::ForItself;
use gatepass_proto::grant::password::Login;
use gatepass_proto::{Cx, Params, Secret};
use gatepass_testkit::{Fault, Seeded};

use crate::{on_both_stores, refused};

#[tokio::test]
async fn a_callback_that_is_not_ours_is_refused() {
    on_both_stores(1, 0, |pair, mut seeded| async move {
        let mut cx_entropy = Seeded::new(1);
        for (change, expect) in [
            ("state", "state differs"),
            ("iss", "issuer"),
            ("no iss", "issuer"),
            ("neither", "neither a code nor an error"),
        ] {
            let mut flow = CodeFlow::new(pair.setup());
            let step = flow
                .step(Input::Start, &mut Cx::new(pair.clock.now(), &mut seeded))
                .expect("starts");
            let Step::Redirect(url) = step else {
                panic!("expected a redirect")
            };
            let good = pair.browse(&url).await.expect("consents");
            let mut params = Params::new();
            for (name, value) in good.iter() {
                match (change, name) {
                    ("state", "state") => params.push(name, "other"),
                    ("iss", "iss") => params.push(name, "https://evil.example"),
                    ("no iss", "iss") | ("neither", "code") => {}
                    _ => params.push(name, value),
                }
            }
            let error = flow
                .step(
                    Input::Callback(params),
                    &mut Cx::new(pair.clock.now(), &mut cx_entropy),
                )
                .expect_err("must be refused");
            assert!(error.to_string().contains(expect), "{change}: {error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_denial_reaches_the_client_in_the_servers_words() {
    on_both_stores(1, 0, |pair, mut seeded| async move {
        let mut setup = pair.setup();
        setup.scope = Some("admin".parse().expect("a scope"));
        let mut flow = CodeFlow::new(setup);
        let outcome = pair.drive(&mut flow, Fault::None).await;
        assert!(matches!(
            outcome,
            Err(DriveError::Flow(FlowError::Refused { ref error, status: None, .. })) if error == "invalid_scope"
        ));
        assert!(flow.step(Input::Woke, &mut Cx::new(pair.clock.now(), &mut seeded)).is_err(), "out of turn");
    })
    .await;
}

#[tokio::test]
async fn a_client_acts_for_itself_and_leaves_no_row() {
    on_both_stores(1, 1, |pair, _| async move {
        let before = pair.store.committed().len();
        let token = pair
            .ask(&ForItself::default(), Fault::None)
            .await
            .expect("issued");
        assert!(token.refresh_token.is_none(), "RFC 6749 section 4.4.3");
        assert!(
            pair.introspect(&token.access_token)
                .await
                .expect("answers")
                .active
        );
        assert_eq!(pair.store.committed().len(), before);
        pair.revoke(&token.access_token).await.expect("revoked");
        assert!(
            !pair
                .introspect(&token.access_token)
                .await
                .expect("answers")
                .active
        );
    })
    .await;
}

#[tokio::test]
async fn the_password_grant_still_works_where_it_is_allowed() {
    on_both_stores(1, 1, |pair, _| async move {
        let login = |password: &str| Login {
            username: "user".to_owned(),
            password: Secret::new(password),
            scope: Some("read".parse().expect("a scope")),
        };
        let token = pair
            .ask(&login("right"), Fault::None)
            .await
            .expect("issued");
        assert_eq!(token.scope.expect("said").to_string(), "read");
        assert_eq!(
            refused(pair.ask(&login("wrong"), Fault::None).await),
            "invalid_grant"
        );
    })
    .await;
}
