//! The ways in which a person logs in.

use async_trait::async_trait;
use gatepass_http::{Person, PersonError};
use gatepass_proto::Params;
use gatepass_proto::flow::{
    CibaFlow, CibaSetup, CodeFlow, CodeSetup, DeviceFlow, DeviceSetup, Flow, Granted, Notice,
    TokenSetup,
};
use gatepass_proto::message::backchannel::{BackchannelAuthenticationRequest, Hint};
use gatepass_proto::message::device::DeviceAuthorizationRequest;
use url::Url;

use crate::inner::Inner;
use crate::server::{Door, Server};
use crate::tokens::StoredToken;
use crate::{Ciba, Error, Grant, LoginOptions, LoginWay, Loopback, OAuth};

impl Inner {
    /// Redirect, callback, exchange (RFC 6749 §4.1).
    pub(crate) async fn log_in_by_code(
        &self,
        oauth: &OAuth,
        redirect_uri: &str,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let doors = [Door::Authorization, Door::Token];
        let (server, token) = self.ready_to_log_in(oauth, &doors, options).await?;
        let redirect_uri = redirect(oauth, redirect_uri);
        let listener = match options.way {
            LoginWay::Auto if Loopback::can_serve(&redirect_uri) => {
                Some(Loopback::bind(&redirect_uri).await?)
            }
            _ => None,
        };
        let redirect_uri = listener
            .as_ref()
            .map_or(redirect_uri.as_str(), Loopback::redirect_uri)
            .to_owned();
        let mut setup = self.code_setup(oauth, &server, token, redirect_uri, options)?;
        // A code that is pasted by itself has no `iss` beside it.
        setup.iss_promised &= listener.is_some();
        let mut flow = CodeFlow::new(setup);
        match listener {
            Some(listener) => {
                let person = AtBrowser {
                    listener,
                    person,
                    options,
                };
                self.converse(oauth, &mut flow, &person).await
            }
            None => self.converse(oauth, &mut flow, person).await,
        }
    }

    fn code_setup(
        &self,
        oauth: &OAuth,
        server: &Server,
        token: TokenSetup,
        redirect_uri: String,
        options: &LoginOptions,
    ) -> Result<CodeSetup, Error> {
        let metadata = &server.metadata;
        // A code that is pasted by itself needs the `state` in the link, which a pushed request does not have.
        let comes_back = options.way == LoginWay::Auto && Loopback::can_serve(&redirect_uri);
        let pushes =
            oauth.par.unwrap_or(comes_back) || metadata.require_pushed_authorization_requests;
        let pushed = match pushes {
            true => server.door(Door::Par)?,
            false => None,
        };
        if pushed.is_none() && oauth.par == Some(true) {
            server.need(Door::Par)?;
        }
        let jarm = match oauth.signed_response {
            true => Some(server.need(Door::Jwks)?.to_owned()),
            false => None,
        };
        Ok(CodeSetup {
            token,
            issuer: server.issuer.clone(),
            iss_promised: metadata.authorization_response_iss_parameter_supported,
            authorization_endpoint: server.need(Door::Authorization)?.to_owned(),
            pushed_authorization_request_endpoint: pushed.map(str::to_owned),
            request_object: oauth
                .signed_request
                .unwrap_or(metadata.require_signed_request_object),
            jarm,
            redirect_uri,
            scope: oauth.scope.clone(),
            resource: oauth.resource.clone(),
            authorization_details: oauth.authorization_details.clone(),
            params: more(oauth, options),
        })
    }

    /// A link and a code for a browser elsewhere (RFC 8628).
    pub(crate) async fn log_in_on_device(
        &self,
        oauth: &OAuth,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let doors = [Door::Device, Door::Token];
        let (server, token) = self.ready_to_log_in(oauth, &doors, options).await?;
        let mut flow = DeviceFlow::new(DeviceSetup {
            device_authorization_endpoint: server.need(Door::Device)?.to_owned(),
            request: DeviceAuthorizationRequest {
                scope: oauth.scope.clone(),
                resource: oauth.resource.clone(),
            },
            extra: more(oauth, options).into_iter().collect(),
            token,
        });
        self.converse(oauth, &mut flow, person).await
    }

