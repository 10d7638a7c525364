//! `gatepass helper aws`: the AWS tools' `credential_process`.

use std::time::Duration;

use clap::Args;
use gatepass_client::tokens::{FileTokens, Keyring, StoredToken, TokenKey, TokenStore as _};
use gatepass_client::{Error, Profile, Secret, Session, TokenState};
use gatepass_http::{Clock as _, HttpTransport, SystemClock, check_url};
use gatepass_proto::Digest;
use serde::Serialize;
use url::Url;

use super::sts::{Keys, Refusal, Role};
use super::{Given, check_origin};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::{output, time};

/// Give the AWS tools keys for a role, by a profile's token
///
/// The token is shown to the AWS Security Token Service (AssumeRoleWithWebIdentity), so the profile must name that
/// service's origin among its own: --api with sts.eu-central-1.amazonaws.com. The keys are kept, private to
/// this user, until five minutes before they expire, for the AWS tools themselves keep none.
#[derive(Args)]
#[command(after_help = "\
Examples:
  # in ~/.aws/config:
  [profile work]
  credential_process = gatepass helper aws work --role-arn ROLE_ARN

  gatepass helper aws work --region eu-central-1 \\
      --role-arn arn:aws:iam::123456789012:role/deploy
  gatepass helper aws work --endpoint http://127.0.0.1:9000 \\
      --role-arn arn:aws:iam::000000000000:role/test")]
pub(super) struct Aws {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// The role
    #[arg(long, value_name = "ARN", value_parser = arn)]
    role_arn: String,
    /// Show the ID token in place of the access token
    #[arg(long)]
    id_token: bool,
    /// What AWS's logs call this use of the role [default: gatepass-PROFILE]
    #[arg(long, value_name = "NAME", value_parser = session_name)]
    session_name: Option<String>,
    /// The region whose service is asked [default: the global one]
    #[arg(long, env = "AWS_REGION", hide_env_values = true, value_parser = region)]
    region: Option<String>,
    /// Another service that speaks the same language: https, or http on this machine
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<Url>,
    /// How long the keys are good, 900 to 43200 [default: the service's, an hour]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(900..=43_200))]
    duration: Option<u32>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// Kept keys are not used when they expire sooner than this.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// How long another process may take to fetch the same keys.
const PATIENCE: Duration = Duration::from_secs(75);
/// An answer with keys is two or three kilobytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What the AWS tools read.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

impl Aws {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let role = self.role(&profile)?;
        // The service sees the token, and is no exception.
        check_origin(&profile, &role.endpoint)?;
        let session = context.session(&profile, &self.network, None)?;
        let kept = Kept::of(&profile, &role, self.id_token, context)?;
        if logged_out(&session).await? {
            kept.forget().await?;
        } else if let Some(line) = kept.fresh().await? {
            output::line(line.expose())?;
            return Ok(Exit::Done);
        }
        let _lock = kept
            .store
            .lock(&kept.key, PATIENCE)
            .await
            .map_err(Error::from)?;
        if let Some(line) = kept.fresh().await? {
            output::line(line.expose())?;
            return Ok(Exit::Done);
        }
        let keys = self.fetch(&role, &session, &profile).await?;
        let line = line(&keys);
        kept.keep(&line, &keys).await;
        output::line(line.expose())?;
        Ok(Exit::Done)
    }

    fn role(&self, profile: &Profile) -> Result<Role, Failure> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => service(&self.role_arn, self.region.as_deref())?,
        };
        let usual = || {
            format!("gatepass-{}", profile.name)
                .chars()
                .take(64)
                .collect()
        };
        Ok(Role {
            endpoint,
            arn: self.role_arn.clone(),
            session_name: self.session_name.clone().unwrap_or_else(usual),
            duration: self.duration,
        })
    }

    /// A token that has expired by the service's clock is renewed once, whatever our own clock says.
    async fn fetch(
        &self,
        role: &Role,
        session: &Session,
        profile: &Profile,
    ) -> Result<Keys, Failure> {
        let mut egress = self.network.egress_of(profile)?;
        egress.max_answer = MAX_ANSWER;
        let transport = HttpTransport::new(egress).map_err(Error::from)?;
        let given = self.given(session, profile).await?;
        match role.assume(&given.secret, &transport).await {
            Ok(keys) => return Ok(keys),
            Err(Refusal::Expired(_)) if profile.credential.makes_tokens() => {}
            Err(Refusal::Expired(failure) | Refusal::Other(failure)) => return Err(failure),
        }
        let renewed = session.refresh().await;
        renewed.map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
        let given = self.given(session, profile).await?;
        let again = role.assume(&given.secret, &transport).await;
        again.map_err(Refusal::into_failure)
    }

    async fn given(&self, session: &Session, profile: &Profile) -> Result<Given, Failure> {
        match self.id_token {
            true => Given::of_id_token(session, profile).await,
            false => Given::of(session, profile).await?.bearer("AWS"),
        }
    }
}

/// Keys that were fetched before, in a private file like those of the tokens.
struct Kept {
    store: FileTokens,
    key: TokenKey,
    binding: String,
}

