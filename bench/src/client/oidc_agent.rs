//! `oidc-token` of oidc-agent: a daemon keeps the token, the program asks for it over a socket.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use gatepass_client::{Grant, OAuth, SecretRef, Session};
use serde_json::json;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::printer::Printer;
use crate::pinning;
use crate::program::Program;
use crate::target::Target;
use crate::work::member;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNT: &str = "bench";
/// oidc-agent asks for the first two whether they are wanted or not.
const SCOPE: &str = "openid offline_access read";

/// The three programs that are needed.
pub(super) struct Programs {
    agent: PathBuf,
    generate: PathBuf,
    token: PathBuf,
}

impl Programs {
    pub(super) fn find() -> anyhow::Result<Self> {
        Ok(Self {
            agent: find("oidc-agent")?,
            generate: find("oidc-gen")?,
            token: find("oidc-token")?,
        })
    }
}

fn find(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .with_context(|| format!("no {name} on PATH; `cargo xtask bench` installs oidc-agent-cli"))
}

/// An agent with an account at our server.
pub(super) struct Agent<'a> {
    programs: &'a Programs,
    daemon: Child,
    env: Vec<(&'static str, OsString)>,
}

impl<'a> Agent<'a> {
    /// Starts an agent, registers a client for it, and gives it an account.
    pub(super) async fn start(
        programs: &'a Programs,
        gatepass: &Program,
        server: &Target,
        scratch: &Path,
    ) -> anyhow::Result<Self> {
        let socket = scratch.join("oidc-agent.socket");
        let env = vec![
            ("HOME", scratch.into()),
            ("OIDC_CONFIG_DIR", scratch.into()),
            ("OIDC_SOCK", socket.clone().into()),
        ];
        let log = File::create(scratch.join("oidc-agent.log"))?;
        let mut command = Command::new(&programs.agent);
        command
            .args(["--console", "--no-autoload", "--no-autoreauthenticate"])
            .arg("--socket-path")
            .arg(&socket)
            .envs(env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let daemon =
            pinning::on_server_core(|| command.spawn())?.context("cannot start oidc-agent")?;
        let agent = Self {
            programs,
            daemon,
            env,
        };
        let listening = async {
            while !socket.exists() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, listening)
            .await
            .context("oidc-agent did not start in time")?;
        agent.log_in(gatepass, server, scratch).await?;
        Ok(agent)
    }

    /// How its token is printed.
    pub(super) fn printer(&self) -> anyhow::Result<Printer> {
        Printer::new(
            "oidc-token",
            &self.programs.token,
            [ACCOUNT],
            self.env.clone(),
        )
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.daemon.kill().await?)
    }

    async fn log_in(&self, gatepass: &Program, server: &Target, home: &Path) -> anyhow::Result<()> {
        let client = register(gatepass).await?;
        let issuer = format!("http://{}", server.address);
        let refresh_token = refresh_token(&issuer, &client, server).await?;
        let account = home.join("account.json");
        let text = json!({
            "name": ACCOUNT,
            "issuer_url": issuer,
            "client_id": client.id,
            "client_secret": client.secret,
        });
        fs::write(&account, text.to_string())?;
        let mut generate = Command::new(&self.programs.generate);
        generate
            .arg(ACCOUNT)
            .args(["--prompt=none", "--confirm-default", "--flow=refresh"])
            .args(["--pw-env", "--rt-env", "--scope=read", "--issuer"])
            .arg(&issuer)
            .args(["--redirect-uri=http://localhost:8000", "--file"])
            .arg(&account)
            .envs(self.env.iter().cloned())
            .env("OIDC_ENCRYPTION_PW", "-")
            .env("OIDC_REFRESH_TOKEN", refresh_token);
        succeed(generate)
            .await
            .context("no account in oidc-agent")?;
        Ok(())
    }
}

struct Client {
    id: String,
    secret: String,
}

/// A client with the scopes that oidc-agent insists on; the ready-made one lacks them.
async fn register(gatepass: &Program) -> anyhow::Result<Client> {
    let mut add = Command::new(gatepass.binary());
    add.args(["admin", "client", "add", "oidc-agent", "--output", "json"])
        .args(["--grant", "password", "--grant", "refresh_token"])
        .args(["--scope", SCOPE, "--database"])
        .arg(gatepass.database());
    let printed = succeed(add).await.context("no client for oidc-agent")?;
    Ok(Client {
        id: member(&printed, "client_id")?,
        secret: member(&printed, "client_secret")?,
    })
}

/// The refresh token of the ready-made user, for which nobody has to be asked.
async fn refresh_token(issuer: &str, client: &Client, server: &Target) -> anyhow::Result<String> {
    let password = Grant::Password {
        username: server.known.user.clone(),
        password: SecretRef::given(&server.known.password),
    };
    let secret = SecretRef::given(&client.secret);
    let oauth = OAuth::new(
        Some(issuer.to_owned()),
        Some(client.id.clone()),
        Some(secret),
        password,
    );
    let session = Session::builder(oauth.into()).build()?;
    let token = session.token(Duration::ZERO).await?;
    let refresh_token = token
        .refresh_token
        .context("the server gave no refresh token")?;
    Ok(refresh_token.expose().to_owned())
}

/// What a program prints that has to succeed.
async fn succeed(mut command: Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, output)
        .await
        .context("it took too long")??;
    let said = [output.stderr, output.stdout.clone()].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{}", said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
