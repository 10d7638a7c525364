//! What comes back from a login, by the browser or pasted by a person: only an answer to this very login, from the
//! right issuer, leads to a token request.

use gatepass_client::pasted;
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{CodeFlow, CodeSetup, Endpoint, Flow, Input, Step};
use gatepass_proto::{Cx, Params};
use url::Url;

use crate::world::{Counting, NOW};

const ISSUER: &str = "https://as.example";
const TOKEN_ENDPOINT: &str = "https://as.example/token";

/// The first byte says what is known of the issuer; `{state}` stands for the state of this login.
pub(crate) fn run(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let is = |bit: u8| flags & bit != 0;
    let mut setup = CodeSetup {
        token: Endpoint::new(TOKEN_ENDPOINT, ClientCredentials::public("app")).into(),
        issuer: is(1).then(|| ISSUER.to_owned()),
        iss_promised: is(2),
        authorization_endpoint: "https://as.example/authorize".to_owned(),
        pushed_authorization_request_endpoint: None,
        request_object: false,
        jarm: None,
        redirect_uri: "http://127.0.0.1/callback".to_owned(),
        scope: None,
        resource: Vec::new(),
        authorization_details: None,
        params: Vec::new(),
    };
    if is(4) {
        setup.jarm = Some("https://as.example/jwks".to_owned());
    }
    let mut login = Login::start(setup);
    let text = text.replace("{state}", &login.state);
    let pasted = pasted(&login.url, &text);
    if let Ok(params) = &pasted {
        let told = ["code", "error", "response"];
        assert!(told.iter().any(|name| params.get(name).is_some()));
    }
    match Params::parse_form(text.as_bytes()) {
        Ok(params) if !is(8) => login.arrive(params),
        _ => {
            if let Ok(params) = pasted {
                login.arrive(params);
            }
        }
    }
}

/// A login whose browser is away.
struct Login {
    flow: CodeFlow,
    setup: CodeSetup,
    url: Url,
    state: String,
}

impl Login {
    fn start(setup: CodeSetup) -> Self {
        let mut flow = CodeFlow::new(setup.clone());
        let mut entropy = Counting(0);
        let Ok(Step::Redirect(url)) = flow.step(Input::Start, &mut Cx::new(NOW, &mut entropy))
        else {
            panic!("it begins with a redirect")
        };
        let state = url.query_pairs().find(|(name, _)| name == "state");
        let state = state.expect("a state").1.into_owned();
        Self {
            flow,
            setup,
            url,
            state,
        }
    }

    fn arrive(&mut self, params: Params) {
        let mut entropy = Counting(0);
        let cx = &mut Cx::new(NOW, &mut entropy);
        let request = match self.flow.step(Input::Callback(params.clone()), cx) {
            Ok(Step::Send(request)) => request,
            Ok(_) => panic!("nothing but a request follows"),
            Err(_) => return,
        };
        if self.setup.jarm.is_some() {
            assert!(params.get("response").is_some(), "it has to be signed");
            assert_eq!(request.uri(), "https://as.example/jwks");
            return;
        }
        assert_eq!(request.uri(), TOKEN_ENDPOINT);
        assert_eq!(params.get("state"), Some(self.state.as_str()));
        assert!(params.get("error").is_none());
        if self.setup.issuer.is_some() {
            let iss = params.get("iss");
            let missing = iss.is_none() && !self.setup.iss_promised;
            assert!(missing || iss == Some(ISSUER), "{iss:?}");
        }
        // What is percent-encoded is longer, and may be longer than what is read.
        if let Ok(body) = Params::parse_form(request.body()) {
            assert_eq!(body.get("code"), params.get("code"));
            assert!(body.get("code_verifier").is_some());
        }
    }
}
