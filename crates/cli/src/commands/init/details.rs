//! What a profile of each kind has to say: asked for, unless the options say it.

use gatepass_client::providers::{Kind, Provider};
use gatepass_client::{Origin, ProfileName};
use gatepass_http::check_url;
use gatepass_proto::message::metadata::ServerMetadata;
use url::Url;

use super::ask::{Asker, Question};
use super::place::{self, Wanted};
use super::target::Target;
use super::way::Way;
use crate::commands::profile::add::NewProfile;
use crate::commands::provider;
use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// A profile in the making, and what is known of where it goes.
pub(super) struct Details<'a> {
    pub(super) new: &'a mut NewProfile,
    pub(super) asker: &'a mut Asker,
    pub(super) name: &'a ProfileName,
    pub(super) context: &'a Context,
}

impl Details<'_> {
    /// Asks for everything that this way needs.
    pub(super) async fn complete(&mut self, way: Way, target: &Target) -> Result<(), Failure> {
        match way {
            Way::OAuth(grant) => self.oauth(grant, target).await?,
            Way::Basic | Way::Digest => {
                if way == Way::Digest && !self.new.says("method") {
                    self.new.say("method", "digest");
                }
                self.user().await?;
            }
            Way::Bearer => self.secret(&place::TOKEN).await?,
            Way::ApiKey => {
                self.place_of_key().await?;
                self.secret(&place::KEY).await?;
            }
            Way::Login => {
                self.text(
                    "url",
                    "--login-url",
                    Question::new("The login endpoint's URL"),
                    url,
                )
                .await?;
                self.style().await?;
                self.user().await?;
            }
        }
        self.api(target).await
    }

    async fn oauth(&mut self, grant: &'static str, target: &Target) -> Result<(), Failure> {
        if !self.new.says("grant") {
            self.new.say("grant", grant);
        }
        let metadata = match target {
            Target::Provider(provider) => {
                self.preset(provider).await?;
                None
            }
            Target::Issuer(metadata) => Some(&**metadata),
            Target::Api(api) => api.issuer.as_deref(),
            Target::Described => None,
        };
        if let Some(metadata) = metadata
            && !self.new.says("issuer")
        {
            self.new.say("issuer", &metadata.issuer);
        }
        if !["provider", "issuer", "token_endpoint"]
            .iter()
            .any(|own| self.new.says(own))
        {
            let question =
                Question::new("The login server").help("its URL, like https://login.example.com");
            self.text("issuer", "--issuer", question, url).await?;
        }
        self.client(grant, target, metadata).await?;
        self.scope(target).await?;
        if grant == "password" {
            self.user().await?;
        }
        Ok(())
    }

    /// What a preset leaves open.
    async fn preset(&mut self, own: &Provider) -> Result<(), Failure> {
        if !self.new.says("provider") {
            self.new.say("provider", &own.id);
        }
        if self.asker.present {
            output::note(&format!("\n{}\nSee {}\n", own.notes, own.docs));
        }
        for (name, variable) in &own.variables {
            let member = format!("variables.{name}");
            let mut question = Question::new(capital(&variable.help));
            question.default.clone_from(&variable.default);
            let empty = variable.default.is_some();
            let check = move |text: &str| match text.is_empty() && !empty {
                true => Err("this is needed".to_owned()),
                false => Ok(()),
            };
            let kind = match variable.kind {
                Kind::Host => "HOST",
                Kind::Url => "URL",
                _ => "VALUE",
            };
            self.text(&member, &format!("--var {name}={kind}"), question, check)
                .await?;
        }
        if own.quirks.fixed_port && !self.new.says("redirect_uri") {
            let uri = provider::redirect_uri(own);
            output::note(&format!("The redirect URI to register there is {uri}."));
            self.new.say("redirect_uri", uri);
        }
        Ok(())
    }

    async fn client(
        &mut self,
        grant: &str,
        target: &Target,
        metadata: Option<&ServerMetadata>,
    ) -> Result<(), Failure> {
        let registers = metadata.is_some_and(|own| own.registration_endpoint.is_some())
            && matches!(grant, "authorization_code" | "device_code");
        if !self.new.says("client_id") {
            let choices = vec![
                (
                    "Register one now: the server lets programs do that themselves".to_owned(),
                    true,
                ),
                ("I have a client id".to_owned(), false),
            ];
            let by_itself = registers
                && self
                    .asker
                    .choose("", "Which client?", choices, Some(true))
                    .await?
                    == Some(true);
            if by_itself {
                return Ok(());
            }
            let question =
                Question::new("The client id").help("whoever runs the login server gives it out");
            self.text("client_id", "--client-id", question, some)
                .await?;
        }
        if self.new.says("client_secret") || self.new.says("client_key") {
            return Ok(());
        }
        let usual = match target {
            Target::Provider(provider) => provider.quirks.client_auth.is_some(),
            _ => false,
        };
        let needed = grant == "client_credentials";
        let has = needed
            || self
                .asker
                .confirm("Has the client a secret?", usual && self.asker.present)
                .await?;
        match has {
            true => self.secret(&place::CLIENT_SECRET).await,
            false => Ok(()),
        }
    }

    async fn scope(&mut self, target: &Target) -> Result<(), Failure> {
        if self.new.says("scope") {
            return Ok(());
        }
        let wanted = match target {
            Target::Provider(provider) => Some(&provider.scopes),
            Target::Api(api) => api.scope.as_ref(),
            Target::Issuer(_) | Target::Described => None,
        };
        let wanted = wanted.map(ToString::to_string).unwrap_or_default();
        let question = Question::new("The scopes to ask for")
            .help("separated by spaces; nothing leaves it to the server")
            .default(wanted);
        let scope = |text: &str| {
            text.parse::<gatepass_client::Scope>()
                .map(drop)
                .map_err(|error| error.to_string())
        };
        let text = self.asker.text("--scope", question, scope).await?;
        if !text.is_empty() {
            self.new.say("scope", text);
        }
        Ok(())
    }

    async fn user(&mut self) -> Result<(), Failure> {
        self.text(
            "username",
            "--username",
            Question::new("The user name"),
            some,
        )
        .await?;
        self.secret(&place::PASSWORD).await
    }

    async fn style(&mut self) -> Result<(), Failure> {
        if self.new.says("style") {
            return Ok(());
        }
        let choices = ["form", "json", "basic"].map(|style| (style.to_owned(), style));
        let question = "How does it take them?";
        let style = self
            .asker
            .choose("--login-style", question, choices.to_vec(), Some("form"))
            .await?;
        if let Some(style) = style {
            self.new.say("style", style);
        }
        Ok(())
    }

    async fn place_of_key(&mut self) -> Result<(), Failure> {
        if ["header", "query", "cookie"]
            .iter()
            .any(|own| self.new.says(own))
        {
            return Ok(());
        }
        let question = Question::new("The header of the key")
            .help("\"bearer\" sends it as Authorization: Bearer")
            .default("X-API-Key");
        let header = |text: &str| {
            let parsed = text.parse::<http::HeaderName>();
            parsed
                .map(drop)
                .map_err(|_| "that is no header name".to_owned())
        };
        self.text("header", "--key-header", question, header).await
    }

    /// Where the credential goes: as the preset says, or to the API that was named.
    async fn api(&mut self, target: &Target) -> Result<(), Failure> {
        let preset = matches!(target, Target::Provider(provider) if !provider.api.is_empty());
        if preset || self.new.says("api") {
            return Ok(());
        }
        let known = match target {
            Target::Api(api) => Some(api.url.origin().ascii_serialization()),
            _ => None,
        };
        if let Some(origin) = known {
            self.new.say("api", origin);
            return Ok(());
        }
        let question = Question::new("The API that the token is for")
            .help("its origin, like https://api.example.com; the token goes nowhere else");
        let origin = |text: &str| {
            text.parse::<Origin>()
                .map(drop)
                .map_err(|error| error.to_string())
        };
        self.text("api", "--api", question, origin).await
    }

    /// Asks for a member that is text, unless it is said.
    async fn text(
        &mut self,
        member: &str,
        option: &str,
        question: Question,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), Failure> {
        if self.new.text(member).is_some() {
            return Ok(());
        }
        let answer = self.asker.text(option, question, check).await?;
        if !answer.is_empty() {
            self.new.say(member, answer);
        }
        Ok(())
    }

    async fn secret(&mut self, wanted: &Wanted) -> Result<(), Failure> {
        if self.new.says(wanted.member) {
            return Ok(());
        }
        if let Some(reference) = wanted.ask(self.asker, self.name, self.context).await? {
            self.new.say_secret(wanted.member, reference);
        }
        Ok(())
    }
}

fn some(text: &str) -> Result<(), String> {
    match text.is_empty() {
        true => Err("this is needed".to_owned()),
        false => Ok(()),
    }
}

fn url(text: &str) -> Result<(), String> {
    let url: Url = text
        .parse()
        .map_err(|_| "expected a URL like https://login.example.com".to_owned())?;
    check_url(&url).map_err(|error| error.to_string())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect());
    first.unwrap_or_default()
}
