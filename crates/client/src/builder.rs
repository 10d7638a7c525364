use std::sync::{Arc, Mutex};

use gatepass_http::{
    AnswerCache, Clock, Egress, HttpTransport, Origin, Person, SystemClock, Transport,
};

use crate::discover::Finding;
use crate::flight::Flight;
use crate::inner::{Inner, State, within};
use crate::tokens::{MemoryTokens, TokenKey, TokenStore};
use crate::{Certificate, Credential, Error, LoginOptions, Paths, Profile, Session};

/// Puts a [`Session`] together.
pub struct SessionBuilder {
    credential: Credential,
    api: Vec<Result<Origin, String>>,
    egress: Egress,
    clock: Arc<dyn Clock>,
    person: Option<(Arc<dyn Person>, LoginOptions)>,
    tokens: Option<(Arc<dyn TokenStore>, TokenKey)>,
    documents: Option<Arc<AnswerCache>>,
    certificate: Option<Certificate>,
    network: Option<Arc<dyn Transport>>,
    profiles: Option<Paths>,
}

impl SessionBuilder {
    pub(crate) fn new(credential: Credential) -> Self {
        Self {
            credential,
            api: Vec::new(),
            egress: Egress::default(),
            clock: Arc::new(SystemClock),
            person: None,
            tokens: None,
            documents: None,
            certificate: None,
            network: None,
            profiles: None,
        }
    }

    /// The session of a profile, with its tokens in files under `paths`.
    ///
    /// # Errors
    ///
    /// The profile's CA file cannot be read.
    pub fn of(profile: &Profile, paths: &Paths) -> Result<Self, Error> {
        let mut builder = Self::new(profile.credential.clone())
            .tokens(profile.tokens.open(paths)?, profile.name.key().clone());
        builder.documents = Some(Arc::new(AnswerCache::in_folder(paths.documents())));
        builder.certificate.clone_from(&profile.certificate);
        builder.profiles = Some(paths.clone());
        builder.api = profile.api.iter().cloned().map(Ok).collect();
        if let Some(path) = &profile.ca {
            let pem = std::fs::read(path)
                .map_err(|error| Error::Setup(format!("{}: {error}", path.display())))?;
            builder.egress.extra_roots.push(pem);
        }
        Ok(builder)
    }

    /// An origin that the credential goes to, like `https://api.example.com`. May be said more than once.
    #[must_use]
    pub fn api(mut self, origin: impl AsRef<str>) -> Self {
        let text = origin.as_ref();
        self.api
            .push(text.parse().map_err(|error| format!("{text:?}: {error}")));
        self
    }

    /// The rules of the network. An extra root of the profile stays.
    #[must_use]
    pub fn egress(mut self, mut egress: Egress) -> Self {
        egress.extra_roots.append(&mut self.egress.extra_roots);
        self.egress = egress;
        self
    }

    /// Where tokens are kept, and under which key; by default in memory.
    #[must_use]
    pub fn tokens(mut self, store: Arc<dyn TokenStore>, key: TokenKey) -> Self {
        self.tokens = Some((store, key));
        self
    }

    /// Makes a profile in `config.toml` of what requests find out ([`Credential::Discover`]), or takes the one that there is for
    /// the same resource: its tokens are kept where it says, and its client is the one for others too. The profile is made when there
    /// is a token. Of a login that is given up only a client stays that registered itself at the server, for the next try. By
    /// default what was found is known to this session only, and its tokens stand beside the session's.
    #[must_use]
    pub fn profiles(mut self, paths: &Paths) -> Self {
        self.profiles = Some(paths.clone());
        self
    }

    /// Whom a request asks when only a login helps; by default nobody, and the request fails with
    /// [`Error::LoginNeeded`].
    #[must_use]
    pub fn person(mut self, person: Arc<dyn Person>, options: LoginOptions) -> Self {
        self.person = Some((person, options));
        self
    }

    /// The clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What carries protocol messages in place of the network, for tests and to tell what would be sent. Requests for
    /// resources go to the network all the same.
    #[must_use]
    pub fn network(mut self, network: Arc<dyn Transport>) -> Self {
        self.network = Some(network);
        self
    }

    /// The session. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// An origin or a CA certificate cannot be used.
    pub fn build(self) -> Result<Session, Error> {
        let api = self
            .api
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::Setup)?;
        let (tokens, key) = match self.tokens {
            Some(given) => given,
            None => (
                Arc::new(MemoryTokens::new()) as Arc<dyn TokenStore>,
                TokenKey::session(),
            ),
        };
        let mut egress = self.egress;
        if let Some(certificate) = &self.certificate {
            egress.identity = Some(certificate.read()?);
        }
        let inner = Inner {
            within: within(&self.credential),
            credential: self.credential,
            api,
            certified: egress.identity.is_some(),
            transport: Arc::new(HttpTransport::new(egress)?),
            network: self.network,
            documents: self
                .documents
                .unwrap_or_else(|| Arc::new(AnswerCache::in_memory())),
            clock: self.clock,
            person: self.person,
            tokens,
            key,
            finding: Finding::keeping(self.profiles),
            flight: Flight::new(),
            logins: Flight::new(),
            state: Mutex::new(State::default()),
            metadata: tokio::sync::Mutex::new(None),
        };
        Ok(Session {
            inner: Arc::new(inner),
        })
    }
}

impl std::fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