    /// A question on the person's own device (CIBA Core 1.0).
    pub(crate) async fn log_in_by_ciba(
        &self,
        oauth: &OAuth,
        ciba: &Ciba,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let doors = [Door::Backchannel, Door::Token];
        let (server, token) = self.ready_to_log_in(oauth, &doors, options).await?;
        let scope = match &oauth.scope {
            Some(scope) if scope.contains("openid") => scope.clone(),
            _ => return Err(Error::Setup("grant ciba needs openid in scope".into())),
        };
        let mut request = BackchannelAuthenticationRequest::new(scope, hint(ciba).await?);
        request.binding_message.clone_from(&ciba.binding_message);
        request.resource.clone_from(&oauth.resource);
        if let Some(code) = &ciba.user_code {
            request.user_code = Some(code.read().await?);
        }
        for (name, value) in &options.params {
            if name == "acr_values" {
                request.acr_values = value.split(' ').map(str::to_owned).collect();
            }
        }
        let mut flow = CibaFlow::new(CibaSetup {
            backchannel_authentication_endpoint: server.need(Door::Backchannel)?.to_owned(),
            request,
            extra: oauth.params.clone(),
            token,
        });
        self.converse(oauth, &mut flow, person).await
    }

    /// The server, and the token endpoint as this login will ask it.
    async fn ready_to_log_in(
        &self,
        oauth: &OAuth,
        doors: &[Door],
        options: &LoginOptions,
    ) -> Result<(Server, TokenSetup), Error> {
        let mut doors = doors.to_vec();
        doors.extend(self.token_doors(oauth));
        let server = self.server(oauth, &doors).await?;
        let client = self.client_for_login(oauth, &server).await?;
        let mut setup = server.tokens(oauth, client, self.dpop(oauth, None)?)?;
        if let Some(id_token) = &mut setup.id_token {
            for (name, value) in more(oauth, options) {
                match name.as_str() {
                    "max_age" => id_token.max_age = value.parse().ok(),
                    "acr_values" if options.params.iter().any(|(own, _)| *own == name) => {
                        id_token.acr_values = value.split(' ').map(str::to_owned).collect();
                    }
                    _ => {}
                }
            }
        }
        Ok((server, setup))
    }

    async fn converse<F: Flow<Output = Granted>>(
        &self,
        oauth: &OAuth,
        flow: &mut F,
        person: &dyn Person,
    ) -> Result<StoredToken, Error> {
        let granted = self.drive_with(flow, person).await?;
        self.keepable(oauth, granted, None, oauth.scope.as_ref())
    }
}

/// What else the request says; what is said for this login counts more.
fn more(oauth: &OAuth, options: &LoginOptions) -> Vec<(String, String)> {
    let mut params = oauth.params.clone();
    params.extend(options.params.iter().cloned());
    params.into_iter().collect()
}

/// The usual redirect URI, as this server has to have it registered: by its name for this machine, and with a port
/// where it takes no other.
fn redirect(oauth: &OAuth, redirect_uri: &str) -> String {
    if redirect_uri != Grant::LOOPBACK {
        return redirect_uri.to_owned();
    }
    let host = oauth.quirks.loopback;
    match oauth.quirks.fixed_port {
        true => format!("http://{host}:{}/callback", Grant::FIXED_PORT),
        false => format!("http://{host}/callback"),
    }
}

async fn hint(ciba: &Ciba) -> Result<Hint, Error> {
    match (
        &ciba.login_hint,
        &ciba.login_hint_token,
        &ciba.id_token_hint,
    ) {
        (Some(hint), None, None) => Ok(Hint::Login(hint.clone())),
        (None, Some(token), None) => Ok(Hint::LoginToken(token.read().await?)),
        (None, None, Some(token)) => Ok(Hint::IdToken(token.read().await?)),
        _ => Err(Error::Setup(
            "grant ciba needs one of login_hint, login_hint_token and id_token_hint".into(),
        )),
    }
}

/// A person with a browser that comes back to this machine.
struct AtBrowser<'a> {
    listener: Loopback,
    person: &'a dyn Person,
    options: &'a LoginOptions,
}

#[async_trait]
impl Person for AtBrowser<'_> {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        self.person
            .show(Notice {
                text: format!("Log in with your browser:\n\n  {url}\n"),
                link: Some(url.clone()),
                ..Notice::default()
            })
            .await?;
        if let Err(reason) = self.options.browser.open(&url) {
            let text =
                format!("The browser could not be opened ({reason}); open the link yourself.");
            self.person
                .show(Notice {
                    text,
                    ..Notice::default()
                })
                .await?;
        }
        let state = url
            .query_pairs()
            .find(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned());
        self.listener
            .wait(state.as_deref(), self.options.patience)
            .await
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        self.person.show(notice).await
    }
}
