//! Where the proxy listens: at a port of this machine, or at a socket in the file system.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_gateway::{Injector, Reached, Socket};
use gatepass_listen::{Door, Seal};

use crate::exit::Failure;

/// Where the proxy listens.
#[derive(Args)]
pub(super) struct PlaceArgs {
    /// The address of this machine to listen on; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Listen at this path instead, for those that may open the file
    #[arg(long, value_name = "PATH", conflicts_with = "listen")]
    unix: Option<PathBuf>,
    /// Who may open the file of --unix, as chmod takes it
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = mode, requires = "unix")]
    mode: u32,
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "expected three or four octal digits, like 0660".to_owned())
}

/// A place that is listened at.
pub(super) enum Place {
    Port(TcpListener, SocketAddr),
    File(Socket, PathBuf),
}

impl PlaceArgs {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// The address is not this machine's alone, or taken.
    pub(super) fn open(&self) -> Result<Place, Failure> {
        if let Some(path) = &self.unix {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let socket =
                Socket::bind(&path, self.mode).map_err(|error| cannot(path.display(), &error))?;
            return Ok(Place::File(socket, path));
        }
        let address = self.listen;
        if !address.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "--listen {address}: expected an address of this machine alone, like 127.0.0.1:8080; whoever reaches the \
                 proxy uses your token"
            )));
        }
        let (listener, bound) =
            gatepass_listen::bind(address).map_err(|error| cannot(address, &error))?;
        Ok(Place::Port(listener, bound))
    }
}

fn cannot(place: impl std::fmt::Display, error: &io::Error) -> Failure {
    Failure::error(format!("cannot listen on {place}: {error}"))
}

impl Place {
    /// How programs reach it.
    pub(super) fn reached(&self) -> Reached {
        match self {
            Self::Port(_, address) => Reached::At(*address),
            Self::File(..) => Reached::BySocket,
        }
    }

    /// Its URL, where it has one.
    pub(super) fn url(&self) -> Option<String> {
        match self {
            Self::Port(_, address) => Some(format!("http://{address}")),
            Self::File(..) => None,
        }
    }

    /// Its path, where it has one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Port(..) => None,
            Self::File(_, path) => Some(path),
        }
    }

    /// Serves until `stop` is done, then lets the requests under way end.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub(super) async fn serve(
        self,
        injector: &Injector,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        match self {
            Self::File(socket, _) => socket.serve(injector.router(), stop).await,
            Self::Port(listener, _) => {
                let door = Door {
                    listener,
                    router: injector.router(),
                    seal: Seal::None,
                };
                gatepass_listen::serve([door], stop).await
            }
        }
    }
}
