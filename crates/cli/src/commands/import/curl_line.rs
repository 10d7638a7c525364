//! What a curl command line says of the credential.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_client::Secret;
use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE};
use url::Url;
use zeroize::Zeroizing;

/// The credential of a command line, and where it went.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) url: Url,
    pub(super) found: Found,
    /// `--cacert`
    pub(super) ca: Option<PathBuf>,
    /// What else looked like a credential and is not taken over.
    pub(super) left: Vec<String>,
}

/// A credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Bearer(Secret),
    /// The password is asked for by curl where there is none.
    Basic(String, Option<Secret>),
    Digest(String, Option<Secret>),
    /// A header, its whole value.
    Header(HeaderName, Secret),
    /// A parameter of the query.
    Query(String, Secret),
    /// A cookie.
    Cookie(String, Secret),
}

/// The options that have a value, besides those that are read below.
const WITH_VALUE: &str = "request data data-raw data-binary data-ascii data-urlencode json form form-string output output-dir user-agent \
    referer proxy proxy-user proxy-header capath cert cert-type key key-type pass max-time connect-timeout retry \
    retry-delay retry-max-time range resolve connect-to interface limit-rate max-redirs max-filesize write-out \
    cookie-jar dump-header upload-file time-cond netrc-file ciphers tls-max tls13-ciphers dns-servers doh-url socks4 \
    socks4a socks5 socks5-hostname preproxy noproxy request-target proto proto-default proto-redir unix-socket \
    local-port keepalive-time speed-limit speed-time stderr trace trace-ascii url-query pinnedpubkey crlfile \
    expect100-timeout happy-eyeballs-timeout-ms rate variable etag-save etag-compare hsts alt-svc login-options \
    service-name aws-sigv4";

/// The options of one letter that have a value, and their long names.
const LETTERS: &str = "H=header u=user b=cookie K=config X=request d=data F=form o=output A=user-agent e=referer x=proxy m=max-time \
    U=proxy-user c=cookie-jar D=dump-header E=cert r=range T=upload-file t=telnet-option w=write-out y=speed-time \
    Y=speed-limit z=time-cond C=continue-at P=ftp-port Q=quote";

/// Reads the words after `curl`.
///
/// # Errors
///
/// What is missing or not understood, without any word that may be a secret.
pub(super) fn read(words: &[Zeroizing<String>]) -> Result<Line, String> {
    let mut read = Read::default();
    let mut words = words.iter().map(|word| word.as_str());
    let mut only_urls = false;
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some("") if !only_urls => only_urls = true,
            Some(name) if !only_urls => {
                let wants = wants_value(name);
                let value = if wants { Some(words.next()) } else { None };
                read.option(
                    name,
                    value
                        .map(|value| value.ok_or_else(|| needs(name)))
                        .transpose()?,
                )?;
            }
            _ => match word
                .strip_prefix('-')
                .filter(|rest| !rest.is_empty() && !only_urls)
            {
                Some(letters) => read.letters(letters, &mut words)?,
                None => read.url(word)?,
            },
        }
    }
    read.line()
}

fn wants_value(name: &str) -> bool {
    matches!(
        name,
        "header" | "user" | "oauth2-bearer" | "cookie" | "cacert" | "url" | "config"
    ) || WITH_VALUE.split(' ').any(|known| known == name)
}

fn needs(name: &str) -> String {
    format!("--{name} needs a value")
}

#[derive(Default)]
struct Read {
    url: Option<Url>,
    digest: bool,
    user: Option<Zeroizing<String>>,
    bearer: Option<Secret>,
    headers: Vec<(HeaderName, Secret)>,
    cookie: Option<Zeroizing<String>>,
    ca: Option<PathBuf>,
}

