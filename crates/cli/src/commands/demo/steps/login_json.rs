//! A login endpoint that takes JSON and answers with `access_token`.

use gatepass_client::LoginStyle;

use super::Step;
use crate::commands::demo::check::Checked;
use crate::commands::demo::direct_login::{DirectLogin, walk};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "login-json",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let login = DirectLogin {
        path: "/api/auth/jwt",
        style: LoginStyle::Json,
        token_pointer: None,
    };
    walk(world, &login, seen).await
}
