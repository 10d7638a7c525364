//! The answer to an authorization request, on its way through the browser: in the query of a redirect or in a form that is
//! posted, signed or not.

use axum::response::Response;
use gatepass_proto::endpoint::authorize::ReturnTo;
use gatepass_proto::jose::jarm;
use gatepass_proto::{OAuthError, Params, Secret};

use crate::app::App;
use crate::pages::FormPostPage;
use crate::{browser, show};

/// Sends the browser back with a code or a refusal.
pub(crate) async fn send(
    app: &App,
    return_to: &ReturnTo,
    outcome: Result<Secret, &OAuthError>,
) -> Response {
    match parameters(app, return_to, outcome).await {
        Ok(params) if return_to.mode.is_posted() => posted(return_to, &params),
        Ok(params) => browser::see_other(&params.append_to(return_to.redirect_uri())),
        Err(error) => show::error(&error),
    }
}

fn posted(return_to: &ReturnTo, params: &Params) -> Response {
    let fields: Vec<(&str, &str)> = params.iter().collect();
    let page = FormPostPage {
        redirect_uri: return_to.redirect_uri(),
        fields: &fields,
    };
    page.render_page()
}

async fn parameters(
    app: &App,
    return_to: &ReturnTo,
    outcome: Result<Secret, &OAuthError>,
) -> Result<Params, OAuthError> {
    let plain = return_to.response(outcome);
    if !return_to.mode.is_signed() {
        return Ok(plain);
    }
    let now = app.clock().now();
    let claims = jarm::claims(&plain, app.issuer(), return_to.client_id.as_str(), now);
    let mut signed = Params::new();
    signed.push(
        "response",
        app.sign(&return_to.signed_by, jarm::TYP, &claims).await?,
    );
    Ok(signed)
}
