//! A login endpoint that takes a form and answers with `token`.

use gatepass_client::LoginStyle;

use super::Step;
use crate::commands::demo::check::Checked;
use crate::commands::demo::direct_login::{DirectLogin, walk};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "login-form",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let login = DirectLogin {
        path: "/auth/token",
        style: LoginStyle::Form,
        token_pointer: Some("/token"),
    };
    walk(world, &login, seen).await
}
