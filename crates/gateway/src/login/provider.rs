//! The OpenID provider: what it says of itself, and the conversations with it.

use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{AnswerCache, Caching, Clock, KeyCache, OsEntropy, Transport, check_url};
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{
    CodeFlow, CodeSetup, DiscoverFlow, Endpoint, Flow, FlowError, Granted, IdTokenSetup, Input,
    PendingLogin, Step, TokenSetup, Unreachable, UserInfoFlow, UserInfoSetup,
};
use gatepass_proto::jose::logout_token::{LogoutExpect, LogoutToken};
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::quirks::Quirks;
use gatepass_proto::message::userinfo::UserInfo;
use gatepass_proto::{Cx, Params, Scope, Secret};
use url::Url;

use super::{LoginSettings, StepUp};

/// How long a conversation may take in all, with a browser waiting for its end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The provider as this client meets it.
pub(super) struct Provider {
    issuer: String,
    client: ClientCredentials,
    scope: Scope,
    params: Vec<(String, String)>,
    redirect_uri: String,
    /// It remembers public documents.
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// For logout tokens; an ID token's keys are asked for by its flow.
    keys: KeyCache,
}

/// Where a conversation has come to.
enum Stop<T> {
    /// The browser goes on.
    Redirect(Url),
    /// It is over.
    Done(T),
}

