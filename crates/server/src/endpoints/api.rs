//! The API of `--dev`.

use axum::Router;

use crate::app::App;

pub(crate) fn router(_: &App) -> Router<App> {
    Router::new()
}
