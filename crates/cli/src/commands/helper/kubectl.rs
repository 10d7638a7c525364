//! `gatepass helper kubectl`: an exec credential plugin of Kubernetes (client.authentication.k8s.io).

use clap::Args;
use gatepass_client::{Profile, Secret};
use serde::{Deserialize, Serialize};

use super::{Given, check_origin};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::{output, person, time};

/// Give kubectl, and whatever else reads a kubeconfig, a token
///
/// Put what --print-config prints under the `users` of your kubeconfig, and name that user in its context. When
/// Kubernetes tells the address of the cluster, the token goes to no other than those of the profile.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass helper kubectl --print-config work > ~/.kube/work.yaml
  export KUBECONFIG=~/.kube/config:~/.kube/work.yaml
  kubectl config set-credentials work --exec-command gatepass \\
      --exec-api-version client.authentication.k8s.io/v1 \\
      --exec-arg helper --exec-arg kubectl --exec-arg work
  gatepass helper kubectl work           what kubectl runs")]
pub(super) struct Kubectl {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// Give the ID token in place of the access token, for a cluster that is set up with OpenID Connect
    #[arg(long)]
    id_token: bool,
    /// Log in with the browser when only that helps, if Kubernetes says that somebody is there
    #[arg(long)]
    login: bool,
    /// Print the entry for a kubeconfig instead
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

/// The version that is spoken without any word of Kubernetes.
const V1: &str = "client.authentication.k8s.io/v1";
/// The other one.
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

impl Kubectl {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        if self.print_config {
            output::bytes(self.config(&profile).as_bytes())?;
            return Ok(Exit::Done);
        }
        let info = ExecInfo::of_environment()?;
        info.check_cluster(&profile)?;
        let asked = (self.login && info.spec.interactive).then(person::asked);
        let session = context.session(&profile, &self.network, asked)?;
        let given = match self.id_token {
            true => Given::of_id_token(&session, &profile).await?,
            false => Given::of(&session, &profile).await?.bearer("Kubernetes")?,
        };
        output::line(info.answer(&given).expose())?;
        Ok(Exit::Done)
    }

    /// The user's entry as YAML. A profile's name is letters, digits, `.`, `_` and `-`; the quotes keep `1.0` a text.
    fn config(&self, profile: &Profile) -> String {
        let name = &profile.name;
        let mut options = String::new();
        for (wanted, option) in [(self.id_token, "--id-token"), (self.login, "--login")] {
            if wanted {
                options.push_str(&format!("\n      - {option}"));
            }
        }
        let mode = if self.login { "IfAvailable" } else { "Never" };
        format!(
            "\
users:
- name: \"{name}\"
  user:
    exec:
      apiVersion: {V1}
      command: gatepass
      args:
      - helper
      - kubectl
      - \"{name}\"{options}
      interactiveMode: {mode}
      provideClusterInfo: true
"
        )
    }
}

/// What Kubernetes says in `KUBERNETES_EXEC_INFO`.
#[derive(Deserialize)]
struct ExecInfo {
    #[serde(rename = "apiVersion")]
    api_version: String,
    #[serde(default)]
    spec: ExecSpec,
}

#[derive(Default, Deserialize)]
struct ExecSpec {
    #[serde(default)]
    interactive: bool,
    cluster: Option<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    server: String,
}

#[derive(Serialize)]
struct ExecCredential<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'static str,
    spec: AnswerSpec,
    status: AnswerStatus<'a>,
}

#[derive(Serialize)]
struct AnswerSpec {
    interactive: bool,
}

#[derive(Serialize)]
struct AnswerStatus<'a> {
    token: &'a str,
    #[serde(
        rename = "expirationTimestamp",
        skip_serializing_if = "Option::is_none"
    )]
    expiration_timestamp: Option<String>,
}

impl ExecInfo {
    fn of_environment() -> Result<Self, Failure> {
        let said = std::env::var("KUBERNETES_EXEC_INFO").unwrap_or_default();
        Self::read(&said)
            .map_err(|reason| Failure::error(format!("KUBERNETES_EXEC_INFO: {reason}")))
    }

    fn read(said: &str) -> Result<Self, String> {
        if said.is_empty() {
            return Ok(Self {
                api_version: V1.to_owned(),
                spec: ExecSpec::default(),
            });
        }
        let info: Self = serde_json::from_str(said)
            .map_err(|error| format!("expected an ExecCredential as JSON: {error}"))?;
        match info.api_version.as_str() {
            V1 | V1BETA1 => Ok(info),
            other => Err(format!(
                "apiVersion {other:?} is not spoken here; expected {V1} or {V1BETA1}"
            )),
        }
    }

    /// The token goes to the profile's own clusters only, as far as Kubernetes tells which it is.
    fn check_cluster(&self, profile: &Profile) -> Result<(), Failure> {
        let Some(cluster) = &self.spec.cluster else {
            return Ok(());
        };
        let url = cluster.server.parse().map_err(|_| {
            Failure::error("KUBERNETES_EXEC_INFO: spec.cluster.server is not a URL")
        })?;
        check_origin(profile, &url)
    }

    fn answer(&self, given: &Given) -> Secret {
        let answer = ExecCredential {
            api_version: &self.api_version,
            kind: "ExecCredential",
            spec: AnswerSpec {
                interactive: self.spec.interactive,
            },
            status: AnswerStatus {
                token: given.secret.expose(),
                expiration_timestamp: given.expires_at.map(time::rfc3339),
            },
        };
        Secret::new(serde_json::to_string(&answer).unwrap_or_default())
    }
}