/// Why a logout token does not count.
#[derive(Debug, thiserror::Error)]
pub(super) enum Doubt {
    /// It is not to be believed.
    #[error(transparent)]
    Refused(#[from] gatepass_proto::jose::logout_token::LogoutFault),
    /// The provider's keys cannot be had.
    #[error(transparent)]
    Provider(#[from] FlowError),
}

impl Provider {
    pub(super) fn new(
        settings: &LoginSettings,
        client_secret: Option<Secret>,
        redirect_uri: String,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let openid = "openid".parse().unwrap_or_default();
        let documents = Arc::new(AnswerCache::in_memory());
        let client = ClientCredentials {
            client_secret,
            audience: Some(settings.issuer.clone()),
            ..ClientCredentials::public(settings.client_id.as_str())
        };
        Self {
            issuer: settings.issuer.clone(),
            client,
            scope: settings.scope.union(&openid),
            params: settings.params.clone().into_iter().collect(),
            redirect_uri,
            transport: Arc::new(Caching::new(transport, documents).clock(clock.clone())),
            clock,
            keys: KeyCache::new(),
        }
    }

    /// Asks for a login: where the browser goes, and what to remember meanwhile.
    pub(super) async fn depart(
        &self,
        step_up: &StepUp,
        prompt: Option<&str>,
    ) -> Result<(Url, PendingLogin), FlowError> {
        let mut setup = self.setup(step_up).await?;
        let acr_values = step_up.acr_values.join(" ");
        let max_age = step_up.max_age.map(|seconds| seconds.to_string());
        for (name, value) in [
            ("prompt", prompt),
            (
                "acr_values",
                Some(acr_values.as_str()).filter(|text| !text.is_empty()),
            ),
            ("max_age", max_age.as_deref()),
        ] {
            if let Some(value) = value {
                setup.params.retain(|(own, _)| own != name);
                setup.params.push((name.to_owned(), value.to_owned()));
            }
        }
        let mut flow = CodeFlow::new(setup);
        match self.converse(&mut flow, Input::Start).await? {
            Stop::Redirect(url) => Ok((url, flow.pending().ok_or(FlowError::OutOfTurn)?)),
            Stop::Done(_) => Err(FlowError::OutOfTurn),
        }
    }

    /// The browser is back with these parameters.
    pub(super) async fn arrive(
        &self,
        pending: &PendingLogin,
        step_up: &StepUp,
        params: Params,
    ) -> Result<Granted, FlowError> {
        let setup = self.setup(step_up).await?;
        let mut flow = CodeFlow::resume(setup, pending).ok_or(FlowError::OutOfTurn)?;
        self.finish(&mut flow, Input::Callback(params)).await
    }

    /// What it says of the person; `None` where it has no place to ask at.
    pub(super) async fn user_info(
        &self,
        access_token: Secret,
        sub: &str,
    ) -> Result<Option<UserInfo>, FlowError> {
        let Some(endpoint) = self.metadata().await?.userinfo_endpoint.clone() else {
            return Ok(None);
        };
        let mut flow = UserInfoFlow::new(UserInfoSetup {
            endpoint,
            access_token,
            dpop: None,
            sub: Some(sub.to_owned()),
            signed: None,
        });
        self.finish(&mut flow, Input::Start).await.map(Some)
    }

    /// Where people log out; `None` where it has no such place.
    pub(super) async fn end_session_endpoint(&self) -> Option<String> {
        let endpoint = self.metadata().await.ok()?.end_session_endpoint.clone()?;
        let url = endpoint.parse().ok()?;
        check_url(&url).ok().map(|()| endpoint)
    }

    /// Checks a logout token, but for whether it is a new one.
    pub(super) async fn check_logout(&self, token: &str) -> Result<LogoutToken, Doubt> {
        let metadata = self.metadata().await?;
        let jwks_uri = member(metadata.jwks_uri.as_ref(), "jwks_uri")?;
        let url = jwks_uri
            .parse()
            .map_err(|_| FlowError::BadAnswer("jwks_uri is not a URL".to_owned()))?;
        let kid = LogoutToken::kid(token);
        let keys = self
            .keys
            .keys(&url, kid.as_deref(), &*self.transport, &*self.clock);
        let keys = keys.await.map_err(FlowError::from)?;
        let expect = LogoutExpect {
            issuer: &self.issuer,
            client_id: &self.client.client_id,
            algorithms: &metadata.id_token_signing_alg_values_supported,
            client_secret: self.client.client_secret.as_ref(),
        };
        Ok(LogoutToken::check(token, &keys, &expect, self.clock.now())?)
    }

    async fn setup(&self, step_up: &StepUp) -> Result<CodeSetup, FlowError> {
        let metadata = self.metadata().await?;
        let authorization = member(
            metadata.authorization_endpoint.as_ref(),
            "authorization_endpoint",
        )?;
        // The browser is sent there, which looks at no rule of ours.
        let url = authorization
            .parse()
            .ok()
            .filter(|url| check_url(url).is_ok());
        url.ok_or_else(|| bad("its authorization_endpoint is no https URL"))?;
        let pushed = metadata.require_pushed_authorization_requests;
        let pushed = pushed.then(|| metadata.pushed_authorization_request_endpoint.clone());
        let listed = &metadata.token_endpoint_auth_methods_supported;
        let mut client = self.client.clone();
        client.method = Some(client.choose(false, listed).to_owned());
        let id_token = IdTokenSetup {
            issuer: self.issuer.clone(),
            issuer_template: None,
            jwks_uri: member(metadata.jwks_uri.as_ref(), "jwks_uri")?.to_owned(),
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.clone(),
            algorithms: metadata.id_token_signing_alg_values_supported.clone(),
            nonce: None,
            max_age: step_up.max_age,
            acr_values: step_up.acr_values.clone(),
            subject: None,
            required: true,
        };
        let token_endpoint = member(metadata.token_endpoint.as_ref(), "token_endpoint")?;
        Ok(CodeSetup {
            token: TokenSetup {
                endpoint: Endpoint::new(token_endpoint, client),
                quirks: Quirks::default(),
                id_token: Some(id_token),
                resource: Vec::new(),
            },
            issuer: Some(self.issuer.clone()),
            iss_promised: metadata.authorization_response_iss_parameter_supported,
            authorization_endpoint: authorization.to_owned(),
            pushed_authorization_request_endpoint: pushed.flatten(),
            request_object: false,
            jarm: None,
            redirect_uri: self.redirect_uri.clone(),
            scope: Some(self.scope.clone()),
            resource: Vec::new(),
            authorization_details: None,
            params: self.params.clone(),
        })
    }

    /// What it says of itself, from memory where that will do.
    async fn metadata(&self) -> Result<ServerMetadata, FlowError> {
        let mut flow = DiscoverFlow::new(&self.issuer)?;
        self.finish(&mut flow, Input::Start).await
    }

    async fn finish<F: Flow>(&self, flow: &mut F, input: Input) -> Result<F::Output, FlowError> {
        match self.converse(flow, input).await? {
            Stop::Done(output) => Ok(output),
            Stop::Redirect(_) => Err(FlowError::OutOfTurn),
        }
    }

    /// Feeds a flow until the browser has to go on or it is done.
    async fn converse<F: Flow>(
        &self,
        flow: &mut F,
        input: Input,
    ) -> Result<Stop<F::Output>, FlowError> {
        let conversation = async {
            let mut input = input;
            loop {
                let (now, mut entropy) = (self.clock.now(), OsEntropy);
                input = match flow.step(input, &mut Cx::new(now, &mut entropy))? {
                    Step::Send(request) => Input::Response(self.transport.send(request).await),
                    Step::Wait(moment) => {
                        self.clock.wait_until(moment).await;
                        Input::Woke
                    }
                    Step::Show(_) => return Err(FlowError::OutOfTurn),
                    Step::Redirect(url) => return Ok(Stop::Redirect(url)),
                    Step::Done(output) => return Ok(Stop::Done(output)),
                };
            }
        };
        let timed_out = |_| unreachable("it took too long to answer".to_owned());
        tokio::time::timeout(PATIENCE, conversation)
            .await
            .map_err(timed_out)?
    }
}

fn member<'a>(value: Option<&'a String>, name: &str) -> Result<&'a str, FlowError> {
    value
        .map(String::as_str)
        .ok_or_else(|| bad(&format!("its metadata has no {name}")))
}

fn bad(what: &str) -> FlowError {
    FlowError::BadAnswer(what.to_owned())
}

fn unreachable(reason: String) -> FlowError {
    FlowError::Unreachable(Unreachable { reason })
}
