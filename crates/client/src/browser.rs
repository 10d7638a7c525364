use std::process::{Command, Stdio};

use url::Url;

use crate::text;

/// Opens a page in the person's browser.
pub trait Browser: Send + Sync {
    /// Opens `url`, without waiting for what happens there.
    ///
    /// # Errors
    ///
    /// Why it could not be opened; the login goes on, for the person can open the link by hand.
    fn open(&self, url: &Url) -> Result<(), String>;
}

/// The browser of this machine: what `BROWSER` names, else what the system says. No shell is involved.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBrowser;

/// No browser: the person opens the link, perhaps on another machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBrowser;

impl Browser for NoBrowser {
    fn open(&self, _: &Url) -> Result<(), String> {
        Ok(())
    }
}

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only web pages are opened".to_owned());
        }
        let wished = std::env::var("BROWSER").unwrap_or_default();
        let commands = if wished.trim().is_empty() {
            system(url)
        } else {
            of_variable(&wished, url)
        };
        let mut reason = "no program to open a page with".to_owned();
        for words in commands {
            match start(&words) {
                Ok(()) => return Ok(()),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }
}

/// `BROWSER` holds commands, separated like those of `PATH`, each with `%s` for the link or the link at its end.
fn of_variable(value: &str, url: &Url) -> Vec<Vec<String>> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let commands = value
        .split(separator)
        .map(text::words)
        .filter(|words| !words.is_empty());
    commands
        .map(|words| {
            let placed = words.iter().any(|word| word.contains("%s"));
            let mut words: Vec<String> = words
                .iter()
                .map(|word| word.replace("%s", url.as_str()))
                .collect();
            if !placed {
                words.push(url.to_string());
            }
            words
        })
        .collect()
}

#[cfg(target_os = "macos")]
fn system(url: &Url) -> Vec<Vec<String>> {
    vec![vec!["open".into(), url.to_string()]]
}

#[cfg(windows)]
fn system(url: &Url) -> Vec<Vec<String>> {
    vec![vec![
        "rundll32".into(),
        "url.dll,FileProtocolHandler".into(),
        url.to_string(),
    ]]
}

#[cfg(not(any(target_os = "macos", windows)))]
fn system(url: &Url) -> Vec<Vec<String>> {
    ["xdg-open", "gio open", "wslview"]
        .iter()
        .map(|command| {
            command
                .split(' ')
                .map(str::to_owned)
                .chain([url.to_string()])
                .collect()
        })
        .collect()
}

fn start(words: &[String]) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    // Somebody has to wait for it, or it stays as a zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Browser as _, SystemBrowser, of_variable};

    #[test]
    fn the_variable_is_split_without_a_shell() {
        let url = "https://a.example/?x=1&y='$(id)'".parse().expect("a URL");
        let separator = if cfg!(windows) { ";" } else { ":" };
        let commands = of_variable(&format!("firefox --private %s{separator}lynx"), &url);
        assert_eq!(
            commands,
            [
                vec![
                    "firefox".to_owned(),
                    "--private".to_owned(),
                    url.to_string()
                ],
                vec!["lynx".to_owned(), url.to_string()],
            ]
        );
    }

    #[test]
    fn only_web_pages_are_opened() {
        assert!(
            SystemBrowser
                .open(&"file:///etc/passwd".parse().expect("a URL"))
                .is_err()
        );
    }
}
