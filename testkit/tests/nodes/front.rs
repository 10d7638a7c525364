//! nginx before the nodes: each request goes to the next one, whoever it comes from.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::net::TcpSocket;
use tokio::process::Child;

use crate::{programs, until};

/// A port for nginx, which nobody else is given.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

/// A running nginx.
pub(crate) struct Front {
    log: PathBuf,
    _port: Port,
    _child: Child,
}

/// A node that was away is asked again after a second. Nothing that a node may have done is sent to another.
const CONFIG: &str = "\
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream nodes {
@NODES@
        keepalive 16;
    }
    server {
        listen @ADDRESS@ reuseport;
        location / {
            proxy_pass http://nodes;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection '';
            add_header X-Node $upstream_addr always;
        }
    }
}
";

impl Port {
    /// Takes a free port, but does not listen: nginx does, beside this socket.
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseport(true).expect("it can be shared");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(any).expect("a free port");
        Self {
            address: socket.local_addr().expect("an address"),
            _socket: socket,
        }
    }
}

impl Front {
    /// nginx on this port, before these nodes.
    pub(crate) async fn start(port: Port, nodes: &[SocketAddr], folder: &Path) -> Self {
        let nodes = nodes
            .iter()
            .map(|node| format!("        server {node} fail_timeout=1s;"));
        let nodes: Vec<String> = nodes.collect();
        let config = CONFIG
            .replace("@ADDRESS@", &port.address.to_string())
            .replace("@NODES@", &nodes.join("\n"));
        let path = folder.join("nginx.conf");
        fs::write(&path, config).expect("written");
        let log = folder.join("nginx.log");
        let child = programs::leashed(&programs::nginx(), folder)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(path)
            .args(["-e", "stderr"])
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("made"))
            .spawn();
        let front = Self {
            log,
            _port: port,
            _child: child.expect("setpriv runs"),
        };
        // It writes this file once it has its port.
        let id = folder.join("nginx.pid");
        until("nginx listens", async || {
            fs::read(&id).is_ok_and(|id| !id.is_empty())
        })
        .await;
        front
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        programs::show_on_panic("nginx", &self.log);
    }
}
