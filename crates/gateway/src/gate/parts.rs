//! What a gate goes by.

use std::sync::Arc;

use gatepass_guard::{Guard, GuardBuilder, Rules};
use gatepass_http::{Clock, SystemClock};
use http::HeaderName;

use super::draft::Draft;
use super::kept::Kept;
use super::rules::rules;
use super::secrets::Secrets;
use crate::config::{Config, ConfigError};
use crate::cors::Cors;
use crate::identity::Introduction;
use crate::login::BrowserLogin;
use crate::upstream::Upstream;

/// What a gate goes by at one time.
pub(crate) struct Parts {
    pub(crate) config: Config,
    /// What the settings name, as it was read.
    pub(super) secrets: Secrets,
    pub(crate) guard: Guard,
    pub(crate) rules: Rules,
    pub(crate) introduction: Arc<Introduction>,
    pub(crate) login: Option<Arc<BrowserLogin>>,
    /// Which pages of other origins may call the API; `None` where it says so itself.
    pub(super) cors: Option<Cors>,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The header in which trusted proxies pass on a client's certificate.
    pub(super) certificate_header: Option<HeaderName>,
    pub(crate) kept: Kept,
}

impl Parts {
    /// What these settings make. A part that they leave as it was is taken over from `old`, with all that it remembers.
    ///
    /// # Errors
    ///
    /// A setting cannot be used, or what it names.
    pub(crate) async fn make(
        config: &Config,
        dress: &(dyn Fn(GuardBuilder) -> GuardBuilder + Send + Sync),
        old: Option<&Self>,
    ) -> Result<Self, ConfigError> {
        config.agree()?;
        let secrets = Secrets::read(config).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let kept = old.map_or_else(|| Kept::new(config), |old| old.kept.clone());
        let draft = Draft::new(config, &secrets, &clock, &kept, old)?;
        Ok(Self {
            guard: draft.guard(dress)?,
            rules: rules(config)?,
            introduction: draft.introduction()?,
            login: draft.login().await?,
            cors: Cors::new(config)?,
            upstream: draft.upstream()?,
            certificate_header: config.proxies.certificate_header()?,
            config: config.clone(),
            secrets,
            clock,
            kept,
        })
    }
}
