//! Where a person goes after a login: to a page of this service, and nowhere else.

use url::Url;

/// The longest path and query that is remembered, in bytes: it travels in a cookie.
const MAX_LEN: usize = 600;
/// The login's own places; to come back there would lead round in a circle.
const OWN: &str = "/.gatepass/";

/// The page of `origin` that `target` (a path and query) names, or the first page where it names none.
///
/// Browsers read `\` as `/`, drop tabs and line breaks, and take what begins with two slashes for another host. So the
/// target is read as they read it, and what comes out is a whole URL of `origin`.
pub(super) fn page(origin: &Url, target: &str) -> Url {
    local(origin, target)
        .or_else(|| local(origin, path_of(target)))
        .unwrap_or_else(|| origin.clone())
}

fn local(origin: &Url, target: &str) -> Option<Url> {
    let begins_well = target.starts_with('/') && !target.starts_with("//");
    let odd = |c: char| c.is_control() || c == '\\';
    if target.len() > MAX_LEN || !begins_well || target.contains(odd) {
        return None;
    }
    let page = origin.join(target).ok()?;
    let stays = page.origin() == origin.origin() && page.username().is_empty();
    let fits = page.as_str().len() <= origin.as_str().len() + MAX_LEN;
    (stays && fits && !page.path().starts_with(OWN)).then_some(page)
}

fn path_of(target: &str) -> &str {
    let end = target.find(['?', '#']).unwrap_or(target.len());
    target.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::{MAX_LEN, page};

    fn origin() -> Url {
        "https://app.example/".parse().expect("a URL")
    }

    fn of(target: &str) -> String {
        page(&origin(), target).to_string()
    }

    #[test]
    fn a_page_of_ours_is_kept() {
        for target in [
            "/",
            "/a/b?c=d&e=%2F#f",
            "/a//b",
            "/?u=https://evil.example",
            "/%5Cevil.example",
            "/a@b:c",
        ] {
            assert_eq!(of(target), format!("https://app.example{target}"));
        }
        assert_eq!(of("/ä"), "https://app.example/%C3%A4");
    }

    #[test]
    fn anything_else_is_the_first_page() {
        for target in [
            "",
            "a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\..\\b",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            " //evil.example",
            "\u{0}",
            "/.gatepass/login",
            "/.gatepass/logout?x",
            "/x/../.gatepass/callback",
            "/%2e%2e/.gatepass/login",
        ] {
            assert_eq!(of(target), "https://app.example/", "{target:?}");
        }
    }

    #[test]
    fn dots_do_not_lead_to_another_host() {
        assert_eq!(of("/.//evil.example"), "https://app.example//evil.example");
        assert_eq!(
            of("/a/..//evil.example"),
            "https://app.example//evil.example"
        );
    }

    #[test]
    fn what_is_too_long_loses_its_query_first() {
        let query = format!("/a?{}", "b".repeat(MAX_LEN));
        assert_eq!(of(&query), "https://app.example/a");
        assert_eq!(
            of(&format!("/{}", "b".repeat(MAX_LEN))),
            "https://app.example/"
        );
    }

    proptest! {
        #[test]
        fn nothing_leaves_this_origin(target in r"[/\\.:@?#%a-c\t\n ]{0,24}|\PC{0,40}") {
            let page = page(&origin(), &target);
            prop_assert_eq!(page.origin(), origin().origin());
            prop_assert!(page.as_str().starts_with("https://app.example/"));
            prop_assert!(page.as_str().len() <= "https://app.example/".len() + MAX_LEN);
        }
    }
}
