//! What this machine has to offer for a login, and what its environment changes.

use std::env;
use std::path::{Path, PathBuf};

use gatepass_client::{Credential, Grant, Loopback, Profile};
use gatepass_http::is_loopback_host;
use url::Url;

use crate::commands::report::Check;
use crate::context::NetworkArgs;

pub(super) async fn checks(profiles: &[Profile], network: &NetworkArgs) -> Vec<Check> {
    let mut checks = listeners(profiles).await;
    checks.push(browser());
    checks.extend(proxies());
    checks.extend(authorities(network));
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "GATEPASS_LOG"] {
        if let Some(value) = said(name) {
            checks.push(Check::good("environment", format!("{name}={value}")));
        }
    }
    checks
}

/// The proxy that a request to this URL goes through.
pub(super) fn proxy_for(url: &Url) -> Option<String> {
    if url.host().is_some_and(|host| is_loopback_host(&host)) {
        return None;
    }
    let host = url.host_str().unwrap_or_default();
    let skipped = either("NO_PROXY").unwrap_or_default();
    let skips = |rule: &str| {
        let rule = rule.trim().trim_start_matches("*.").trim_start_matches('.');
        rule == "*" || (!rule.is_empty() && (host == rule || host.ends_with(&format!(".{rule}"))))
    };
    if skipped.split(',').any(skips) {
        return None;
    }
    let own = if url.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    either(own)
        .or_else(|| either("ALL_PROXY"))
        .map(|proxy| without_password(&proxy))
}

/// Whether the browser can come back to this machine, at every address that the profiles name.
async fn listeners(profiles: &[Profile]) -> Vec<Check> {
    let named = profiles
        .iter()
        .filter_map(|profile| match &profile.credential {
            Credential::OAuth(oauth) => match &oauth.grant {
                Grant::AuthorizationCode { redirect_uri } => Some(redirect_uri.as_str()),
                _ => None,
            },
            _ => None,
        });
    let mut named: Vec<&str> = named.filter(|uri| Loopback::can_serve(uri)).collect();
    if named.is_empty() {
        named.push(Grant::LOOPBACK);
    }
    named.sort_unstable();
    named.dedup();
    let mut checks = Vec::new();
    for uri in named {
        checks.push(match Loopback::bind(uri).await {
            Ok(_) => Check::good("redirect", format!("a login can come back to {uri}")),
            Err(error) => Check::bad("redirect", error.to_string())
                .next("end the program that has the port, or log in with --paste"),
        });
    }
    checks
}

/// A person may be at another machine, so that none is no fault.
fn browser() -> Check {
    const NAME: &str = "browser";
    let wished = said("BROWSER").unwrap_or_default();
    let named: Vec<&str> = match wished.trim() {
        "" if cfg!(windows) => return Check::good(NAME, "that of the system"),
        "" if cfg!(target_os = "macos") => vec!["open"],
        "" => vec!["xdg-open", "gio", "wslview"],
        wished => wished
            .split(if cfg!(windows) { ';' } else { ':' })
            .collect(),
    };
    let programs = named
        .iter()
        .filter_map(|command| command.split_whitespace().next());
    let Some(found) = programs.clone().find_map(on_path) else {
        let names = programs.collect::<Vec<_>>().join(", ");
        return Check::odd(NAME, format!("none of these is here: {names}"))
            .next("gatepass login --paste, with a browser elsewhere");
    };
    let desktop = cfg!(any(windows, target_os = "macos"))
        || !wished.is_empty()
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(|name| said(name).is_some());
    match desktop {
        true => Check::good(NAME, found.display().to_string()),
        false => Check::odd(
            NAME,
            format!("{} is here, but no desktop for it", found.display()),
        )
        .next("gatepass login --paste, with a browser elsewhere"),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains(std::path::MAIN_SEPARATOR) {
        return Some(PathBuf::from(program)).filter(|path| is_program(path));
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .flat_map(|folder| [folder.join(program), folder.join(format!("{program}.exe"))])
        .find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

fn proxies() -> Vec<Check> {
    let mut checks = Vec::new();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        let Some(value) = either(name) else {
            continue;
        };
        checks.push(match value.parse::<Url>() {
            Ok(url) if url.has_host() => {
                Check::good("proxy", format!("{name} is {}", without_password(&value)))
            }
            // What is no address may hold a password all the same.
            _ => Check::odd(
                "proxy",
                format!("{name} is not an address like http://proxy.example.com:3128"),
            ),
        });
    }
    if !checks.is_empty()
        && let Some(hosts) = either("NO_PROXY")
    {
        checks.push(Check::good("proxy", format!("not for {hosts}")));
    }
    checks
}

fn authorities(network: &NetworkArgs) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(path) = &network.ca {
        checks.push(Check::good(
            "authorities",
            format!("{} is trusted too", path.display()),
        ));
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let Some(path) = said(name) else {
            continue;
        };
        checks.push(match Path::new(&path).exists() {
            true => Check::good(
                "authorities",
                format!("{name} is {path}, in place of the system's"),
            ),
            false => Check::bad(
                "authorities",
                format!("{name} is {path}, which is not there"),
            )
            .next(format!("unset {name}")),
        });
    }
    checks
}

/// A variable in capitals or small letters, as proxies are named.
fn either(name: &str) -> Option<String> {
    said(name).or_else(|| said(&name.to_ascii_lowercase()))
}

fn said(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn without_password(proxy: &str) -> String {
    let Some(mut url) = proxy.parse::<Url>().ok().filter(Url::has_host) else {
        return "that is no address".to_owned();
    };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_proxys_password_is_not_told() {
        assert_eq!(
            without_password("http://me:hunter2@proxy:3128"),
            "http://proxy:3128"
        );
        assert_eq!(without_password("me:hunter2@proxy"), "that is no address");
    }
}
