use url::Url;

use super::ClientId;

/// The longest address that is taken for a client's id, in bytes. It stands in every token of that client.
const MAX_URL: usize = 1024;

impl ClientId {
    /// Whether it is an address at which a document may describe the client (draft-ietf-oauth-client-id-metadata-document
    /// §3): https, with a path; without user name, fragment, and segments that lead elsewhere than they read.
    pub fn is_url(&self) -> bool {
        self.as_str().starts_with("https://") && self.url().is_some()
    }

    /// The host of that address, in the form that cannot be confused with another (punycode), and its port if it names one;
    /// `None` where the id is no such address.
    pub fn host(&self) -> Option<String> {
        let url = self.url()?;
        let host = url.host()?;
        Some(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        })
    }

    fn url(&self) -> Option<Url> {
        let text = self.as_str();
        let fits = text.len() <= MAX_URL
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        let rest = text.strip_prefix("https://").filter(|_| fits)?;
        let (authority, path) = rest.split_at(rest.find('/')?);
        let url = Url::parse(text).ok()?;
        let path = path.split('?').next().unwrap_or_default();
        // What the parser would have changed leads elsewhere than it reads, dot segments first of all.
        let plain = !authority.contains(['@', '?']) && url.path() == path;
        (plain && url.has_host()).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use crate::ClientId;

    #[test]
    fn an_address_reads_as_it_leads() {
        for (text, host) in [
            ("https://app.example/client.json", "app.example"),
            ("https://app.example/", "app.example"),
            ("https://app.example:8443/a/b", "app.example:8443"),
            ("https://app.example:443/client", "app.example"),
            ("https://App.Example/client", "app.example"),
            (
                "https://app.example/client?version=2&x=/../y",
                "app.example",
            ),
            ("https://app.example/a%20b/...", "app.example"),
            ("https://[2001:db8::1]/client", "[2001:db8::1]"),
            ("https://xn--pple-43d.com/c", "xn--pple-43d.com"),
        ] {
            let id = ClientId::new(text);
            assert!(id.is_url(), "{text}");
            assert_eq!(id.host().as_deref(), Some(host), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_name() {
        for text in [
            "cl_1",
            "",
            "https://",
            "https://app.example",
            "https://app.example?x=/y",
            "http://app.example/client",
            "HTTPS://app.example/client",
            "https://app.example/client#x",
            "https://app.example/client#",
            "https://user@app.example/client",
            "https://user:pw@app.example/client",
            "https://@app.example/client",
            "https://app.example/a/../client",
            "https://app.example/./client",
            "https://app.example/client/..",
            "https://app.example/%2e%2E/client",
            "https://app.example\\@evil.example/client",
            "https://app.example/a\\b",
            "https:///client",
            "https://app.example/cl ient",
            "https://app.example/cl\nient",
            "https://\u{430}pple.com/client",
            "https://app.example:99999/client",
            "https://app.example/\u{e4}",
            "javascript:alert(1)",
            &format!("https://app.example/{}", "x".repeat(1024)),
        ] {
            assert!(!ClientId::new(text).is_url(), "{text}");
        }
    }
}
