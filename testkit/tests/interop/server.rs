//! An authorization server that nobody here wrote.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use gatepass_http::{Egress, HttpTransport, Transport as _};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::certificates::Certificates;
use crate::program::{Program, servers, text, tool};

/// A running server, with whatever it was told to want.
pub(crate) struct Server {
    /// Its issuer, and where its pages are.
    pub(crate) issuer: String,
    /// Where it takes clients that show a certificate.
    pub(crate) certified: Option<String>,
    /// Its certificates, where it serves over TLS.
    pub(crate) certificates: Option<Certificates>,
    transport: HttpTransport,
    _program: Program,
}

impl Server {
    /// npm's oidc-provider; what it can be told is in its file.
    pub(crate) async fn oidc_provider(mut options: Value) -> Result<Self> {
        let certificates = match options.get("tls") {
            Some(_) => Some(Certificates::make()?),
            None => None,
        };
        if let Some(made) = &certificates {
            options["tls"] = json!({
                "key": made.server_key, "cert": made.server, "ca": made.authority,
            });
        }
        let mut command = Command::new(tool("NODE_BIN")?);
        command
            .arg("--no-warnings")
            .arg(servers("oidc-provider/server.mjs"))
            .arg(options.to_string());
        Self::start(&mut command, certificates).await
    }

    /// Authlib on Flask.
    pub(crate) async fn authlib() -> Result<Self> {
        let mut command = python("authlib_server.py")?;
        Self::start(&mut command, None).await
    }

    async fn start(command: &mut Command, certificates: Option<Certificates>) -> Result<Self> {
        let (program, said) = Program::announced(command).await?;
        let mut egress = Egress::default();
        if let Some(made) = &certificates {
            egress.extra_roots.push(std::fs::read(&made.authority)?);
        }
        Ok(Self {
            issuer: text(&said, "issuer")?,
            certified: text(&said, "certified").ok(),
            certificates,
            transport: HttpTransport::new(egress)?,
            _program: program,
        })
    }

    /// The file of the authority that vouches for it.
    pub(crate) fn ca(&self) -> Option<&PathBuf> {
        self.certificates.as_ref().map(|made| &made.authority)
    }

    /// Makes a client (RFC 7591).
    pub(crate) async fn register(&self, metadata: &Value) -> Result<Value> {
        let discovered = self.metadata().await?;
        let request = Request::post(text(&discovered, "registration_endpoint")?)
            .header(CONTENT_TYPE, "application/json")
            .body(metadata.to_string().into_bytes())?;
        let answer = self.transport.send(request).await?;
        let body = String::from_utf8_lossy(answer.body());
        ensure!(answer.status() == 201, "{metadata}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    async fn metadata(&self) -> Result<Value> {
        for name in ["oauth-authorization-server", "openid-configuration"] {
            let url = format!("{}/.well-known/{name}", self.issuer);
            let answer = self
                .transport
                .send(Request::get(url).body(Vec::new())?)
                .await?;
            if answer.status() == 200 {
                return Ok(serde_json::from_slice(answer.body())?);
            }
        }
        anyhow::bail!("no metadata at {}", self.issuer)
    }

    /// How a resource of the server answers to whoever shows this token.
    pub(crate) async fn status(&self, path: &str, token: &str) -> Result<u16> {
        let request = Request::get(format!("{}{path}", self.issuer))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Vec::new())?;
        Ok(self.transport.send(request).await?.status().as_u16())
    }

    /// Revokes a token (RFC 7009) behind its owner's back, as a client with a secret in the body.
    pub(crate) async fn revoke(&self, client: &Value, token: &str) -> Result<()> {
        let mut form = gatepass_proto::Params::new();
        form.push("token_type_hint", "access_token");
        form.push("token", token);
        form.push("client_id", text(client, "client_id")?);
        form.push("client_secret", text(client, "client_secret")?);
        let request = Request::post(text(&self.metadata().await?, "revocation_endpoint")?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_form().into_bytes())?;
        let answer = self.transport.send(request).await?;
        ensure!(answer.status() == 200, "revocation: {}", answer.status());
        Ok(())
    }
}

/// One of the Python servers.
pub(crate) fn python(name: &str) -> Result<Command> {
    let mut command = Command::new(tool("PYTHON_BIN")?);
    command.arg("-B").arg(servers("python").join(name));
    Ok(command)
}
