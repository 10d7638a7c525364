//! A Chromium without a screen, steered by a chromedriver of its own.

mod command;
mod driver;

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use self::command::Extension;
use self::driver::Driver;

const PATIENCE: Duration = Duration::from_secs(30);

/// What is unusual about a browser.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) javascript: bool,
    /// Trust any certificate: the development CA is known to no browser.
    pub(crate) any_certificate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            javascript: true,
            any_certificate: false,
        }
    }
}

/// A browser with a fresh profile; it ends with this value.
pub(crate) struct Chromium {
    pub(crate) client: Client,
    _driver: Driver,
    _profile: TempDir,
}

impl Chromium {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let driver = Driver::start().await?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&options, &profile))
            .connect(driver.address())
            .await
            .context("Chromium could not be started")?;
        let browser = Self {
            client,
            _driver: driver,
            _profile: profile,
        };
        browser.javascript_is(options.javascript).await?;
        Ok(browser)
    }

    pub(crate) async fn goto(&self, address: &str) -> Result<()> {
        Ok(self.client.goto(address).await?)
    }

    /// Types into an empty field.
    pub(crate) async fn fill(&self, name: &str, text: &str) -> Result<()> {
        let field = self.element(&format!("input[name={name}]")).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Types wherever the focus is.
    pub(crate) async fn type_on(&self, text: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(text).await?)
    }

    /// Clicks on what a person would see.
    pub(crate) async fn press(&self, css: &str) -> Result<()> {
        Ok(self.element(css).await?.click().await?)
    }

    pub(crate) async fn wait_for(&self, css: &str) -> Result<()> {
        self.element(css).await.map(drop)
    }

    /// The text of an element as it is shown.
    pub(crate) async fn text(&self, css: &str) -> Result<String> {
        Ok(self.element(css).await?.text().await?)
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, name: &str) -> Result<String> {
        let field = self.element(&format!("input[name={name}]")).await?;
        Ok(field.prop("value").await?.unwrap_or_default())
    }

    /// The name of the field that has the focus.
    pub(crate) async fn focused(&self) -> Result<String> {
        Ok(self
            .client
            .active_element()
            .await?
            .attr("name")
            .await?
            .unwrap_or_default())
    }

    /// Every page has a title and a language, and every field that is seen has a label.
    pub(crate) async fn labels_are_there(&self) -> Result<()> {
        ensure!(
            !self.client.title().await?.trim().is_empty(),
            "a page without a title"
        );
        self.wait_for("html[lang]").await?;
        ensure!(
            self.client.find_all(Locator::Css("form")).await?.len() == 1,
            "a page has one form"
        );
        for field in self
            .client
            .find_all(Locator::Css("input:not([type=hidden])"))
            .await?
        {
            let id = field.attr("id").await?.context("a field without an id")?;
            ensure!(
                !self.text(&format!("label[for={id}]")).await?.is_empty(),
                "`{id}` has no label"
            );
        }
        Ok(())
    }

    /// The browser had nothing to complain about: no policy broken, nothing missing.
    pub(crate) async fn console_is_clean(&self) -> Result<()> {
        let lines = self.console().await?;
        ensure!(lines.is_empty(), "the browser's console: {lines:?}");
        Ok(())
    }

    /// What the browser had to say since it was last asked.
    pub(crate) async fn console(&self) -> Result<Vec<String>> {
        let entries = self.client.issue_cmd(Extension::console()).await?;
        let entries = entries.as_array().context("the console is no list")?;
        Ok(entries.iter().map(Value::to_string).collect())
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let command = Extension::devtools(command, parameters);
        Ok(self.client.issue_cmd(command).await?)
    }

    async fn element(&self, css: &str) -> Result<Element> {
        let waiting = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(20));
        match waiting.for_element(Locator::Css(css)).await {
            Ok(element) => Ok(element),
            Err(error) => {
                let address = self.client.current_url().await?;
                let page = self.client.source().await?;
                Err(error).with_context(|| format!("`{css}` is not on {address}:\n{page}"))
            }
        }
    }

    /// A setting that does nothing would make its tests prove nothing.
    async fn javascript_is(&self, on: bool) -> Result<()> {
        self.goto("data:text/html,<p>off</p><script>document.querySelector('p').textContent='on'</script>").await?;
        ensure!(
            self.text("p").await? == if on { "on" } else { "off" },
            "JavaScript is not as wanted"
        );
        Ok(())
    }
}

fn capabilities(options: &Options, profile: &TempDir) -> Map<String, Value> {
    let mut chromium = json!({
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--lang=en",
            format!("--user-data-dir={}", profile.path().display()),
        ],
    });
    if let Some(chromium) = chromium.as_object_mut() {
        if !options.javascript {
            let block = json!({ "profile.managed_default_content_settings.javascript": 2 });
            chromium.insert("prefs".to_owned(), block);
        }
        if let Ok(path) = env::var("CHROMIUM") {
            chromium.insert("binary".to_owned(), path.into());
        }
    }
    Map::from_iter([
        ("browserName".to_owned(), "chrome".into()),
        (
            "acceptInsecureCerts".to_owned(),
            options.any_certificate.into(),
        ),
        ("goog:chromeOptions".to_owned(), chromium),
        (
            "goog:loggingPrefs".to_owned(),
            json!({ "browser": "WARNING" }),
        ),
    ])
}
