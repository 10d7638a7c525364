//! nginx as one process: a proxy that asks nobody, and one that asks ours about each request.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use super::gate::Gate;
use super::service::Service;
use super::write;
use crate::process::Process;

/// A running nginx.
pub(super) struct Nginx {
    pub(super) process: Process,
    /// Where it passes everything on.
    pub(super) passing: SocketAddr,
    /// Where it asks first.
    pub(super) asking: SocketAddr,
}

impl Nginx {
    /// Starts it in front of `service`.
    pub(super) async fn start(
        service: &Service,
        gate: &Gate,
        scratch: &Path,
    ) -> anyhow::Result<Self> {
        let (passing, asking) = (free()?, free()?);
        let text = configuration(scratch, service.address, gate.address, passing, asking);
        let file = write(scratch, "nginx.conf", &text)?;
        let program = std::env::var_os("NGINX").unwrap_or_else(|| "nginx".into());
        let mut command = Command::new(program);
        command.arg("-c").arg(file).arg("-p").arg(scratch);
        let log = scratch.join("nginx.log");
        let process = Process::start(command, &log)?;
        for _ in 0..100 {
            if TcpStream::connect(asking).await.is_ok() {
                return Ok(Self {
                    process,
                    passing,
                    asking,
                });
            }
            sleep(Duration::from_millis(50)).await;
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        anyhow::bail!("nginx did not start: {}", said.trim())
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await
    }
}

/// An address that nobody listens on.
fn free() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

fn configuration(
    scratch: &Path,
    service: SocketAddr,
    gate: SocketAddr,
    passing: SocketAddr,
    asking: SocketAddr,
) -> String {
    let scratch = scratch.display();
    format!(
        "daemon off; master_process off; pid {scratch}/nginx.pid; error_log stderr error;
events {{ worker_connections 25000; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {scratch}/nginx-body; proxy_temp_path {scratch}/nginx-proxy;
  fastcgi_temp_path {scratch}/nginx-fastcgi; uwsgi_temp_path {scratch}/nginx-uwsgi;
  scgi_temp_path {scratch}/nginx-scgi;
  upstream service {{ server {service}; keepalive 64; keepalive_requests 1000000000; }}
  upstream gate {{ server {gate}; keepalive 64; keepalive_requests 1000000000; }}
  proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; proxy_read_timeout 1h;
  server {{ listen {passing}; location / {{ proxy_pass http://service; }} }}
  server {{
    listen {asking};
    location / {{ auth_request /asked; proxy_pass http://service; }}
    location = /asked {{
      internal;
      proxy_pass http://gate/.gatepass/auth/nginx;
      proxy_pass_request_body off;
      proxy_set_header Connection \"\";
      proxy_set_header Content-Length \"\";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header Host $http_host;
    }}
  }}
}}
"
    )
}
