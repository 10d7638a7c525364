//! Apache with mod_auth_openidc, which logs people in at an OpenID Provider.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::apt;
use crate::program::{on_path, program, run};

pub(crate) struct Apache {
    pub(crate) program: PathBuf,
    /// Where its modules are.
    pub(crate) modules: PathBuf,
}

/// The module's folder, as Debian has it.
const MODULES: &str = "/usr/lib/apache2/modules";

/// Finds both, after installing what is missing.
pub(crate) fn ready() -> Result<Apache> {
    let wanted = [
        (find().is_some(), "apache2-bin"),
        (has_module(), "libapache2-mod-auth-openidc"),
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(found, _)| !found)
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        println!("    missing, so installed now: {}", missing.join(" "));
        apt::install(&missing).context("the peers need Apache with mod_auth_openidc")?;
    }
    ensure!(has_module(), "no mod_auth_openidc.so in {MODULES}");
    let apache = Apache {
        program: find().context("no apache2 on PATH nor in /usr/sbin")?,
        modules: MODULES.into(),
    };
    run(program(&apache.program).arg("-v"))?;
    Ok(apache)
}

/// Debian puts servers where only root's `PATH` leads.
fn find() -> Option<PathBuf> {
    let usual = Path::new("/usr/sbin/apache2");
    on_path(&["apache2"]).or_else(|| Some(usual.to_owned()).filter(|path| path.is_file()))
}

fn has_module() -> bool {
    Path::new(MODULES).join("mod_auth_openidc.so").is_file()
}
