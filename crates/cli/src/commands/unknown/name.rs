//! The name of a profile that nobody has named.

use gatepass_client::{Config, ProfileName};

use crate::exit::Failure;

/// How many profiles may want the same name.
const NUMBERS: std::ops::Range<u32> = 2..1000;

/// The usual name, or that with the first number that makes it free. Whoever looks at the same profiles gets the same.
///
/// # Errors
///
/// Hundreds of profiles have such a name.
pub(super) fn free(usual: &str, config: &Config) -> Result<ProfileName, Failure> {
    let numbered = NUMBERS.map(|number| format!("{usual}-{number}"));
    let names = std::iter::once(usual.to_owned()).chain(numbered);
    let mut names = names.filter_map(|name| name.parse::<ProfileName>().ok());
    let free = names.find(|name| !config.profiles.contains_key(name));
    free.ok_or_else(|| {
        Failure::error(format!(
            "too many profiles are called {usual}; remove some with `gatepass profile remove`"
        ))
    })
}

/// The usual name for an origin: its host, and its port where that is not the usual one.
pub(super) fn of_origin(origin: &str) -> String {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let words = host.split(|c: char| !c.is_ascii_alphanumeric() && !"._".contains(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-").trim_start_matches('.').to_owned();
    name.truncate(56);
    name
}

#[cfg(test)]
mod tests {
    use super::of_origin;

    #[test]
    fn an_origin_has_a_name() {
        for (origin, name) in [
            ("https://api.example.com", "api.example.com"),
            ("http://127.0.0.1:8484", "127.0.0.1-8484"),
            ("http://[::1]:8484", "1-8484"),
            ("https://xn--bcher-kva.example", "xn-bcher-kva.example"),
        ] {
            assert_eq!(of_origin(origin), name);
        }
    }
}
