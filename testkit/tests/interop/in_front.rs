//! nginx in front of our own server: it passes on the certificates that clients show (`--client-certificate-from`).

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use gatepass_http::{Egress, HttpTransport, Transport as _};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::{Admin, Config, Mtls, NewClient, Proxies, Server};
use http::Request;
use http::header::AUTHORIZATION;
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::home::Home;
use crate::program::{Program, servers};
use crate::web::listens;

/// How often the port may be taken by somebody else before nginx has it.
const TRIES: usize = 5;

/// A server of ours behind nginx.
struct Pair {
    /// Its issuer, which is nginx.
    issuer: String,
    database: String,
    certificates: Certificates,
    _folder: TempDir,
    _nginx: Program,
}

impl Pair {
    async fn start() -> Result<Self> {
        for _ in 0..TRIES {
            let folder = tempfile::tempdir()?;
            let certificates = Certificates::make()?;
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let address = listener.local_addr()?;
            drop(listener);
            let database = folder.path().join("gatepass.db").display().to_string();
            let issuer = format!("https://{address}");
            let server = Server::bind(&Config {
                issuer: Some(issuer.clone()),
                mtls: Mtls {
                    client_ca: Some(certificates.authority.clone()),
                    ..Mtls::default()
                },
                proxies: Proxies {
                    trusted: vec!["127.0.0.1".parse()?],
                    client_certificate_from: Some("Client-Cert".to_owned()),
                },
                dev: true,
                ..Config::new(([127, 0, 0, 1], 0).into(), database.clone())
            })
            .await?;
            let backend = server.address();
            tokio::spawn(server.run(std::future::pending()));
            let mut nginx = nginx(&folder, &certificates, address, backend)?;
            if listens(&mut nginx, folder.path()).await? {
                return Ok(Self {
                    issuer,
                    database,
                    certificates,
                    _folder: folder,
                    _nginx: nginx,
                });
            }
        }
        anyhow::bail!("nginx did not start; what it said is above")
    }

    /// Adds a client that is known by the authority's certificate; its id.
    async fn client(&self) -> Result<String> {
        let scope: gatepass_proto::Scope = "read".parse()?;
        let new = NewClient {
            client_id: None,
            client_name: "Robot".to_owned(),
            public: false,
            redirect_uris: Vec::new(),
            grant_types: vec!["client_credentials".to_owned()],
            default_scope: scope.clone(),
            scope,
            resources: Vec::new(),
            require_pkce: true,
            json_body: false,
            auth_method: Some("tls_client_auth".to_owned()),
            details: ClientDetails {
                tls_client_auth_san_dns: Some(crate::certificates::CLIENT.to_owned()),
                tls_client_certificate_bound_access_tokens: true,
                ..ClientDetails::default()
            },
        };
        let (client, _) = Admin::open(&self.database).await?.add_client(new).await?;
        Ok(client.client_id.to_string())
    }
}

fn nginx(
    folder: &TempDir,
    certificates: &Certificates,
    address: SocketAddr,
    backend: SocketAddr,
) -> Result<Program> {
    let text = fs::read_to_string(servers("web").join("proxy.conf"))?;
    let file = |path: &std::path::Path| path.to_str().map(str::to_owned).context("UTF-8");
    let text = text
        .replace("@ADDRESS@", &address.to_string())
        .replace("@BACKEND@", &backend.to_string())
        .replace("@CERTIFICATE@", &file(&certificates.server)?)
        .replace("@KEY@", &file(&certificates.server_key)?);
    ensure!(!text.contains('@'), "a blank is left");
    let config = folder.path().join("proxy.conf");
    fs::write(&config, text)?;
    let (place, config) = (file(folder.path())?, file(&config)?);
    let words = ["-p", &place, "-c", &config, "-e", "stderr"];
    Program::foreign("NGINX_BIN", &words, Stdio::null())
}

#[tokio::test]
async fn nginx_passes_on_certificates() -> Result<()> {
    let pair = Pair::start().await?;
    let client_id = pair.client().await?;
    let made = &pair.certificates;
    let (issuer, ca) = (&pair.issuer, &made.authority);
    let api = format!("{issuer}/api/data");
    let home = |chain, key| -> Result<Home> {
        let home = Home::new()?;
        home.profile(&format!(
            "method = \"oauth\"\nissuer = {issuer:?}\nclient_id = {client_id:?}\ngrant = \"client_credentials\"\nscope = \"read\"\n\
             api = [{issuer:?}]\nca = {ca:?}\ncertificate = {chain:?}\ncertificate_key = {key:?}\n"
        ))?;
        Ok(home)
    };
    let own = home(&made.client, &made.client_key)?;
    let said = own.run(&["get", &api]).await?.json()?;
    ensure!(said["client_id"] == client_id.as_str(), "{said}");
    let stranger = home(&made.stranger, &made.stranger_key)?;
    let told = stranger.run(&["get", &api]).await?;
    told.complaining(5, "invalid_client")?;

    // The token alone is worth nothing, nor is a header of the client's own making.
    let token = own.run(&["token"]).await?.line()?;
    let pem = fs::read(&made.client)?;
    let escaped: String = pem.iter().map(|byte| format!("%{byte:02X}")).collect();
    let mut egress = Egress::default();
    egress.extra_roots.push(fs::read(ca)?);
    let thief = HttpTransport::new(egress)?;
    for spoofed in [None, Some(&escaped)] {
        let mut request = Request::get(&api).header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(certificate) = spoofed {
            request = request.header("Client-Cert", certificate);
        }
        let answer = thief.send(request.body(Vec::new())?).await?;
        let said = String::from_utf8_lossy(answer.body());
        ensure!(answer.status() == 401, "{said}");
        ensure!(said.contains("bound to a certificate"), "{said}");
    }
    Ok(())
}
