use url::{Host, Url};

/// The longest link that is taken from a server, in bytes.
const MAX_LEN: usize = 2048;

/// Reads a link that a server names for a person or a credential to go to: HTTPS, or HTTP on this machine; without
/// a user name, which could only mislead; without the control characters that parsers drop in silence.
pub(crate) fn parse(text: &str) -> Option<Url> {
    if text.len() > MAX_LEN || text.chars().any(char::is_control) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    };
    (safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_what_is_safe_to_follow_is_a_link() {
        for good in [
            "https://as.example/device",
            "https://as.example:8443/device?user_code=A%20B#f",
            "http://127.0.0.1:8000/device",
            "http://[::1]/device",
            "http://localhost/device",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        let long = format!("https://as.example/{}", "a".repeat(3000));
        for bad in [
            "",
            "as.example/device",
            "/device",
            "http://as.example/device",
            "http://localhost.as.example/device",
            "http://127.0.0.1.as.example/",
            "ftp://as.example/device",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://bank.example@as.example/device",
            "https://:secret@as.example/device",
            "https://as.example/\u{1b}[2Jdevice",
            "https://as.exa\nmple/device",
            "https://as.example/\u{85}",
            &long,
        ] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_shown_is_plain_ascii() {
        let link = parse("https://exämple.example/gerät?ü=\u{202e}").expect("a link");
        assert!(link.as_str().bytes().all(|b| b.is_ascii_graphic()));
    }
}
