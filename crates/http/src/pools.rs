//! The pools of connections, and which of them a URL belongs to.

use std::sync::{Arc, OnceLock};

use gatepass_proto::flow::Unreachable;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::public::may_be_public;
use crate::resolver::{Names, PublicOnly, SystemNames};
use crate::setup::{Setup, SetupError};
use crate::transport::{because, reason};
use crate::{Egress, is_loopback_host};

/// How far a request may go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Wherever its URL says.
    Anywhere,
    /// To the internet, but neither to this machine nor to its neighbours.
    Public,
}

pub(crate) struct Pools {
    pub(crate) egress: Egress,
    setup: Setup,
    names: Arc<dyn Names>,
    /// For other machines, by the proxies.
    outward: Pool,
    /// For this machine, past any proxy.
    loopback: Pool,
    /// For other machines at public addresses, past any proxy.
    public: Pool,
    /// Which URLs go by a proxy.
    proxied: OnceLock<Matcher>,
}

/// Built when it is first needed.
type Pool = OnceLock<Result<reqwest::Client, String>>;

impl Pools {
    pub(crate) fn new(egress: Egress) -> Result<Self, SetupError> {
        Self::with_names(egress, Arc::new(SystemNames))
    }

    pub(crate) fn with_names(egress: Egress, names: Arc<dyn Names>) -> Result<Self, SetupError> {
        Ok(Self {
            setup: Setup::read(&egress)?,
            egress,
            names,
            outward: OnceLock::new(),
            loopback: OnceLock::new(),
            public: OnceLock::new(),
            proxied: OnceLock::new(),
        })
    }

    /// The pool for `url`, which [`crate::check_url`] has admitted.
    pub(crate) fn pool(&self, url: &Url, reach: Reach) -> Result<&reqwest::Client, Unreachable> {
        let pool = match reach {
            Reach::Anywhere if url.host().is_some_and(|host| is_loopback_host(&host)) => {
                self.loopback.get_or_init(|| self.local())
            }
            Reach::Public if !url.host().is_some_and(|host| may_be_public(&host)) => {
                return Err(because(url, PRIVATE));
            }
            // A proxy resolves the name itself, so a filter here would filter the proxy's own address.
            Reach::Public if !self.is_proxied(url) => self.public.get_or_init(|| self.filtered()),
            Reach::Anywhere | Reach::Public => self.outward.get_or_init(|| self.proxying()),
        };
        pool.as_ref().map_err(|reason| Unreachable {
            reason: reason.clone(),
        })
    }

    fn local(&self) -> Result<reqwest::Client, String> {
        let loopback = [
            ([127, 0, 0, 1], 0).into(),
            (std::net::Ipv6Addr::LOCALHOST, 0).into(),
        ];
        build(
            self.builder()
                .resolve_to_addrs("localhost", &loopback)
                .no_proxy(),
        )
    }

    fn filtered(&self) -> Result<reqwest::Client, String> {
        let names = PublicOnly(self.names.clone());
        build(self.builder().dns_resolver(Arc::new(names)).no_proxy())
    }

    fn proxying(&self) -> Result<reqwest::Client, String> {
        build(match &self.setup.proxy {
            Some(proxy) => self.builder().proxy(proxy.clone()),
            None if self.egress.environment_proxy => self.builder(),
            None => self.builder().no_proxy(),
        })
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("gatepass/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.egress.connect_timeout)
            .tls_certs_merge(self.setup.roots.clone());
        match &self.setup.identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        }
    }

    /// By the same rules as the library's, which does not tell them.
    fn is_proxied(&self, url: &Url) -> bool {
        let matcher = self.proxied.get_or_init(|| match &self.egress.proxy {
            Some(proxy) => {
                let past = match self.egress.environment_proxy {
                    true => past_proxies(),
                    false => String::new(),
                };
                let matcher = Matcher::builder().all(proxy.as_str().to_owned());
                matcher.no(past).build()
            }
            None if self.egress.environment_proxy => Matcher::from_system(),
            None => Matcher::builder().build(),
        });
        let uri: Result<http::Uri, _> = url.as_str().parse();
        uri.is_ok_and(|uri| matcher.intercept(&uri).is_some())
    }
}

/// Why a server may not send us there.
const PRIVATE: &str = "a server named this host, which is private (this machine, its network, or reserved); if that is \
                       right, allow private hosts (`allow_private_hosts`, --allow-private-hosts)";

fn past_proxies() -> String {
    let names = ["NO_PROXY", "no_proxy"];
    let found = names.iter().find_map(|name| std::env::var(name).ok());
    found.unwrap_or_default()
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    builder
        .build()
        .map_err(|error| format!("the HTTP client cannot be set up: {}", reason(&error)))
}