impl Kept {
    fn of(
        profile: &Profile,
        role: &Role,
        id_token: bool,
        context: &Context,
    ) -> Result<Self, Failure> {
        let kind = if id_token { "id" } else { "access" };
        let all = [
            kind,
            profile.name.as_str(),
            &profile.credential.binding(),
            role.endpoint.as_str(),
            &role.arn,
            &role.session_name,
            &role.duration.unwrap_or_default().to_string(),
        ];
        let binding = Digest::of(all.join("\n")).to_base64url();
        let key = TokenKey::new(&format!("aws-{binding}"));
        Ok(Self {
            store: FileTokens::new(context.paths.state.join("aws")).key_in(Keyring::of_this_user()),
            key: key.ok_or_else(|| Failure::error("the keys have no name; this is a bug"))?,
            binding,
        })
    }

    async fn fresh(&self) -> Result<Option<Secret>, Failure> {
        let kept = self.store.load(&self.key).await.map_err(Error::from)?;
        let kept = kept.filter(|kept| kept.binding == self.binding);
        let lasts = |kept: &StoredToken| {
            let soon = SystemClock.now() + MARGIN;
            kept.expires_at.is_some_and(|end| soon < end)
        };
        Ok(kept.filter(lasts).map(|kept| kept.access_token))
    }

    /// Keys that cannot be kept are good all the same.
    async fn keep(&self, line: &Secret, keys: &Keys) {
        let mut kept = StoredToken::new(line.clone(), SystemClock.now(), self.binding.clone());
        kept.expires_at = Some(keys.expiration);
        if let Err(error) = self.store.save(&self.key, &kept).await {
            tracing::warn!(%error, "the keys could not be kept; the next use fetches others");
        }
    }

    async fn forget(&self) -> Result<(), Failure> {
        Ok(self.store.forget(&self.key).await.map_err(Error::from)?)
    }
}

/// Whether the profile's login is gone. One that has only expired leaves its keys good.
async fn logged_out(session: &Session) -> Result<bool, Failure> {
    let status = session.status().await?;
    Ok(status.state == TokenState::LoginNeeded && status.obtained_at.is_none())
}

fn line(keys: &Keys) -> Secret {
    let output = Output {
        version: 1,
        access_key_id: &keys.access_key_id,
        secret_access_key: keys.secret_access_key.expose(),
        session_token: keys.session_token.expose(),
        expiration: time::rfc3339(keys.expiration),
    };
    Secret::new(serde_json::to_string(&output).unwrap_or_default())
}

/// The service of a region, by the role's partition.
fn service(arn: &str, region: Option<&str>) -> Result<Url, Failure> {
    let partition = arn.split(':').nth(1).unwrap_or_default();
    let domain = match (partition, region) {
        ("aws", None) => "sts.amazonaws.com".to_owned(),
        ("aws" | "aws-us-gov", Some(region)) => format!("sts.{region}.amazonaws.com"),
        ("aws-cn", Some(region)) => format!("sts.{region}.amazonaws.com.cn"),
        ("aws-us-gov" | "aws-cn", None) => {
            let text = format!("--region is needed: partition {partition} has no global service");
            return Err(Failure::usage(text));
        }
        _ => {
            let text = format!("partition {partition} is not known here; name its --endpoint");
            return Err(Failure::usage(text));
        }
    };
    let url = format!("https://{domain}/").parse();
    url.map_err(|_| Failure::usage("--region: expected something like eu-central-1"))
}

fn arn(text: &str) -> Result<String, String> {
    let good = (20..=2048).contains(&text.len())
        && text.starts_with("arn:")
        && text.contains(":role/")
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    match good {
        true => Ok(text.to_owned()),
        false => Err("expected something like arn:aws:iam::123456789012:role/deploy".to_owned()),
    }
}

fn session_name(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    match (2..=64).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("expected 2 to 64 letters, digits and _+=,.@-".to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("expected something like eu-central-1".to_owned()),
    }
}

fn endpoint(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|_| "expected a URL like https://sts.example.com".to_owned())?;
    check_url(&url).map_err(|error| error.to_string())?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{endpoint, service};

    #[test]
    fn the_service_follows_from_partition_and_region() {
        let of = |arn: &str, region| service(arn, region).map(String::from).ok();
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(
            of("arn:aws:iam::1:role/x", None),
            at("https://sts.amazonaws.com/")
        );
        assert_eq!(
            of("arn:aws:iam::1:role/x", Some("eu-west-1")),
            at("https://sts.eu-west-1.amazonaws.com/")
        );
        assert_eq!(
            of("arn:aws-cn:iam::1:role/x", Some("cn-north-1")),
            at("https://sts.cn-north-1.amazonaws.com.cn/")
        );
        assert_eq!(of("arn:aws-cn:iam::1:role/x", None), None);
        assert_eq!(of("arn:aws-other:iam::1:role/x", Some("x")), None);
    }

    #[test]
    fn an_endpoint_is_https_or_this_machine() {
        assert!(endpoint("https://sts.example.com").is_ok());
        assert!(endpoint("http://127.0.0.1:9000").is_ok());
        assert!(endpoint("http://sts.example.com").is_err());
        assert!(endpoint("sts.example.com").is_err());
    }
}
