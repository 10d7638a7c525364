//! What a browser calls itself, in words that a person knows theirs by.

/// What stands in the name, the first that is there counts: many a browser calls itself by the others' names too.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// The longest name that is shown as it is, in characters.
const MAX_SHOWN: usize = 40;

/// `Firefox on Linux`; a name of another kind as it is, cut short.
pub(super) fn name(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent.filter(|text| !text.trim().is_empty()) else {
        return "Unknown browser".to_owned();
    };
    let of = |table: &[(&str, &'static str)]| {
        let found = table.iter().find(|(mark, _)| text.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (of(&BROWSERS), of(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => text.chars().take(MAX_SHOWN).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn known_browsers_have_names() {
        for (user_agent, words) in [
            (None, "Unknown browser"),
            (Some(" "), "Unknown browser"),
            (
                Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
                "Firefox on Linux",
            ),
            (
                Some(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                ),
                "Edge on Windows",
            ),
            (
                Some(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                ),
                "Safari on an iPhone",
            ),
            (
                Some(
                    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                ),
                "Chrome on Android",
            ),
            (Some("curl/8.14.1"), "curl/8.14.1"),
        ] {
            assert_eq!(name(user_agent), words);
        }
    }
}