impl Read {
    /// Letters together; the first that wants a value takes what follows it, or the next word.
    fn letters<'a>(
        &mut self,
        letters: &str,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        for (at, letter) in letters.char_indices() {
            let known = LETTERS.split(' ');
            let Some(name) = known
                .into_iter()
                .find_map(|pair| pair.strip_prefix(letter)?.strip_prefix('='))
            else {
                if letter == 'n' {
                    return self.option("netrc", None);
                }
                continue;
            };
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = match rest {
                "" => words.next().ok_or_else(|| needs(name))?,
                rest => rest,
            };
            return self.option(name, Some(value));
        }
        Ok(())
    }

    fn option(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let value = value.unwrap_or_default();
        match name {
            "header" => self.header(value)?,
            "user" => self.user = Some(Zeroizing::new(value.to_owned())),
            "oauth2-bearer" => self.bearer = Some(Secret::new(value)),
            // Without '=' it is the name of a file.
            "cookie" if !value.contains('=') => {
                return Err("a cookie file is not read here; give the cookie itself".to_owned());
            }
            "cookie" => self.cookie = Some(Zeroizing::new(value.to_owned())),
            "cacert" => self.ca = Some(value.into()),
            "url" => self.url(value)?,
            "digest" => self.digest = true,
            "config" => {
                return Err(
                    "a file of options (-K) is not read here; give the options themselves"
                        .to_owned(),
                );
            }
            "netrc" | "netrc-file" | "netrc-optional" => {
                return Err("the credential is in a netrc file, not in this command".to_owned());
            }
            "ntlm" | "negotiate" | "aws-sigv4" => {
                return Err(format!("--{name} is not spoken here"));
            }
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        if text.starts_with('@') {
            return Err(
                "a file of headers (-H @FILE) is not read here; give the header itself".to_owned(),
            );
        }
        // `Name:` takes a header away, `Name;` sends it empty.
        let Some((name, value)) = text.split_once(':') else {
            return Ok(());
        };
        let name: HeaderName = name
            .trim()
            .parse()
            .map_err(|_| "a -H has no header name".to_owned())?;
        let value = value.trim();
        if name == COOKIE {
            self.cookie = Some(Zeroizing::new(value.to_owned()));
        } else if !value.is_empty() {
            self.headers.push((name, Secret::new(value)));
        }
        Ok(())
    }

    fn url(&mut self, text: &str) -> Result<(), String> {
        if self.url.is_some() {
            return Err("expected one URL; there are several".to_owned());
        }
        let whole = match text.contains("://") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        let url: Url = whole
            .parse()
            .map_err(|_| "expected a URL, as https://api.example.com/x".to_owned())?;
        self.url = Some(url);
        Ok(())
    }

    fn line(mut self) -> Result<Line, String> {
        let mut url = self.url.take().ok_or("there is no URL in it")?;
        let mut found = Vec::new();
        found.extend(self.authorization());
        found.extend(
            self.bearer
                .take()
                .map(|token| ("--oauth2-bearer".to_owned(), Found::Bearer(token))),
        );
        found.extend(
            self.user
                .take()
                .map(|user| ("-u".to_owned(), of_user(&user, self.digest))),
        );
        found.extend(in_address(&mut url, self.digest));
        for (name, value) in std::mem::take(&mut self.headers) {
            if tells_of_key(name.as_str()) {
                found.push((format!("-H {name}"), Found::Header(name, value)));
            }
        }
        found.extend(in_query(&url));
        if let Some(cookie) = &self.cookie {
            found.extend(of_cookies(cookie));
        }
        let mut found = found.into_iter();
        let (_, first) = found
            .next()
            .ok_or("there is no credential in it: no -u, --oauth2-bearer, -b, nor a header or parameter that looks like one")?;
        Ok(Line {
            url,
            found: first,
            ca: self.ca,
            left: found.map(|(name, _)| name).collect(),
        })
    }

    fn authorization(&mut self) -> Option<(String, Found)> {
        let at = self
            .headers
            .iter()
            .position(|(name, _)| *name == AUTHORIZATION)?;
        let (name, value) = self.headers.remove(at);
        let found = match value.expose().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Found::Bearer(Secret::new(token.trim()))
            }
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("basic") => {
                let user = STANDARD.decode(text.trim()).ok().map(Zeroizing::new);
                let user = user
                    .as_ref()
                    .and_then(|user| std::str::from_utf8(user).ok());
                match user.filter(|user| user.contains(':')) {
                    Some(user) => of_user(user, false),
                    None => Found::Header(name.clone(), value),
                }
            }
            _ => Found::Header(name.clone(), value),
        };
        Some((format!("-H {name}"), found))
    }
}

/// `name:password`. A name alone with an empty password is a key that an API takes as a name: it is the secret.
fn of_user(user: &str, digest: bool) -> Found {
    let (name, password) = match user.split_once(':') {
        Some((name, "")) if !digest => {
            let value = format!("Basic {}", STANDARD.encode(format!("{name}:")));
            return Found::Header(AUTHORIZATION, Secret::new(value));
        }
        Some((name, password)) => (name, Some(Secret::new(password))),
        None => (user, None),
    };
    match digest {
        true => Found::Digest(name.to_owned(), password),
        false => Found::Basic(name.to_owned(), password),
    }
}

/// `https://name:password@…`
fn in_address(url: &mut Url, digest: bool) -> Option<(String, Found)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let user = format!(
        "{}:{}",
        decoded(url.username()),
        decoded(url.password().unwrap_or_default())
    );
    let user = Zeroizing::new(user);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some((
        "user:password@ in the URL".to_owned(),
        of_user(&user, digest),
    ))
}

fn in_query(url: &Url) -> Option<(String, Found)> {
    let (name, value) = url
        .query_pairs()
        .find(|(name, value)| (tells_of_key(name) || name == "key") && !value.is_empty())?;
    let found = Found::Query(name.to_string(), Secret::new(value));
    Some((format!("{name} in the URL"), found))
}

/// One cookie is a key; of several nobody knows which one is.
fn of_cookies(text: &str) -> Option<(String, Found)> {
    let found = match text.trim().trim_end_matches(';').split_once('=')? {
        (name, value) if !value.contains(';') => {
            Found::Cookie(name.trim().to_owned(), Secret::new(value.trim()))
        }
        _ => Found::Header(COOKIE, Secret::new(text.trim())),
    };
    Some(("-b".to_owned(), found))
}

/// Whether a header or parameter of this name holds a credential.
fn tells_of_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let ends = [
        "apikey",
        "token",
        "secret",
        "accesskey",
        "authkey",
        "authorization",
        "auth",
        "subscriptionkey",
    ];
    let forged = name.contains("csrf") || name.contains("xsrf");
    !forged && ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
#[path = "curl_line_tests.rs"]
mod tests;
