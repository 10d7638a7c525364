use super::{MAX_LEN, find, login, parse};
use crate::Error;
use crate::SecretError;

fn found(text: &str, url: &str) -> Result<(String, String), String> {
    let login = find(parse(text)?, &url.parse().expect(url))?;
    Ok((login.username, login.password.expose().to_owned()))
}

fn pair(login: &str, password: &str) -> Result<(String, String), String> {
    Ok((login.to_owned(), password.to_owned()))
}

#[test]
fn entries_are_read_in_all_their_forms() {
    let text = "
# comment with machine x login y
machine one.example login me password #not-a-comment # a comment
machine two.example
\tlogin \"two words\"\r
\taccount ignored
\tpassword \"a\\\"b\\\\c\\td\"
macdef init
machine macro.example login evil password evil
quit

machine three.example user \"\" password p
default login anybody password anything
";
    for (url, expected) in [
        ("https://one.example/x", pair("me", "#not-a-comment")),
        ("https://ONE.example:8443/", pair("me", "#not-a-comment")),
        ("https://two.example/", pair("two words", "a\"b\\c\td")),
        ("https://three.example/", pair("", "p")),
        ("https://macro.example/", pair("anybody", "anything")),
    ] {
        assert_eq!(found(text, url), expected, "{url}");
    }
}

#[test]
fn only_the_host_itself_counts() {
    let text = "machine api.example login a password a
        machine api.example:8443 login b password b
        machine [::1]:9 login c password c
        machine ::1 login d password d
        machine 127.0.0.1 login e password e";
    for (url, expected) in [
        ("https://api.example/", Some("a")),
        ("https://api.example:443/", Some("a")),
        ("https://api.example:8443/", Some("b")),
        ("https://api.example:8444/", Some("a")),
        ("https://api.example./", None),
        ("https://x.api.example/", None),
        ("https://api.example.evil.example/", None),
        ("https://evil.example/api.example", None),
        ("https://evil.example/?api.example#api.example", None),
        ("http://[::1]:9/", Some("c")),
        ("http://[::1]:10/", Some("d")),
        ("http://127.0.0.1/", Some("e")),
        ("http://127.1/", Some("e")),
        // What CVE-2024-47081 was about: the host is behind the @.
        ("https://api.example:@evil.example/", None),
        ("https://api.example:8443@evil.example/", None),
        ("https://evil.example:1\\@api.example/", None),
        ("https://api.example%2Eevil.example/", None),
    ] {
        let login = found(text, url).ok().map(|(login, _)| login);
        assert_eq!(login.as_deref(), expected, "{url}");
    }
}

#[test]
fn a_port_counts_more_than_the_order_and_the_default_least() {
    let text = "default login d password d machine a.example login a password a
        machine a.example login b password b machine a.example:1 login c password c";
    assert_eq!(found(text, "https://a.example/"), pair("a", "a"));
    assert_eq!(found(text, "https://a.example:1/"), pair("c", "c"));
    assert_eq!(found(text, "https://b.example/"), pair("d", "d"));
}

#[test]
fn what_makes_no_sense_is_said_by_its_line_and_never_repeated() {
    for (text, reason) in [
        ("hunter2", "line 1: expected machine"),
        (
            "machine a\nlogin me\npasword hunter2",
            "line 3: expected machine",
        ),
        (
            "login hunter2",
            "line 1: expected machine or default before it",
        ),
        (
            "machine a macdef m\nx\n\npassword hunter2",
            "line 4: expected machine or default",
        ),
        (
            "machine a login b login hunter2",
            "line 1: the entry has it already",
        ),
        ("machine a password", "the file ends within an entry"),
        (
            "machine a password \"hunter2",
            "line 1: the quotes have no end",
        ),
        (
            "machine a password \"hunter2\n\"",
            "line 1: the quotes have no end",
        ),
        (
            "machine a password \"hunter2\"x",
            "line 1: expected a space",
        ),
        ("machine a password \"hunter2\\x\"", "after a backslash"),
        (
            "machine a password hunter2\\x",
            "line 1: a backslash outside quotes",
        ),
        ("machine a login hunter2", "the entry for a has no password"),
        ("machine a password hunter2", "the entry for a has no login"),
        ("machine b login me password hunter2", "has no entry for a"),
        ("", "has no entry for a"),
        ("macdef", "the file ends"),
        (
            "macdef m\nmachine a login x password hunter2",
            "has no entry for a",
        ),
    ] {
        let said = found(text, "https://a/").expect_err(text);
        assert!(said.contains(reason), "{text:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_a_private_file_of_bounded_size_is_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("netrc");
    let url = "https://a.example/".parse().expect("a URL");
    let reason = async || match login(Some(&path), &url).await {
        Err(Error::Secret(SecretError::File { reason, .. })) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason().await.contains("No such file"));
    std::fs::write(&path, "machine a.example login me password hunter2").expect("written");
    let set = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, mode).expect("set");
    };
    for mode in [0o644, 0o640, 0o604, 0o620] {
        set(mode);
        let said = reason().await;
        assert!(
            said.contains(&format!("mode {mode:o}")) && said.contains("chmod 600"),
            "{said}"
        );
    }
    for mode in [0o600, 0o400] {
        set(mode);
        let found = login(Some(&path), &url).await.expect("found");
        assert_eq!(found.password.expose(), "hunter2");
    }
    set(0o600);
    std::fs::write(&path, [0xff]).expect("written");
    assert!(reason().await.contains("UTF-8"));
    std::fs::write(&path, vec![b' '; MAX_LEN as usize + 1]).expect("written");
    assert!(reason().await.contains("at most"));
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("a folder");
    assert!(reason().await.contains("regular file"));
}
