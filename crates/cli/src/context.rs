//! What every command needs to know of its surroundings.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use gatepass_client::{Config, Egress, LoginOptions, Paths, Person, Profile, Session};
use url::Url;

use crate::exit::Failure;

/// The surroundings of a command.
pub(crate) struct Context {
    /// Where the profiles and tokens of this person are.
    pub(crate) paths: Paths,
}

/// How commands that use the network find their way.
#[derive(Args)]
pub(crate) struct NetworkArgs {
    /// Trust the certificate authorities in this PEM file too
    #[arg(long, value_name = "FILE", env = "GATEPASS_CA", hide_env_values = true)]
    pub(crate) ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) way: WayArgs,
}

/// By which way the network is reached.
#[derive(Args)]
pub(crate) struct WayArgs {
    /// Go through this proxy [default: as HTTPS_PROXY, ALL_PROXY and NO_PROXY say]
    #[arg(
        long,
        value_name = "URL",
        env = PROXY,
        hide_env_values = true
    )]
    proxy: Option<String>,
    /// Ask hosts of a private network too that only a server has named
    #[arg(long)]
    allow_private_hosts: bool,
}

/// The environment variable that may hold a proxy's password, as an argument may not.
const PROXY: &str = "GATEPASS_PROXY";

/// How long the servers that a command asks may take.
#[derive(Args)]
pub(crate) struct TimeoutArgs {
    /// How long a server may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
}

impl TimeoutArgs {
    /// The rules of the network, with this patience.
    pub(crate) fn within(&self, egress: Egress) -> Egress {
        // A time-out of nothing would refuse everything.
        let timeout = Duration::from_secs(self.timeout.max(1));
        Egress {
            connect_timeout: egress.connect_timeout.min(timeout),
            timeout,
            idle_timeout: timeout,
            max_wait: egress.max_wait.min(timeout),
            ..egress
        }
    }
}

impl NetworkArgs {
    /// The rules for requests of this command.
    ///
    /// # Errors
    ///
    /// The file of certificate authorities cannot be read, or the proxy is none.
    pub(crate) fn egress(&self) -> Result<Egress, Failure> {
        let mut egress = Egress {
            proxy: self.way.proxy()?,
            allow_private_hosts: self.way.allow_private_hosts,
            ..Egress::default()
        };
        egress.extra_roots.extend(read_ca(self.ca.as_deref())?);
        Ok(egress)
    }

    /// The same for the servers of a profile, which may have an authority of their own.
    ///
    /// # Errors
    ///
    /// A file of certificate authorities cannot be read.
    pub(crate) fn egress_of(&self, profile: &Profile) -> Result<Egress, Failure> {
        let mut egress = self.egress()?;
        egress.extra_roots.extend(read_ca(profile.ca.as_deref())?);
        Ok(egress)
    }
}

impl WayArgs {
    fn proxy(&self) -> Result<Option<Url>, Failure> {
        let Some(text) = self.proxy.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        // It is not repeated, for it may hold a password.
        let url: Url = text.parse().map_err(|_| {
            Failure::usage("--proxy: expected a URL like http://proxy.example:3128")
        })?;
        let from_environment = std::env::var(PROXY).is_ok_and(|value| value == text);
        if url.password().is_some() && !from_environment {
            return Err(Failure::usage(format!(
                "--proxy: a password in an argument can be read by every process on the machine; put the URL into {PROXY}"
            )));
        }
        Ok(Some(url))
    }
}

fn read_ca(path: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let pem = std::fs::read(path);
    let pem = pem.map_err(|error| Failure::error(format!("{}: {error}", path.display())))?;
    Ok(Some(pem))
}

/// Whom a session may ask to log in, and how.
pub(crate) type Asked = (Arc<dyn Person>, LoginOptions);

impl Context {
    /// The surroundings of whoever runs the program.
    ///
    /// # Errors
    ///
    /// There is no home folder.
    pub(crate) fn of_this_user() -> Result<Self, Failure> {
        Ok(Self {
            paths: Paths::of_this_user()?,
        })
    }

    /// The profiles.
    ///
    /// # Errors
    ///
    /// The file makes no sense.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(&self.paths).map_err(|error| gatepass_client::Error::from(error).into())
    }

    /// The profile of this name; without one the default profile.
    ///
    /// # Errors
    ///
    /// There is no such profile.
    pub(crate) fn profile(&self, name: Option<&str>) -> Result<Profile, Failure> {
        let config = self.config()?;
        let found = config.profile(name).map_err(gatepass_client::Error::from)?;
        Ok(found.clone())
    }

    /// The session of a profile.
    ///
    /// # Errors
    ///
    /// A file of certificate authorities cannot be used.
    pub(crate) fn session(
        &self,
        profile: &Profile,
        network: &NetworkArgs,
        asked: Option<Asked>,
    ) -> Result<Session, Failure> {
        self.session_by(profile, network.egress()?, asked)
    }

    /// The same, by these rules of the network.
    ///
    /// # Errors
    ///
    /// As [`Context::session`].
    pub(crate) fn session_by(
        &self,
        profile: &Profile,
        egress: Egress,
        asked: Option<Asked>,
    ) -> Result<Session, Failure> {
        let mut builder = gatepass_client::SessionBuilder::of(profile, &self.paths)?.egress(egress);
        if let Some((person, options)) = asked {
            builder = builder.person(person, options);
        }
        Ok(builder.build()?)
    }

    /// Makes the state folder, which nobody else may look into, unless it is there.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    #[cfg(unix)]
    pub(crate) fn make_state_folder(&self) -> Result<(), Failure> {
        let folder = &self.paths.state;
        private_folder(folder).map_err(|error| {
            Failure::error(format!(
                "cannot make the folder {}: {error}",
                folder.display()
            ))
        })
    }
}

/// Makes a folder that nobody else may look into, unless it is there.
///
/// # Errors
///
/// It cannot be made.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// The path as it is from any folder, which is where a profile is used.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
