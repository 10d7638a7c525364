//! What is refused whatever the rules are.

use super::{PathFault, readings};

#[test]
fn a_plain_path_has_one_reading() {
    for (path, reading) in [
        ("/", ""),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/b.c/..d/e..", "/a/b.c/..d/e.."),
        ("/~me/x,y=(1)'!$&*+@:", "/~me/x,y=(1)'!$&*+@:"),
    ] {
        assert_eq!(readings(path).expect(path), [reading], "{path}");
    }
}

#[test]
fn what_must_be_encoded_reads_as_it_is_decoded() {
    assert_eq!(
        readings("/caf%C3%A9/a%20b").expect("accepted"),
        ["/café/a b"]
    );
    assert_eq!(readings("/100%25").expect("accepted"), ["/100%25", "/100%"]);
}

#[test]
fn other_paths_have_several() {
    assert_eq!(readings("/%61").expect("accepted"), ["/%61", "/a"]);
    assert_eq!(readings("/a//b/").expect("accepted"), ["/a//b", "/a/b"]);
    assert_eq!(
        readings("/a;x/b").expect("accepted"),
        ["/a;x/b", "/a/b", "/a"]
    );
    assert_eq!(
        readings("/a%3bx/b").expect("accepted"),
        ["/a%3bx/b", "/a;x/b", "/a/b", "/a"]
    );
    assert_eq!(
        readings("/a%3fx").expect("accepted"),
        ["/a%3fx", "/a?x", "/a"]
    );
}

#[test]
fn tricks_are_refused() {
    for (path, fault) in [
        ("", PathFault::NotAbsolute),
        ("*", PathFault::NotAbsolute),
        ("a", PathFault::NotAbsolute),
        ("//a", PathFault::NotAbsolute),
        ("/a\\b", PathFault::Character),
        ("/a b", PathFault::Character),
        ("/a\0", PathFault::Character),
        ("/a?b", PathFault::Character),
        ("/a#b", PathFault::Character),
        ("/é", PathFault::Character),
        ("/a%2fb", PathFault::Encoding),
        ("/a%2Fb", PathFault::Encoding),
        ("/a%5cb", PathFault::Encoding),
        ("/a%00", PathFault::Encoding),
        ("/a%0a", PathFault::Encoding),
        ("/a%7f", PathFault::Encoding),
        ("/a%c2%85", PathFault::Encoding),
        ("/a%252fb", PathFault::Encoding),
        ("/a%25%32%66b", PathFault::Encoding),
        ("/a%c0%afb", PathFault::Encoding),
        ("/a%", PathFault::Encoding),
        ("/a%4", PathFault::Encoding),
        ("/a%+4", PathFault::Encoding),
        ("/a%u002f", PathFault::Encoding),
        ("/.", PathFault::Dots),
        ("/..", PathFault::Dots),
        ("/a/../b", PathFault::Dots),
        ("/a/..;x/b", PathFault::Dots),
        ("/a/.;/b", PathFault::Dots),
        ("/a/%2e%2E/b", PathFault::Dots),
        ("/a/.%2e/b", PathFault::Dots),
        ("/a/..%3bx/b", PathFault::Dots),
        ("/a/..%3f/b", PathFault::Dots),
        ("/a/..%20/b", PathFault::Dots),
        ("/a/.../b", PathFault::Dots),
    ] {
        assert_eq!(readings(path), Err(fault), "{path}");
    }
    let made_up = "/a//b%3fc%23d/e%3bf/g;h/i";
    assert_eq!(readings(made_up), Err(PathFault::Ambiguous));
    let long = format!("/{}", "a".repeat(4096));
    assert_eq!(readings(&long), Err(PathFault::TooLong));
}
