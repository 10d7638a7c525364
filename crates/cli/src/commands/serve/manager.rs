//! What a service manager is told (`sd_notify(3)`): one datagram for each change, to the socket that it names.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::io;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::exit::Failure;

/// Whoever has started this process and wants to know how it is; nobody, most often.
#[derive(Clone)]
pub(crate) struct Manager(Option<OsString>);

impl Manager {
    pub(crate) fn of_this_process() -> Self {
        Self(std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()))
    }

    /// It answers requests.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It has been told to end, and lets the requests under way finish.
    pub(crate) fn ending(&self) {
        self.tell("STOPPING=1");
    }

    /// Reloads at each SIGHUP.
    ///
    /// # Errors
    ///
    /// The signal cannot be listened for.
    pub(crate) fn reload_on_hangup<R: Future<Output = ()> + Send>(
        self,
        mut reload: impl FnMut() -> R + Send + 'static,
    ) -> Result<JoinHandle<()>, Failure> {
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                self.tell("RELOADING=1");
                reload().await;
                self.ready();
            }
        }))
    }

    /// A manager that has gone is no reason to end.
    fn tell(&self, text: &str) {
        let Some(name) = &self.0 else { return };
        if let Err(error) = send(name, text) {
            tracing::warn!(%error, "the service manager cannot be told: {text}");
        }
    }
}

fn send(name: &OsStr, text: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.send_to_addr(text.as_bytes(), &address(name)?)?;
    Ok(())
}

fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::{Manager, address};

    #[test]
    fn it_is_told_by_either_kind_of_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify").into_os_string();
        let mut names = vec![path];
        if cfg!(target_os = "linux") {
            let unique = folder.path().display();
            names.push(format!("@{unique}").into());
        }
        for name in names {
            let socket = UnixDatagram::bind_addr(&address(&name).expect("an address"));
            let socket = socket.expect("bound");
            let patience = Some(Duration::from_secs(20));
            socket.set_read_timeout(patience).expect("set");
            let manager = Manager(Some(name));
            manager.ready();
            manager.ending();
            let mut bytes = [0; 64];
            for said in ["READY=1", "STOPPING=1"] {
                let length = socket.recv(&mut bytes).expect("told");
                assert_eq!(&bytes[..length], said.as_bytes());
            }
        }
        Manager(None).ready();
        Manager(Some("/no/such/socket".into())).ready();
    }
}
