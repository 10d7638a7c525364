//! `[METHOD] URL [ITEM]…`

use http::Method;
use url::Url;

use crate::exit::Failure;

/// The words, told apart.
#[derive(Debug)]
pub(in crate::commands) struct Words {
    /// The method, if one was named.
    pub(super) method: Option<Method>,
    /// The URL in full.
    pub(super) url: Url,
    /// The rest.
    pub(super) items: Vec<String>,
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Words {
    /// Tells the words apart. A method is one of the usual ones in any case, or any other in capitals.
    ///
    /// # Errors
    ///
    /// There is no URL.
    pub(super) fn read(words: &[String]) -> Result<Self, Failure> {
        match words.split_first() {
            Some((first, rest)) => match method(first) {
                Some(method) => Self::with(Some(method), rest),
                None => Self::with(None, words),
            },
            None => Self::with(None, words),
        }
    }

    /// The words after a method, `URL [ITEM]…`.
    ///
    /// # Errors
    ///
    /// There is no URL.
    pub(in crate::commands) fn with_method(
        method: &str,
        words: &[String],
    ) -> Result<Self, Failure> {
        let method: Method = method
            .parse()
            .map_err(|_| Failure::usage(format!("{method:?} is not a method")))?;
        if let Some(other) = words.first().and_then(|word| self::method(word)) {
            return Err(Failure::usage(format!(
                "this is a {method} request already; {other} belongs after `gatepass request`"
            )));
        }
        Self::with(Some(method), words)
    }

    fn with(method: Option<Method>, words: &[String]) -> Result<Self, Failure> {
        let (url, items) = words
            .split_first()
            .ok_or_else(|| Failure::usage("expected a URL"))?;
        Ok(Self {
            method,
            url: read_url(url)?,
            items: items.to_vec(),
        })
    }
}

fn method(word: &str) -> Option<Method> {
    let upper = word.to_ascii_uppercase();
    let meant = METHODS.contains(&upper.as_str())
        || (upper == word && word.chars().all(|c| c.is_ascii_uppercase()));
    if meant { upper.parse().ok() } else { None }
}

/// Without a scheme it is https, but http for this machine; `:8484/x` is on this machine.
fn read_url(word: &str) -> Result<Url, Failure> {
    let text = match word.strip_prefix(':') {
        Some(rest) if rest.starts_with('/') || rest.is_empty() => format!("http://localhost{rest}"),
        Some(_) => format!("http://localhost{word}"),
        None if word.contains("://") => word.to_owned(),
        None => format!("https://{word}"),
    };
    let invalid = || {
        Failure::usage(format!(
            "{word:?} is not a URL; expected something like https://api.example.com/x"
        ))
    };
    let mut url: Url = text.parse().map_err(|_| invalid())?;
    let local = url
        .host()
        .is_some_and(|host| gatepass_http::is_loopback_host(&host));
    if local && !word.contains("://") && url.scheme() == "https" {
        url = text
            .replacen("https", "http", 1)
            .parse()
            .map_err(|_| invalid())?;
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn told(words: &str) -> (Option<String>, String, usize) {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let read = Words::read(&words).expect("understood");
        (
            read.method.map(|method| method.to_string()),
            read.url.to_string(),
            read.items.len(),
        )
    }

    #[test]
    fn the_method_may_be_left_out() {
        assert_eq!(
            told("https://a.example/x b=c"),
            (None, "https://a.example/x".to_owned(), 1)
        );
        assert_eq!(
            told("delete https://a.example/x"),
            (
                Some("DELETE".to_owned()),
                "https://a.example/x".to_owned(),
                0
            )
        );
        assert_eq!(
            told("PURGE https://a.example/x").0.as_deref(),
            Some("PURGE")
        );
    }

    #[test]
    fn the_scheme_may_be_left_out() {
        assert_eq!(told("a.example/x").1, "https://a.example/x");
        assert_eq!(told("localhost:8484/x").1, "http://localhost:8484/x");
        assert_eq!(told("127.0.0.1:8484").1, "http://127.0.0.1:8484/");
        assert_eq!(told(":8484/x").1, "http://localhost:8484/x");
        assert_eq!(told(":/x").1, "http://localhost/x");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [&["GET"][..], &["http://"], &["a b"], &[]] {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            assert!(Words::read(&words).is_err(), "{words:?}");
        }
    }
}
